"""Browsing: which event types, EPCs, steps, places and dispositions there are, and the events of each."""

from typing import Final, NamedTuple
from urllib.parse import quote, unquote

from litestar import Response, route
from litestar.enums import HttpMethod

from infoharbor.contracts.trace.exchange.vocabulary import BUSINESS_STEP, DISPOSITION, EVENT_TYPES, Vocabulary
from infoharbor.gateway.epcis.asking import (
    BASE,
    asked,
    collection,
    epcis_of,
    event_page_of,
    events_answer,
    next_page,
    only_paging,
    page_of,
    parameters_of,
    query_of,
)
from infoharbor.gateway.epcis.conditions import AnyOf
from infoharbor.gateway.epcis.facts import link
from infoharbor.gateway.epcis.headers import ANSWERED
from infoharbor.gateway.epcis.language import CLASS_FIELDS, EPC_FIELDS
from infoharbor.gateway.exchange import Asked, answer, part
from infoharbor.kernel import limits
from infoharbor.sdk.problems import Problem

GET: Final = [HttpMethod.GET, HttpMethod.HEAD]
SUBRESOURCE: Final = "events"


class Resource(NamedTuple):
    """What is browsed by the values of some fields; `words` is the vocabulary that they come from, if there is one."""

    fields: tuple[str, ...]
    words: Vocabulary | None = None

    def value(self, text: str) -> str:
        """A value as events have it."""
        return self.words.word(text) if self.words is not None else link(text)


RESOURCES: Final = {
    "epcs": Resource((*EPC_FIELDS, *CLASS_FIELDS)),
    "bizSteps": Resource(("bizStep",), BUSINESS_STEP),
    "bizLocations": Resource(("bizLocation",)),
    "readPoints": Resource(("readPoint",)),
    "dispositions": Resource(("disposition",), DISPOSITION),
}
TYPES: Final = "eventTypes"
NAMES: Final = (TYPES, *RESOURCES)
PATHS: Final = ["/{name:str}", "/{name:str}/{value:path}"]


@route("/{name:str}", http_method=GET, status_code=200, sync_to_thread=True)
def get_values(request: Asked) -> Response[bytes]:
    """The values that events of this reader have, page by page; of event types, those that there are."""
    reader = asked(request)
    only_paging(request)
    after, limit = page_of(request)
    name = _known(part(request, "name"))
    if name == TYPES:
        found = [each for each in sorted(EVENT_TYPES) if each > after]
    else:
        found = epcis_of(request).events.values(reader, RESOURCES[name].fields, after=after, limit=limit + 1)
    last = found[limit - 1] if len(found) > limit else ""
    return answer(collection(found[:limit]), headers=ANSWERED | next_page(request, f"{BASE}/{name}", limit, last))


@route("/{name:str}/{value:path}", http_method=GET, status_code=200, sync_to_thread=True)
def get_value(request: Asked) -> Response[bytes]:
    """What there is of one value: its events, and below `/events` these events, which parameters narrow further."""
    reader = asked(request, xml=request.url.path.rstrip("/").endswith(f"/{SUBRESOURCE}"))
    name = _known(part(request, "name"))
    text, is_events = _path(request, name)
    events = epcis_of(request).events
    if name == TYPES:
        if text not in EVENT_TYPES:
            raise _unknown(name)
        condition = AnyOf(("eventType",), frozenset((text,)))
    else:
        resource = RESOURCES[name]
        value = resource.value(text)
        is_word = resource.words is not None and value in resource.words.words
        if not is_word and not events.has_value(reader, resource.fields, value):
            raise _unknown(name)
        condition = AnyOf(resource.fields, frozenset((value,)))
    if not is_events:
        if parameters_of(request):
            raise Problem("trace.epcis_query_unknown_parameter", field=next(iter(parameters_of(request)))[:100])
        return answer(collection([SUBRESOURCE]), headers=ANSWERED)
    after, limit = event_page_of(request)
    page = events.page(reader, query_of(request, condition), after=after, limit=limit)
    return events_answer(request, f"{BASE}/{name}/{quote(text, safe='')}/{SUBRESOURCE}", page, limit)


def _path(request: Asked, name: str) -> tuple[str, bool]:
    """The value, and whether its events are asked for. Its slashes may be encoded or not, so that this has to be read
    from the path as it was sent."""
    sent = request.scope["raw_path"].partition(b"?")[0].decode("ascii", "replace")
    rest = sent.removeprefix(f"{BASE}/{name}/").rstrip("/")
    value = rest.removesuffix(f"/{SUBRESOURCE}")
    text = unquote(value)
    if not text or not text.isprintable() or len(text) > limits.KEY_BYTES:
        expected = f"a value of at most {limits.KEY_BYTES} characters"
        raise Problem("trace.epcis_query_parameter", field="path", expected=expected)
    return text, value != rest


def _known(name: str) -> str:
    if name not in NAMES:
        raise Problem("http.not_found", field="path", expected=f"a resource that GET {BASE} lists")
    return name


def _unknown(name: str) -> Problem:
    return Problem("trace.epcis_value_unknown", field="path", expected=f"one that GET {BASE}/{name} lists")


ROUTES: Final = [get_values, get_value]
