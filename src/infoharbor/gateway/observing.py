"""What an operator may follow of each request: a line in the log, a trace. Never who asked from where, nor what was sent."""

import logging
import re
import secrets
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import ContextVar
from typing import Any, Final, NamedTuple, Protocol

import structlog
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Send

from infoharbor.engine.interface import Refused
from infoharbor.kernel.block import Receipt, header_codec
from infoharbor.kernel.encoding import Malformed
from infoharbor.kernel.transaction import open_transaction
from infoharbor.sdk.proving import Node

logger = logging.getLogger(__name__)
REQUEST_ID: Final = re.compile(r"[\w.-]{1,64}", re.ASCII)
SUBMISSIONS_TOLD: Final = 16
"""Of the transactions of one request."""


class Submission(NamedTuple):
    """What became of a transaction that a request sent. Times in nanoseconds since 1970 UTC: when it was given to the
    engine, when its block began by the block's own time, when that was durable, when its sender could be answered. Without
    a block of its own, `height` is -1: it was refused, or waits; if it had run before, `ran_before` says so."""

    transaction: str
    code: str
    height: int
    ran_before: bool
    given: int
    block: int
    durable: int
    answered: int


class RequestTrace(Protocol):
    """The trace of one request."""

    def submitted(self, submission: Submission) -> None: ...
    def end(self, facts: dict[str, Any]) -> None: ...


Begin = Callable[[HTTPScope], RequestTrace]
"""Begins the trace of a request, as part of the one that its `traceparent` names."""


class Observation:
    """One request, as it is followed. `organisation` is empty until its credential is known to hold."""

    def __init__(self, identifier: str, trace: RequestTrace | None) -> None:
        self.id, self.trace = identifier, trace
        self.organisation = ""
        self.submissions = 0
        self.first: Submission | None = None

    def submitted(self, submission: Submission) -> None:
        self.first = self.first or submission
        self.submissions += 1
        if self.trace is not None and self.submissions <= SUBMISSIONS_TOLD:
            self.trace.submitted(submission)

    def facts(self) -> dict[str, Any]:
        found: dict[str, Any] = {"request": self.id}
        if self.organisation:
            found["organisation"] = self.organisation
        if self.first is not None and self.submissions == 1:
            found["transaction"] = self.first.transaction
            found |= {"height": self.first.height} if self.first.height >= 0 else {}
            found |= {"code": self.first.code} if self.first.code else {}
        elif self.submissions:
            found["transactions"] = self.submissions
        return found


_observed: ContextVar[Observation | None] = ContextVar("observed", default=None)


def observed() -> Observation | None:
    """The request that is being answered, if the operator follows requests."""
    return _observed.get()


class Observer:
    """Passes requests on and follows them. The proxy's `X-Request-Id` is taken over, or one is made; the answer has it."""

    def __init__(self, begin: Begin | None = None) -> None:
        self._begin = begin

    async def pass_on(self, app: ASGIApp, scope: HTTPScope, receive: Receive, send: Send) -> None:
        given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        identifier = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        observation = Observation(identifier, self._begin(scope) if self._begin is not None else None)
        status, began = 500, time.perf_counter_ns()

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", identifier.encode())]
            await send(message)

        before = _observed.set(observation)
        try:
            with structlog.contextvars.bound_contextvars(request=identifier):
                await app(scope, receive, told)
        finally:
            _observed.reset(before)
            facts = observation.facts() | {
                "method": scope["method"],
                "route": scope.get("path_template", ""),
                "status": status,
                "milliseconds": (time.perf_counter_ns() - began) // 1_000_000,
            }
            if observation.trace is not None:
                observation.trace.end(facts)
            logger.info("answered", extra=facts)


class Following:
    """Follows one transaction from before it is given to the engine until its sender is answered."""

    def __init__(self, observation: Observation, engine: Node) -> None:
        self._observation, self._engine = observation, engine
        self._height, self._given, self._durable = engine.status().height, time.time_ns(), 0

    def watch(self, future: "Future[Receipt]") -> None:
        future.add_done_callback(self._resolved)

    def _resolved(self, _: "Future[Receipt]") -> None:
        self._durable = time.time_ns()

    def end(self, future: "Future[Receipt]", raw: bytes) -> None:
        """The sender is answered now, with the receipt if it is there."""
        told = Submission(self._identifier(raw), "", -1, False, self._given, self._given, self._given, time.time_ns())
        fault = future.exception() if future.done() else None
        if fault is not None:
            told = told._replace(code=fault.code if isinstance(fault, Refused) else "http.fault")
        elif future.done():
            receipt = future.result()
            ran_before = receipt.height <= self._height
            told = told._replace(code=receipt.code, height=receipt.height, ran_before=ran_before)
            if not ran_before:
                begun = header_codec.decode(self._engine.header(receipt.height)).time * 1_000_000
                durable = self._durable or told.answered
                # Other nodes' clocks say when a network's blocks begin.
                told = told._replace(block=min(max(begun, self._given), durable), durable=durable)
        self._observation.submitted(told)

    def _identifier(self, raw: bytes) -> str:
        try:
            return open_transaction(self._engine.chain.suite, raw).id.hex()
        except Malformed:
            return ""


def following(engine: Node) -> Following | None:
    """Begins to follow a transaction that the observed request is about to send."""
    observation = observed()
    return None if observation is None else Following(observation, engine)
