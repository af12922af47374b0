"""An event out of a sheet's row: identifiers as they are printed on goods, times with their zone, words of the CBV."""

import re
from typing import Any, Final
from urllib.parse import quote

from infoharbor.contractkit import gs1
from infoharbor.contracts.trace.exchange import json_text, times
from infoharbor.contracts.trace.exchange.faults import EventFault
from infoharbor.edgekit.imports import Cells
from infoharbor.kernel.encoding import Malformed

KEY_OF_LENGTH: Final = {8: gs1.GTIN, 12: gs1.GTIN, 13: gs1.GTIN, 14: gs1.GTIN, 18: gs1.SSCC}
"""What a number alone is, by its length: a GTIN in any of its forms, or an SSCC."""
IDENTIFIER: Final = "a URI, (01)… as on the label, a GTIN of 8, 12, 13 or 14 digits, or an SSCC of 18"
TIME: Final = "a date and a time of day, such as 2026-04-08 10:30"
ZONE: Final = "an offset from UTC, such as +08:00"
AMOUNT: Final = "an identifier, a quantity and a unit, such as (01)09521234002024(10)A 12.5 KGM"
ITEMS: Final = re.compile(r"[;；\n]+")
_TIME = re.compile(
    r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})[T ]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(\.[0-9]{1,9})?)?"
    r"[ ]*(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_ZONE = re.compile(r"(?:UTC|GMT)?([+-])([0-9]{1,2})(?::?([0-9]{2}))?")
_LABEL = re.compile(r"\(([0-9]{2,4})\)([^()]+)")
FIELDS: Final = {
    "eventID": "event_id",
    "type": "type",
    "eventTime": "time",
    "eventTimeZoneOffset": "zone",
    "action": "action",
    "bizStep": "step",
    "disposition": "disposition",
    "readPoint": "place",
    "bizLocation": "location",
    "epcList": "objects",
    "quantityList": "lots",
    "parentID": "parent",
    "childEPCs": "objects",
    "childQuantityList": "lots",
    "inputEPCList": "inputs",
    "inputQuantityList": "inputs",
    "outputEPCList": "outputs",
    "outputQuantityList": "outputs",
    "bizTransactionList": "order",
    "sourceList": "from",
    "destinationList": "to",
    "certificationInfo": "certificates",
}
"""Which column a field of the standard comes from."""
_CHILDREN: Final = ("AggregationEvent", "AssociationEvent")


def event_of(row: Cells) -> dict[str, Any]:
    """The row's event as JSON-LD has it; raises `Malformed` with the column's name. Whether it keeps the standard is
    judged with every other event."""
    kind = row.text("type") or "ObjectEvent"
    moment, zone = _moment(row)
    fields: dict[str, Any] = {
        "type": kind,
        "eventTime": moment,
        "eventTimeZoneOffset": zone,
        "eventID": row.text("event_id"),
        "action": "" if kind == "TransformationEvent" else row.text("action").upper() or "OBSERVE",
        "bizStep": row.text("step"),
        "disposition": row.text("disposition"),
        "certificationInfo": _items(row, "certificates"),
        "parentID": _identifier(row.text("parent"), "parent"),
    }
    for field, column in (("readPoint", "place"), ("bizLocation", "location")):
        place = _place(row.text(column), column)
        fields[field] = {"id": place} if place else None
    objects, lots = "epcList", "quantityList"
    if kind in _CHILDREN:
        objects, lots = "childEPCs", "childQuantityList"
    fields[objects] = [_identifier(each, "objects") for each in _items(row, "objects")]
    fields[lots] = [_amount(each, "lots") for each in _items(row, "lots")]
    for column in ("inputs", "outputs"):
        side = column.removesuffix("s")
        named = [_amount(each, column) for each in _items(row, column)]
        fields[f"{side}EPCList"] = [each["epcClass"] for each in named if _is_single(each)]
        fields[f"{side}QuantityList"] = [each for each in named if not _is_single(each)]
    fields["bizTransactionList"] = [{"type": "po", "bizTransaction": _uri(each)} for each in _items(row, "order")]
    for field, column in (("source", "from"), ("destination", "to")):
        party = _place(row.text(column), column)
        fields[f"{field}List"] = [{"type": "location", field: party}] if party else []
    return {name: value for name, value in fields.items() if value}


def column_of(field: str) -> str:
    """The column that a fault's field, as a path below its event, comes from; empty for none in particular."""
    return FIELDS.get(re.split(r"[.\[]", field.lstrip("."), maxsplit=1)[0], "")


