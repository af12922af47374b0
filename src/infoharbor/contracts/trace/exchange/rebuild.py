"""An event for its reader: whole from what the owner holds, or its public part; the answer to a query."""

from typing import Any

from infoharbor.contracts.trace.exchange import json_text, times
from infoharbor.contracts.trace.exchange.decompose import HeldEvent, PublicEvent, prefixed
from infoharbor.contracts.trace.exchange.forms import Writing, with_links
from infoharbor.contracts.trace.exchange.names import IMPLICIT, STANDARD_CONTEXT
from infoharbor.contracts.trace.exchange.xml_document import is_xml, reread
from infoharbor.contracts.trace.exchange.xml_names import used
from infoharbor.contracts.trace.records import Quantity
from infoharbor.contracts.trace.rules import WITHHELD


def rebuild(public: PublicEvent, held: HeldEvent | None = None, *, record_time: int | None = None) -> dict[str, Any]:
    """The JSON-LD event, with its own `@context` where it needs prefixes; to be written by `json_text.write`.

    With `held` it is the event as captured, identifiers as they were written; without, the public fields alone, which
    are a valid event too. An event that came without an id gets its hash for one (CBV 2.0, 8.9.2), and one
    that was declared an error later gets that declaration. `record_time` is when the ledger took it in, in ms.
    """
    event = _from_held(held) if held is not None else _from_public(public)
    event_id = public.event_id or (held.event_id if held is not None else "")
    event_hash = public.event_hash or (held.event_hash if held is not None else "")
    if event_id or event_hash:
        event["eventID"] = event_id or event_hash
    if public.error_declaration is not None and "errorDeclaration" not in event:
        event["errorDeclaration"] = _error(public)
    if record_time is not None:
        event["recordTime"] = times.utc(record_time)
    return event


def query_document(
    events: list[dict[str, Any]],
    *,
    created: int,
    query_name: str = "SimpleEventQuery",
    subscription_id: str = "",
    written: Writing = with_links,
) -> dict[str, Any]:
    """An EPCISQueryDocument of rebuilt events, their identifiers written this way; `created` in ms."""
    results: dict[str, Any] = {"queryName": query_name, "resultsBody": {"eventList": [written(one) for one in events]}}
    if subscription_id:
        results["subscriptionID"] = subscription_id
    return {
        "@context": [STANDARD_CONTEXT],
        "type": "EPCISQueryDocument",
        "schemaVersion": "2.0",
        "creationDate": times.utc(created),
        "epcisBody": {"queryResults": results},
    }


def _from_held(held: HeldEvent) -> dict[str, Any]:
    own: dict[str, str] = json_text.value(held.prefixes.encode())
    if is_xml(held.original):
        event, names = reread(held.original, own)
        prefixes = {
            prefix: meaning for prefix, meaning in used(event, names.own).items() if IMPLICIT.get(prefix) != meaning
        }
    else:
        event, prefixes = json_text.value(held.original), own
    event.pop("@context", None)
    return {"@context": [prefixes], **event} if prefixes else event


def _from_public(public: PublicEvent) -> dict[str, Any]:
    prefixes: dict[str, str] = {}
    extensions = json_text.recorded(public.extensions)
    event: dict[str, Any] = {
        "type": public.type,
        "eventTime": times.utc(public.event_time),
        "eventTimeZoneOffset": public.event_time_zone_offset,
        "action": public.action,
        "bizStep": public.biz_step,
        "disposition": public.disposition,
        "persistentDisposition": (public.persistent_set or public.persistent_unset) and _persistent(public),
        "readPoint": {"id": public.read_point} if public.read_point else None,
        "bizLocation": {"id": public.biz_location} if public.biz_location else None,
        "parentID": public.parent_id,
        "childEPCs": list(public.child_epcs),
        "inputEPCList": list(public.input_epcs),
        "outputEPCList": list(public.output_epcs),
        "quantityList": public.quantities and _quantities(public.quantities),
        "childQuantityList": public.child_quantities and _quantities(public.child_quantities),
        "inputQuantityList": public.input_quantities and _quantities(public.input_quantities),
        "outputQuantityList": public.output_quantities and _quantities(public.output_quantities),
        "transformationID": public.transformation_id,
        "certificationInfo": list(public.certification_info),
        "sensorElementList": json_text.recorded(public.sensors),
        "ilmd": public.ilmd and prefixed(json_text.recorded(public.ilmd), prefixes),
        "errorDeclaration": _error(public),
        **(prefixed(extensions, prefixes) if isinstance(extensions, dict) else {}),
    }
    event = {name: value for name, value in event.items() if value or value == 0}
    if public.epcs is not None:
        event["epcList"] = list(public.epcs)
    if public.type == "TransactionEvent":
        event["bizTransactionList"] = [{"bizTransaction": WITHHELD}]
    return {"@context": [prefixes], **event} if prefixes else event


def _persistent(public: PublicEvent) -> dict[str, Any]:
    both = {"set": list(public.persistent_set), "unset": list(public.persistent_unset)}
    return {name: words for name, words in both.items() if words}


def _quantities(quantities: tuple[Quantity, ...]) -> list[dict[str, Any]]:
    return [_quantity(one) for one in quantities]


def _quantity(one: Quantity) -> dict[str, Any]:
    element: dict[str, Any] = {"epcClass": one.epc_class}
    if one.mantissa is not None:
        element["quantity"] = json_text.unscaled(one.mantissa, one.exponent)
    if one.uom:
        element["uom"] = one.uom
    return element


def _error(public: PublicEvent) -> dict[str, Any] | None:
    declared = public.error_declaration
    if declared is None:
        return None
    found: dict[str, Any] = {"declarationTime": times.utc(declared.declared_at)}
    if declared.reason:
        found["reason"] = declared.reason
    if declared.corrective_event_ids:
        found["correctiveEventIDs"] = list(declared.corrective_event_ids)
    return found
