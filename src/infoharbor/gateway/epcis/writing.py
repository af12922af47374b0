"""How answers with events are written: JSON-LD or XML, identifiers as links, as URNs or as they came."""

from typing import Any

from litestar import Response

from infoharbor.contracts.trace.exchange import json_text
from infoharbor.contracts.trace.exchange.forms import Writing, as_written, with_links, with_urns
from infoharbor.contracts.trace.exchange.rebuild import query_document
from infoharbor.contracts.trace.exchange.xml_writing import write_event, write_xml
from infoharbor.contracts.trace.records import Prefix
from infoharbor.contracts.trace.rules import object_id, prefix_candidates
from infoharbor.edgekit.sight import Sight
from infoharbor.gateway.epcis.events import as_document
from infoharbor.gateway.epcis.headers import ANSWERED, EPC_URN, NEVER, Manner, manner_of
from infoharbor.gateway.exchange import JSON, XML, Asked, answer, gateway_of
from infoharbor.kernel.readers import ANONYMOUS
from infoharbor.sdk.building import now_ms


def query_answer(
    request: Asked,
    events: list[dict[str, Any]],
    *,
    name: str = "SimpleEventQuery",
    headers: dict[str, str] | None = None,
) -> Response[bytes]:
    """Events as an EPCISQueryDocument, as the request wants it."""
    manner = manner_of(request)
    document = query_document(events, created=now_ms(), query_name=name, written=_writing(request, manner))
    body = write_xml(document, words=manner.words) if manner.xml else json_text.write(document)
    return _answer(body, manner, headers)


def event_answer(request: Asked, event: dict[str, Any], *, status: int, headers: dict[str, str]) -> Response[bytes]:
    """One event that stands alone, as the request wants it."""
    manner = manner_of(request)
    event = _writing(request, manner)(event)
    body = write_event(event, words=manner.words) if manner.xml else json_text.write(as_document(event))
    return _answer(body, manner, headers, status=status)


def _answer(body: bytes, manner: Manner, headers: dict[str, str] | None, *, status: int = 200) -> Response[bytes]:
    told = ANSWERED | {"GS1-EPC-Format": manner.epcs} | ({"GS1-CBV-XML-Format": manner.words} if manner.xml else {})
    return answer(body, status=status, media_type=XML[0] if manner.xml else JSON, headers=told | (headers or {}))


def _writing(request: Asked, manner: Manner) -> Writing:
    if manner.epcs == NEVER:
        return as_written
    if manner.epcs != EPC_URN:
        return with_links

    def write(event: dict[str, Any]) -> dict[str, Any]:
        with gateway_of(request).ledger.sight(ANONYMOUS) as sight:
            return with_urns(event, lambda link: prefix_length(sight, link))

    return write


def prefix_length(sight: Sight, link: str) -> int | None:
    """How long the company prefix in a Digital Link is: as the one prefix is that somebody is accredited for. Of
    several, one may be a part that an association passed on, and nobody can tell which."""
    known = [each for each in prefix_candidates(object_id(link)) if sight.find(Prefix, each) is not None]
    return len(known[0]) if len(known) == 1 else None
