"""How events are written, for who asks and for who subscribed: JSON-LD or XML, identifiers as links, as URNs or as they
came."""

from typing import Any, NamedTuple

import msgspec
from litestar import Response

from infoharbor.contracts.trace.exchange import json_text
from infoharbor.contracts.trace.exchange.faults import EventFault
from infoharbor.contracts.trace.exchange.forms import Writing, as_written, with_links, with_urns
from infoharbor.contracts.trace.exchange.rebuild import query_document
from infoharbor.contracts.trace.exchange.xml_writing import write_event, write_xml
from infoharbor.contracts.trace.records import Prefix
from infoharbor.contracts.trace.rules import object_id, prefix_candidates
from infoharbor.edgekit.sight import Sight
from infoharbor.gateway.epcis.events import as_document
from infoharbor.gateway.epcis.headers import EPC_URN, NEVER, Manner, manner_of
from infoharbor.gateway.epcis.problems import epcis_form, from_fault
from infoharbor.gateway.exchange import JSON, XML, Asked, answer, gateway_of
from infoharbor.gateway.problems import MEDIA_TYPE
from infoharbor.kernel.readers import ANONYMOUS
from infoharbor.sdk.building import now_ms
from infoharbor.sdk.ledger import Ledger


def query_answer(
    request: Asked,
    events: list[dict[str, Any]],
    *,
    name: str = "SimpleEventQuery",
    headers: dict[str, str] | None = None,
) -> Response[bytes]:
    """Events as an EPCISQueryDocument, as the request wants it."""
    manner = manner_of(request)
    return _answer(_document(gateway_of(request).ledger, events, manner, name), manner, headers)


def event_answer(request: Asked, event: dict[str, Any], *, status: int, headers: dict[str, str]) -> Response[bytes]:
    """One event that stands alone, as the request wants it."""
    manner = manner_of(request)
    event = _writing(gateway_of(request).ledger, manner)(event)
    body = write_event(event, words=manner.words) if manner.xml else json_text.write(as_document(event))
    return _answer(body, manner, headers, status=status)


def _answer(body: bytes, manner: Manner, headers: dict[str, str] | None, *, status: int = 200) -> Response[bytes]:
    media_type = XML[0] if manner.xml else JSON
    return answer(body, status=status, media_type=media_type, headers=manner.told | (headers or {}))


class Message(NamedTuple):
    """What a subscriber is sent at once."""

    body: bytes
    headers: dict[str, str]


def messages(
    ledger: Ledger, events: list[dict[str, Any]], manner: Manner, *, name: str, subscription: str = ""
) -> list[Message]:
    """Events for a subscriber, as it wants them: one document of those that can be written so, and for each other one the
    problem, with the event's id. One that is only told of must not keep the later ones from their subscriber."""
    fit, problems = list(events), list[dict[str, Any]]()
    try:
        body = _document(ledger, fit, manner, name, subscription)
    except EventFault:
        fit = []
        for event in events:
            try:
                _document(ledger, [event], manner, name, subscription)
            except EventFault as fault:
                problems.append(epcis_form(from_fault(fault), ledger.words) | {"eventID": event.get("eventID", "")})
            else:
                fit.append(event)
        body = _document(ledger, fit, manner, name, subscription)
    written = manner.told | {"Content-Type": XML[0] if manner.xml else JSON}
    sent = [Message(body, written)] if fit or not events else []
    return sent + [Message(msgspec.json.encode(each), manner.told | {"Content-Type": MEDIA_TYPE}) for each in problems]


def _document(ledger: Ledger, events: list[dict[str, Any]], manner: Manner, name: str, subscription: str = "") -> bytes:
    """Events as an EPCISQueryDocument; raises `EventFault` where one of them cannot be written so."""
    written = _writing(ledger, manner)
    document = query_document(events, created=now_ms(), query_name=name, subscription_id=subscription, written=written)
    return write_xml(document, words=manner.words) if manner.xml else json_text.write(document)


def _writing(ledger: Ledger, manner: Manner) -> Writing:
    if manner.epcs == NEVER:
        return as_written
    if manner.epcs != EPC_URN:
        return with_links

    def write(event: dict[str, Any]) -> dict[str, Any]:
        with ledger.sight(ANONYMOUS) as sight:
            return with_urns(event, lambda link: prefix_length(sight, link))

    return write


def prefix_length(sight: Sight, link: str) -> int | None:
    """How long the company prefix in a Digital Link is: as the one prefix is that somebody is accredited for. Of
    several, one may be a part that an association passed on, and nobody can tell which."""
    known = [each for each in prefix_candidates(object_id(link)) if sight.find(Prefix, each) is not None]
    return len(known[0]) if len(known) == 1 else None
