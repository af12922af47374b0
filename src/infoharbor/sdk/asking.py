"""How a client asks a gateway over HTTP, and what the answers mean: content, or the problem that they are."""

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

import httpx

from infoharbor.crypto.hashes import hash_suite
from infoharbor.edgekit.languages import Sentence
from infoharbor.kernel.actions import Action
from infoharbor.sdk.building import Chain, build_signed, now_ms
from infoharbor.sdk.keys import READ_MS, Signing, read_credential
from infoharbor.sdk.problems import Problem

TIMEOUT_S: Final = 60
MSGPACK: Final = {"Content-Type": "application/msgpack"}
PAUSE_S: Final = 0.5
"""Between two looks, and before a broken line is taken up again."""
SENDINGS: Final = 4
"""How often bytes are sent whose block the gateway does not see come in its time, which is half a minute."""
QUIET: Final = httpx.Timeout(TIMEOUT_S, read=None)
"""A stream may be quiet for as long as there is no block."""


class Asking:
    """What both clients do the same: credentials, requests as data, answers and problems."""

    def __init__(self, url: str, *, signer: Signing | None = None, token: str = "") -> None:
        self._url = httpx.URL(url.rstrip("/"))
        self._signer, self._token = signer, token
        self._chain: Chain | None = None
        self._credential, self._fresh_until = "", 0

    def _headers(self) -> dict[str, str]:
        if self._token:
            return {"Authorization": f"Bearer {self._token}"}
        if self._signer is None or self._chain is None:
            return {}
        now = now_ms()
        if now >= self._fresh_until:
            gateway = self._url.netloc.decode()
            self._credential = read_credential(self._signer, self._chain.id, gateway, now + READ_MS - 60_000)
            self._fresh_until = now + READ_MS // 2
        return {"Authorization": self._credential}

    def _learn(self, status: Mapping[str, Any]) -> Chain:
        try:
            self._chain = Chain(bytes.fromhex(status["chain"]), hash_suite(status["hash_suite"]))
        except (KeyError, TypeError, ValueError):
            raise _no_gateway() from None
        return self._chain

    def _signed(self, chain: Chain, actions: Sequence[Action], by: Sequence[str], signers: Sequence[Signing]) -> bytes:
        signing = tuple(signers) or ((self._signer,) if self._signer is not None else ())
        if not signing:
            raise Problem("client.no_signer", field="signers", expected="a key that signs")
        return build_signed(chain, actions, *signing, by=by)


def read_answer(answer: httpx.Response) -> Any:
    """The answer's JSON; raises the `Problem` that it is."""
    if not answer.is_success:
        raise problem_of(answer)
    try:
        return answer.json()
    except ValueError:
        raise _no_gateway() from None


def _no_gateway() -> Problem:
    sentence = Sentence("What answers there is no gateway of a ledger.", "该地址应答的不是账本网关。")
    return Problem("client.no_gateway", expected="a gateway of a ledger", sentence=sentence)


def is_waiting(answer: httpx.Response) -> bool:
    """Whether the gateway has taken a transaction, and has stopped waiting for its block."""
    return answer.status_code == httpx.codes.ACCEPTED


def still_waiting(answer: httpx.Response) -> Problem:
    sentence = Sentence("The transaction still waits for its block.", "交易仍在等待入块。")
    expected = f"its receipt, later: {read_answer(answer)['transaction']}"
    return Problem("ledger.still_waiting", field="transaction", expected=expected, sentence=sentence)


def problem_of(answer: httpx.Response) -> Problem:
    try:
        form = answer.json()
        return problem_in(form)
    except (ValueError, KeyError, TypeError):
        return Problem("http.fault", expected=f"an answer that is not {answer.status_code}")


def problem_in(form: Mapping[str, Any]) -> Problem:
    """The problem that these members of problem+json describe."""
    sentence = Sentence(form["title"], form["title_zh"])
    return Problem(
        form["code"], field=form["field"], expected=form["expected"], sentence=sentence, receipt=form.get("receipt")
    )


def record_path(path: str) -> str:
    return "/v1/records/" + quote(path)


def outcomes(answer: Any) -> list[dict[str, Any] | Problem]:
    """A batch's items: for each transaction its receipt, or the `Problem` that it met."""
    return [problem_in(each["problem"]) if "problem" in each else each["receipt"] for each in answer["items"]]


class EventLines:
    """Server-sent events, gathered line by line."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def take(self, line: str) -> dict[str, Any] | None:
        """The event's data that this line completes, if it completes one that has any."""
        if line:
            self._lines.append(line)
            return None
        told, self._lines = self._lines, []
        data = "\n".join(each.removeprefix("data:").lstrip() for each in told if each.startswith("data:"))
        return json.loads(data) if data else None


def given(parameters: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in parameters.items() if value != ""}


def content_of(answer: httpx.Response) -> bytes:
    if not answer.is_success:
        raise problem_of(answer)
    return answer.content


@contextlib.contextmanager
def reaching() -> Iterator[None]:
    try:
        yield
    except httpx.TransportError as fault:
        sentence = Sentence("The node did not answer.", "节点没有应答。")
        raise Problem("client.unreachable", expected=str(fault)[:200], sentence=sentence) from None