def _items(row: Cells, column: str) -> list[str]:
    return [each.strip() for each in ITEMS.split(row.text(column)) if each.strip()]


def _moment(row: Cells) -> tuple[str, str]:
    """The time with its offset. A spreadsheet's time has no zone of its own, so that a column says it."""
    match = _TIME.fullmatch(row.text("time"))
    if match is None:
        raise Malformed("trace.epcis_time", "time", TIME)
    year, month, day, hour, minute, second, fraction, inside = match.groups()
    zone = _zone(row.text("zone"), "zone") if row.text("zone") else ""
    said = _zone(inside, "time") if inside else ""
    if zone and said and zone != said:
        raise Malformed("trace.epcis_time", "zone", f"the offset that the time has, {said}")
    if not zone and not said:
        raise Malformed("input.field_missing", "zone", ZONE)
    zone = zone or said
    date = f"{year}-{month:0>2}-{day:0>2}"
    moment = f"{date}T{hour:0>2}:{minute}:{second or '00'}{fraction or ''}{zone}"
    try:
        times.milliseconds(moment)
    except EventFault:
        raise Malformed("trace.epcis_time", "time", TIME) from None
    return moment, zone


def _zone(text: str, column: str) -> str:
    match = _ZONE.fullmatch("+00:00" if text.upper() in ("Z", "UTC", "GMT") else text.upper().replace("\u2212", "-"))
    if match is None:
        raise Malformed("trace.epcis_time", column, ZONE)
    sign, hours, minutes = match.groups()
    return f"{sign}{hours:0>2}:{minutes or '00'}"


def _identifier(text: str, column: str) -> str:
    """An identifier in any of the forms in which people have it; empty for an empty cell."""
    if not text:
        return ""
    if ":" in text and not text.startswith("("):
        return text
    try:
        uri = _labelled(text) if text.startswith("(") else _numbered(text, KEY_OF_LENGTH)
        if uri and gs1.read(uri) is not None:
            return gs1.normal(uri)
    except gs1.Gs1Fault as fault:
        code = "epcis_check_digit" if fault.code == "gs1_check_digit" else "epcis_identifier"
        raise Malformed(f"trace.{code}", column, fault.expected) from None
    raise Malformed("trace.epcis_identifier", column, IDENTIFIER)


def _place(text: str, column: str) -> str:
    """A place: a GLN alone, or an identifier, which may be a URI of its owner's for a site without one."""
    plain = text.replace(" ", "")
    if gs1.all_digits(plain) and len(plain) == 13:
        try:
            return gs1.normal(f"{gs1.CANONICAL}/{gs1.GLN}/{plain}")
        except gs1.Gs1Fault as fault:
            raise Malformed("trace.epcis_check_digit", column, fault.expected) from None
    return _identifier(text, column)


def _labelled(text: str) -> str:
    """What is printed below a bar code as a Digital Link."""
    plain = text.replace(" ", "")
    parts = _LABEL.findall(plain)
    if "".join(f"({ai}){value}" for ai, value in parts) != plain:
        return ""
    return gs1.CANONICAL + "".join(f"/{ai}/{gs1.encode(value)}" for ai, value in parts)


def _numbered(text: str, kinds: dict[int, str]) -> str:
    plain = text.replace(" ", "")
    if not gs1.all_digits(plain) or len(plain) not in kinds:
        return ""
    return f"{gs1.CANONICAL}/{kinds[len(plain)]}/{plain}"


def _uri(text: str) -> str:
    """A document's number as a URI: one that is none becomes a name of no wider meaning."""
    return text if ":" in text else f"urn:infoharbor:document:{quote(text, safe='')}"


def _amount(text: str, column: str) -> dict[str, Any]:
    """`identifier quantity unit`; without a quantity it was not counted, without a unit it counts pieces."""
    name, *rest = text.split()
    if len(rest) > 2:
        raise Malformed("trace.epcis_identifier", column, AMOUNT)
    found: dict[str, Any] = {"epcClass": _identifier(name, column)}
    if rest:
        try:
            found["quantity"] = json_text.decimal(rest[0])
        except (ValueError, ArithmeticError):
            raise Malformed("trace.epcis_number", column, AMOUNT) from None
    if len(rest) == 2:
        found["uom"] = rest[1].upper()
    return found


def _is_single(named: dict[str, Any]) -> bool:
    """Whether it is one piece or unit: named by a serial number, and not counted."""
    if "quantity" in named:
        return False
    key = gs1.read(named["epcClass"]) if named["epcClass"].startswith(gs1.CANONICAL) else None
    return key is None or key.ai == gs1.SSCC or gs1.SERIAL in dict(key.qualifiers)
