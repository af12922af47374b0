"""EPCIS 2.0 XML out: the same events as in JSON-LD, with the same hashes."""

import re
from decimal import Decimal
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from infoharbor.contracts.trace.exchange import json_text, vocabulary
from infoharbor.contracts.trace.exchange.faults import EventFault
from infoharbor.contracts.trace.exchange.names import Names
from infoharbor.contracts.trace.exchange.xml_names import EPCIS_2, QUERY_2

WEB, URN = "Always_Web_URI", "Always_URN"
"""How the standard's words are written: as URIs of the web, or as 1.2 had them, where it had them."""

_ALWAYS: Final = (
    "eventTime recordTime eventTimeZoneOffset eventID errorDeclaration certificationInfo"
)  # fmt: skip
_SAME: Final = "action bizStep disposition readPoint bizLocation"
_PARTIES: Final = "sourceList destinationList sensorElementList persistentDisposition"
ORDER: Final = {
    "ObjectEvent": f"{_ALWAYS} epcList {_SAME} bizTransactionList quantityList {_PARTIES} ilmd",
    "AggregationEvent": f"{_ALWAYS} parentID childEPCs {_SAME} bizTransactionList childQuantityList {_PARTIES}",
    "AssociationEvent": f"{_ALWAYS} parentID childEPCs childQuantityList {_SAME} bizTransactionList {_PARTIES}",
    "TransactionEvent": f"{_ALWAYS} bizTransactionList parentID epcList {_SAME} quantityList {_PARTIES}",
    "TransformationEvent": f"{_ALWAYS} inputEPCList inputQuantityList outputEPCList outputQuantityList transformationID"
    f" {_SAME} bizTransactionList {_PARTIES} ilmd",
}
"""The order in which the schema of each event type has its elements."""
_LISTED: Final = {
    **dict.fromkeys(("epcList", "childEPCs", "inputEPCList", "outputEPCList"), "epc"),
    **dict.fromkeys(
        ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList"), "quantityElement"
    ),
    "correctiveEventIDs": "correctiveEventID",
    "sensorElementList": "sensorElement",
}
_TYPED: Final = {
    "bizTransactionList": ("bizTransaction", vocabulary.TRANSACTION_TYPE),
    "sourceList": ("source", vocabulary.PARTY_TYPE),
    "destinationList": ("destination", vocabulary.PARTY_TYPE),
}
_WORDS: Final = {
    "bizStep": vocabulary.BUSINESS_STEP,
    "disposition": vocabulary.DISPOSITION,
    "set": vocabulary.DISPOSITION,
    "unset": vocabulary.DISPOSITION,
    "reason": vocabulary.ERROR_REASON,
}
_SENSOR_WORDS: Final = {
    "type": vocabulary.MEASUREMENT,
    "exception": vocabulary.ALERT,
    "component": vocabulary.COMPONENT,
}
_SENSORS: Final = ("sensorMetadata", "sensorReport")
_INNER_ORDER: Final = (
    *("id", "declarationTime", "reason", "correctiveEventIDs", "epcClass", "quantity", "uom"),
    *("unset", "set", *_SENSORS),
)
_LOCAL = re.compile(r"[A-Za-z_\u00c0-\u02ff\u0370-\u1fff\u3001-\ud7ff][\w.\-\u00b7]*")
_NO_CHARACTER = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_xml(document: dict[str, Any], *, words: str = WEB) -> bytes:
    """An EPCISQueryDocument, as `rebuild.query_document` makes it. Raises `EventFault` for a name or a text that XML
    cannot have."""
    results = document["epcisBody"]["queryResults"]
    writer = _Writer(words)
    events = "".join(map(writer.event, results["resultsBody"]["eventList"]))
    subscription = results.get("subscriptionID", "")
    told = f"<queryName>{_escaped(results['queryName'])}</queryName>"
    told += f"<subscriptionID>{_escaped(subscription)}</subscriptionID>" if subscription else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<epcisq:EPCISQueryDocument xmlns:epcisq="{QUERY_2}" xmlns:epcis="{EPCIS_2}" schemaVersion="2.0"'
        f" creationDate={quoteattr(document['creationDate'])}><EPCISBody><epcisq:QueryResults>{told}"
        f"<resultsBody><EventList>\n{events}</EventList></resultsBody></epcisq:QueryResults></EPCISBody>"
        "</epcisq:EPCISQueryDocument>\n"
    ).encode()


