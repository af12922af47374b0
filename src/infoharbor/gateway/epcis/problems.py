"""How the EPCIS interface says no: the standard's problem form, with our code, field and both languages in it."""

from typing import Any, Final

import msgspec
from litestar import Response

from infoharbor.contracts.trace.exchange.faults import EventFault
from infoharbor.edgekit.languages import Words, preferred
from infoharbor.gateway.epcis.headers import ANSWERED, CAPTURE_LIMITS
from infoharbor.gateway.exchange import Asked, gateway_of
from infoharbor.gateway.problems import MEDIA_TYPE, RETRY_SECONDS, as_problem, problem_form, status_of
from infoharbor.sdk.problems import Problem

STATUSES: Final = {
    "trace.event_known": 409,
    "trace.epcis_too_large": 413,
    "trace.epcis_record_size": 413,
    "trace.epcis_capture_limit": 413,
    "trace.epcis_version": 406,
    "trace.epcis_format": 406,
    "trace.epcis_prefix_length": 406,
    "trace.epcis_xml_form": 406,
    "trace.epcis_event_unknown": 404,
    "trace.epcis_job_unknown": 404,
    "trace.epcis_value_unknown": 404,
    "trace.epcis_query_unknown": 404,
    "trace.epcis_subscription_unknown": 404,
    "trace.epcis_query_known": 409,
    "trace.epcis_query_large": 413,
    "trace.epcis_query_complex": 413,
    "trace.epcis_uri_too_long": 414,
    "trace.epcis_jobs_full": 503,
}
EXCEPTIONS: Final = {
    400: "ValidationException",
    401: "SecurityException",
    403: "SecurityException",
    404: "NoSuchNameException",
    406: "NotAcceptableException",
    409: "ResourceAlreadyExistsException",
    413: "CaptureLimitExceededException",
    414: "URITooLongException",
    415: "UnsupportedMediaTypeException",
}
"""The standard's names by status; whatever else goes wrong is an `ImplementationException`."""
QUERY_EXCEPTIONS: Final = {
    "trace.epcis_query_parameter": "QueryParameterException",
    "trace.epcis_query_unknown_parameter": "QueryParameterException",
    "trace.epcis_query_large": "QueryTooLargeException",
    "trace.epcis_query_complex": "QueryTooComplexException",
    "trace.epcis_subscription": "SubscriptionControlsException",
    "trace.epcis_schedule": "SubscriptionControlsException",
}
"""Its names where the status alone does not tell."""


def from_fault(fault: EventFault) -> Problem:
    return Problem(f"trace.{fault.code}", field=fault.field, expected=fault.expected)


def status_for(problem: Problem) -> int:
    """The status that the standard has for a refusal: what does not fit is 400 there, also if the ledger said so."""
    if problem.code in STATUSES:
        return STATUSES[problem.code]
    status = status_of(problem)
    return 400 if status in (409, 422) else status


def epcis_form(problem: Problem, words: Words, language: str = "en") -> dict[str, Any]:
    """The problem as the standard's clients know it (RFC 7807 with an `epcisException`)."""
    form = problem_form(problem, words, language)
    status = status_for(problem)
    exception = QUERY_EXCEPTIONS.get(problem.code) or EXCEPTIONS.get(status, "ImplementationException")
    return form | {"type": f"epcisException:{exception}", "status": status}


def refusal(fault: Exception, words: Words, accept_language: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The problem of a fault, and the headers that go with it."""
    problem = as_problem(from_fault(fault) if isinstance(fault, EventFault) else fault)
    language = preferred(accept_language)
    form = epcis_form(problem, words, language)
    headers = ANSWERED | {"Content-Language": language, "Vary": "Accept-Language"}
    if form["status"] == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="infoharbor"'
    if form["type"].endswith(EXCEPTIONS[413]):
        headers |= CAPTURE_LIMITS
    if form["status"] in (429, 503):
        headers["Retry-After"] = str(getattr(problem, "retry_after", RETRY_SECONDS))
    return form, headers


def explain(request: Asked, fault: Exception) -> Response[bytes]:
    """A Litestar exception handler for everything below `/epcis`."""
    words = gateway_of(request).ledger.words
    form, headers = refusal(fault, words, request.headers.get("accept-language", ""))
    return Response(msgspec.json.encode(form), status_code=form["status"], media_type=MEDIA_TYPE, headers=headers)
