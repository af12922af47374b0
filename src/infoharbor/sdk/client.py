"""A ledger over HTTP, for programs that wait for each answer."""

import contextlib
import time
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from infoharbor.kernel.actions import Action
from infoharbor.sdk.asking import (
    MSGPACK,
    PAUSE_S,
    QUIET,
    SENDINGS,
    TIMEOUT_S,
    Asking,
    EventLines,
    content_of,
    given,
    is_waiting,
    outcomes,
    problem_of,
    reaching,
    read_answer,
    record_path,
    still_waiting,
)
from infoharbor.sdk.building import Chain
from infoharbor.sdk.keys import Signing
from infoharbor.sdk.pending import Pending
from infoharbor.sdk.problems import Problem


class Client(Asking):
    """`with Client(url, signer=…) as ledger: ledger.act(Transfer(…))`; reads as the signer's or token's organisation."""

    def __init__(self, url: str, *, signer: Signing | None = None, token: str = "") -> None:
        super().__init__(url, signer=signer, token=token)
        self._http = httpx.Client(base_url=self._url, timeout=TIMEOUT_S, headers={"Accept-Language": "en"})
        self.pending = Pending(lambda *asked, **content: read_answer(self._ask(*asked, **content)), self.chain)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *fault: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def _ask(self, method: str, path: str, **content: Any) -> httpx.Response:
        self._introduce()
        with reaching():
            return self._http.request(method, path, headers=self._headers() | content.pop("headers", {}), **content)

    def _introduce(self) -> None:
        """Learn what a signer's credential has to name."""
        if self._signer is not None and not self._token:
            self.chain()

    def _get(self, path: str, **parameters: Any) -> Any:
        return read_answer(self._ask("GET", path, params=given(parameters)))

    def chain(self) -> Chain:
        """The ledger's id and hash suite, asked for once."""
        if self._chain is None:
            with reaching():
                self._learn(read_answer(self._http.get("/v1/status")))
        assert self._chain is not None
        return self._chain

    def act(self, *actions: Action, by: Sequence[str] = (), signers: Sequence[Signing] = ()) -> dict[str, Any]:
        """Build, sign, send and wait: the receipt. Raises `Problem` if the ledger refuses."""
        return self.submit(self._signed(self.chain(), actions, by, signers))

    def submit(self, raw: bytes) -> dict[str, Any]:
        """Send a transaction and wait until its block is durable: the receipt. Bytes that are sent again take effect once.
        Raises `Problem` if it is refused, and `ledger.still_waiting` after minutes without its block."""
        for _ in range(SENDINGS):
            answer = self._ask("POST", "/v1/transactions", content=raw, headers=MSGPACK)
            if not is_waiting(answer):
                return read_answer(answer)  # type: ignore[no-any-return]
        raise still_waiting(answer)

    def submit_many(self, raws: Sequence[bytes]) -> list[dict[str, Any] | Problem]:
        """Send up to 1,000 transactions together."""
        content = msgspec.msgpack.encode(list(raws))
        return outcomes(read_answer(self._ask("POST", "/v1/transactions/batch", content=content, headers=MSGPACK)))

    def send(self, raw: bytes) -> str:
        """Send a transaction without waiting for its block: its id, for `wait`."""
        headers = MSGPACK | {"Prefer": "respond-async"}
        identifier: str = read_answer(self._ask("POST", "/v1/transactions", content=raw, headers=headers))[
            "transaction"
        ]
        return identifier

    def wait(self, transaction: str, *, seconds: float = TIMEOUT_S) -> dict[str, Any]:
        """What became of a transaction that was sent; raises `Problem` if it has no block in time."""
        ends = time.monotonic() + seconds
        while True:
            try:
                return self.receipt(transaction)
            except Problem as problem:
                if problem.code != "ledger.transaction_unknown" or time.monotonic() > ends:
                    raise
            time.sleep(PAUSE_S)

    def record(self, path: str) -> dict[str, Any]:
        """The newest version of the record at `CONTRACT/TABLE/KEY`."""
        return self._get(record_path(path))  # type: ignore[no-any-return]

    def records(
        self, contract: str, table: str, *, limit: int = 100, after: str = "", **filters: str
    ) -> dict[str, Any]:
        """A page of a table's records: `{"items": […], "next": cursor or null}`."""
        return self._get(f"/v1/records/{contract}/{table}", limit=limit, after=after, **filters)  # type: ignore[no-any-return]

    def all_records(self, contract: str, table: str, **filters: str) -> Iterator[dict[str, Any]]:
        """Every record of a table, page after page."""
        after: str | None = ""
        while after is not None:
            page = self.records(contract, table, limit=1000, after=after, **filters)
            yield from page["items"]
            after = page["next"]

    def query(self, contract: str, name: str, **parameters: str) -> Any:
        """The answer to a contract's named query."""
        return self._get(f"/v1/queries/{contract}/{name}", **parameters)["answer"]

    def receipt(self, transaction: str) -> dict[str, Any]:
        """What became of a transaction, with its content."""
        return self._get(f"/v1/transactions/{transaction}")  # type: ignore[no-any-return]

    def status(self) -> dict[str, Any]:
        return self._get("/v1/status")  # type: ignore[no-any-return]

    def proof(self, path: str, *, witnessed: bool = False) -> bytes:
        """The evidence file of the record, present or absent; `witnessed`: under a checkpoint that outside witnesses cosigned."""
        parameters = given({"witnessed": "true" if witnessed else ""})
        return content_of(self._ask("GET", "/v1/proofs/" + quote(path), params=parameters))

    def checkpoint(self) -> str:
        """The newest signed checkpoint of the header log."""
        return content_of(self._ask("GET", "/log/checkpoint")).decode()

    def follow(self, *, after: int | None = None) -> Iterator[dict[str, Any]]:
        """One event a block from beyond height `after` (by default: from now on), for ever, also over a broken line."""
        height = self.status()["height"] if after is None else after
        while True:
            with contextlib.suppress(httpx.TransportError):
                for event in self._stream(height):
                    height = event["height"]
                    yield event
            time.sleep(PAUSE_S)

    def _stream(self, after: int) -> Iterator[dict[str, Any]]:
        self._introduce()
        parameters = {"after": str(after)}
        with self._http.stream(
            "GET", "/v1/stream", params=parameters, headers=self._headers(), timeout=QUIET
        ) as answer:
            if not answer.is_success:
                answer.read()
                raise problem_of(answer)
            lines = EventLines()
            for line in answer.iter_lines():
                if (event := lines.take(line)) is not None:
                    yield event
