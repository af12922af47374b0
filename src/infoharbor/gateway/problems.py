"""How the gateway says no: problem+json (RFC 9457), the sentence in the reader's language and always in Chinese."""

import logging
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException
from prometheus_client import Counter

from infoharbor.crypto.keyfile import TokenFault
from infoharbor.edgekit.languages import Sentence, Words, preferred
from infoharbor.engine.interface import Damaged, Refused
from infoharbor.kernel.encoding import Malformed
from infoharbor.sdk.problems import Problem

logger = logging.getLogger(__name__)
MEDIA_TYPE: Final = "application/problem+json"
RECORDED: Final = 409
"""The refusal stands on the ledger: the request was sound, the state of things said no."""
UNFIT: Final = 422
"""The request is no transaction, or asks for what there cannot be."""
STATUSES: Final = {
    "http.credential": 401,
    "http.forbidden": 403,
    "http.no_agent": 403,
    "http.not_found": 404,
    "ledger.record_unknown": 404,
    "pending.unknown": 404,
    "ledger.table_unknown": 404,
    "ledger.query_unknown": 404,
    "ledger.report_unknown": 404,
    "ledger.transaction_unknown": 404,
    "ledger.height_unknown": 404,
    "ledger.subtree_unknown": 404,
    "log.tile_unknown": 404,
    "witness.log_unknown": 404,
    "witness.unsigned": 403,
    "witness.malformed": 400,
    "attestation.missing": 503,
    "attestation.not_witnessed": 503,
    "network.no_answer": 503,
    "http.method": 405,
    "import.unknown": 404,
    "http.too_slow": 408,
    "ledger.height_gone": 410,
    "pending.ended": 410,
    "input.too_large": 413,
    "ledger.too_large": 413,
    "http.media_type": 415,
    "http.rate": 429,
    "node.busy": 503,
    "node.closed": 503,
    "node.halted": 503,
    "node.quarantined": 503,
    "node.disk_full": 503,
    "node.key": 503,
    "http.streams": 503,
    "node.damaged": 500,
    "http.fault": 500,
    "input.not_json": 400,
    "input.too_deep": 400,
    "input.name_twice": 400,
    "input.not_exact": 400,
}
RETRY_SECONDS: Final = 2
REFUSALS: Final = Counter(
    "infoharbor_refusals", "Requests and transactions that were refused, by code.", ["code"], registry=None
)
"""Of this process, since it started."""


def status_of(problem: Problem) -> int:
    return RECORDED if problem.receipt is not None else STATUSES.get(problem.code, UNFIT)


def problem_form(problem: Problem, words: Words, language: str) -> dict[str, Any]:
    """The members of the answer; `title` says what the code says, `detail` adds where and what would be right."""
    sentence, expected = words.refusal(problem.code), words.expected(problem.code, problem.expected)
    form: dict[str, Any] = {
        "type": f"/v1/problems/{problem.code}",
        "title": sentence.to(language),
        "title_zh": sentence.zh,
        "status": status_of(problem),
        "detail": detail(sentence, problem.field, expected, language),
        "detail_zh": detail(sentence, problem.field, expected, "zh"),
        "code": problem.code,
        "field": problem.field,
        "expected": expected.en,
        "expected_zh": expected.zh,
    }
    return form | ({} if problem.receipt is None else {"receipt": problem.receipt})


def detail(sentence: Sentence, field: str, expected: Sentence, language: str) -> str:
    labels = ("字段：{}。", "应为：{}。") if language == "zh" else (" Field: {}.", " Expected: {}.")
    parts = [label.format(value) for label, value in zip(labels, (field, expected.to(language)), strict=True) if value]
    return sentence.to(language) + "".join(parts)


class Problems:
    """Turns whatever was raised into an answer; nothing of a fault of ours leaves the node but that it was one."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def answer(self, request: Request[Any, Any, Any], fault: Exception) -> Response[bytes]:
        """A Litestar exception handler."""
        problem = as_problem(fault)
        language = preferred(request.headers.get("accept-language", ""))
        form = problem_form(problem, self._words, language)
        headers = {"Content-Language": language, "Vary": "Accept-Language"}
        if form["status"] == 401:
            headers["WWW-Authenticate"] = 'Bearer realm="infoharbor"'
        if form["status"] in (429, 503):
            headers["Retry-After"] = str(getattr(problem, "retry_after", RETRY_SECONDS))
        return Response(msgspec.json.encode(form), status_code=form["status"], media_type=MEDIA_TYPE, headers=headers)


class TooOften(Problem):
    """The asker's bucket is empty for `retry_after` seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("http.rate", expected=f"another request in {retry_after} s")
        self.retry_after = retry_after


def as_problem(fault: Exception) -> Problem:
    """What was raised as the asker may know it; here each refusal is counted."""
    problem = _as_problem(fault)
    REFUSALS.labels(problem.code).inc()
    return problem


def _as_problem(fault: Exception) -> Problem:
    if isinstance(fault, Problem):
        return fault
    if isinstance(fault, (Refused, Malformed)):
        return Problem(fault.code, field=fault.field, expected=fault.expected)
    if isinstance(fault, HTTPException) and fault.status_code < 500:
        code = {404: "http.not_found", 405: "http.method", 413: "input.too_large"}.get(
            fault.status_code, "input.request"
        )
        return Problem(code, expected=fault.detail if code == "input.request" else "")
    if isinstance(fault, TokenFault):
        logger.error("a key's token does not sign: %s", fault)
        return Problem("node.key")
    logger.error("fault while answering a request", exc_info=fault)
    return Problem("node.damaged" if isinstance(fault, Damaged) else "http.fault")