def write_event(event: dict[str, Any], *, words: str = WEB) -> bytes:
    """One event as a document of its own."""
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + _Writer(words).event(event).encode()


class _Writer:
    """Writes events whose words take one form."""

    def __init__(self, words: str) -> None:
        self._words = words
        self._names = Names({})
        self._used: dict[str, str] = {}

    def event(self, event: dict[str, Any]) -> str:
        """An event, with the prefixes that it uses declared on it."""
        self._names, self._used = Names({}).declare(event.get("@context", [])), {}
        fields = {name: value for name, value in event.items() if name not in ("type", "@context")}
        inside = self._members(fields, ORDER[event["type"]].split())
        declared = "".join(f" xmlns:{prefix}={quoteattr(meaning)}" for prefix, meaning in self._used.items())
        return f"<{event['type']}{declared}>{inside}</{event['type']}>\n"

    def _members(self, fields: dict[str, Any], order: list[str] | tuple[str, ...] = _INNER_ORDER) -> str:
        standard = [self._field(name, fields[name]) for name in order if name in fields]
        rest = [self._extension(name, value) for name, value in fields.items() if name not in order]
        return "".join(standard + rest)

    def _field(self, name: str, value: Any) -> str:
        if name in _SENSORS:
            return "".join(self._sensor(name, one) for one in (value if isinstance(value, list) else [value]))
        if name in _LISTED:
            return _element(name, "".join(self._field(_LISTED[name], one) for one in value))
        if name in _TYPED:
            item, words = _TYPED[name]
            return _element(name, "".join(self._typed(item, words, one) for one in value))
        if isinstance(value, list):
            return "".join(self._field(name, one) for one in value)
        if isinstance(value, dict):
            return _element(name, self._members(value))
        return _element(name, _escaped(self._word(_WORDS[name], value) if name in _WORDS else _plain(value)))

    def _typed(self, name: str, words: vocabulary.Vocabulary, item: dict[str, Any]) -> str:
        kind = f" type={_attribute(self._word(words, item['type']))}" if "type" in item else ""
        return f"<{name}{kind}>{_escaped(item[name])}</{name}>"

    def _sensor(self, name: str, fields: dict[str, Any]) -> str:
        attributes, inside = "", ""
        for field, value in fields.items():
            if isinstance(value, (dict, list)):
                inside += self._extension(field, value)
                continue
            words = _SENSOR_WORDS.get(field)
            text = _plain(value) if words is None else self._word(words, value)
            attributes += f" {self._name(field)}={_attribute(text)}"
        return f"<{name}{attributes}>{inside}</{name}>"

    def _extension(self, name: str, value: Any) -> str:
        if isinstance(value, list):
            if any(isinstance(one, list) for one in value):
                raise EventFault("epcis_xml_form", "no list inside of a list", name)
            return "".join(self._extension(name, one) for one in value)
        tag = self._name(name)
        if isinstance(value, dict):
            return _element(tag, "".join(self._extension(inner, one) for inner, one in value.items()))
        return _element(tag, _escaped(_plain(value)))

    def _name(self, name: str) -> str:
        """A name as XML has it, its prefix noted so that it will be declared."""
        prefix, colon, local = name.rpartition(":")
        namespace = self._names.namespace(name) if colon else ""
        if not _LOCAL.fullmatch(local) or (colon and not (namespace and _LOCAL.fullmatch(prefix))):
            raise EventFault("epcis_xml_form", "names that XML may have, with prefixes that the context declares", name)
        if colon:
            self._used[prefix] = namespace
        return name

    def _word(self, words: vocabulary.Vocabulary, text: str) -> str:
        bare = words.word(text)
        if bare not in words.words:
            return text
        if self._words == URN and words.urn:
            return words.urn + bare
        return words.compact + bare if words.web == vocabulary.VOC else words.web + bare


def _element(name: str, inside: str) -> str:
    return f"<{name}>{inside}</{name}>" if inside else f"<{name}/>"


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, Decimal)):
        return json_text.number_text(value)
    return "" if value is None else str(value)


def _escaped(text: str) -> str:
    _check(text)
    return escape(text, {"\r": "&#13;"})


def _attribute(text: str) -> str:
    _check(text)
    return quoteattr(text, {"\r": "&#13;", "\n": "&#10;", "\t": "&#9;"})


def _check(text: str) -> None:
    if _NO_CHARACTER.search(text):
        raise EventFault("epcis_xml_form", "texts without control characters")
