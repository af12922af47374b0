"""A ledger over HTTP, for programs that await the answers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
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
from infoharbor.sdk.pending import AsyncPending
from infoharbor.sdk.problems import Problem


class AsyncClient(Asking):
    """`async with AsyncClient(url, token=…) as ledger: await ledger.records("trace", "events")`."""

    def __init__(self, url: str, *, signer: Signing | None = None, token: str = "") -> None:
        super().__init__(url, signer=signer, token=token)
        self._http = httpx.AsyncClient(base_url=self._url, timeout=TIMEOUT_S, headers={"Accept-Language": "en"})
        self.pending = AsyncPending(self._read, self.chain)

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(self, *fault: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    async def _ask(self, method: str, path: str, **content: Any) -> httpx.Response:
        await self._introduce()
        with reaching():
            return await self._http.request(
                method, path, headers=self._headers() | content.pop("headers", {}), **content
            )

    async def _read(self, method: str, path: str, **content: Any) -> Any:
        return read_answer(await self._ask(method, path, **content))

    async def _introduce(self) -> None:
        """Learn what a signer's credential has to name."""
        if self._signer is not None and not self._token:
            await self.chain()

    async def _get(self, path: str, **parameters: Any) -> Any:
        return read_answer(await self._ask("GET", path, params=given(parameters)))

    async def chain(self) -> Chain:
        """The ledger's id and hash suite, asked for once."""
        if self._chain is None:
            with reaching():
                self._learn(read_answer(await self._http.get("/v1/status")))
        assert self._chain is not None
        return self._chain

    async def act(self, *actions: Action, by: Sequence[str] = (), signers: Sequence[Signing] = ()) -> dict[str, Any]:
        """Build, sign, send and wait: the receipt. Raises `Problem` if the ledger refuses."""
        return await self.submit(self._signed(await self.chain(), actions, by, signers))

    async def submit(self, raw: bytes) -> dict[str, Any]:
        """As `Client.submit`."""
        for _ in range(SENDINGS):
            answer = await self._ask("POST", "/v1/transactions", content=raw, headers=MSGPACK)
            if not is_waiting(answer):
                return read_answer(answer)  # type: ignore[no-any-return]
        raise still_waiting(answer)

    async def submit_many(self, raws: Sequence[bytes]) -> list[dict[str, Any] | Problem]:
        """Send up to 1,000 transactions together."""
        content = msgspec.msgpack.encode(list(raws))
        return outcomes(
            read_answer(await self._ask("POST", "/v1/transactions/batch", content=content, headers=MSGPACK))
        )

    async def record(self, path: str) -> dict[str, Any]:
        """The newest version of the record at `CONTRACT/TABLE/KEY`."""
        return await self._get(record_path(path))  # type: ignore[no-any-return]

    async def records(
        self, contract: str, table: str, *, limit: int = 100, after: str = "", **filters: str
    ) -> dict[str, Any]:
        """A page of a table's records: `{"items": […], "next": cursor or null}`."""
        path = f"/v1/records/{contract}/{table}"
        return await self._get(path, limit=limit, after=after, **filters)  # type: ignore[no-any-return]

    async def query(self, contract: str, name: str, **parameters: str) -> Any:
        """The answer to a contract's named query."""
        return (await self._get(f"/v1/queries/{contract}/{name}", **parameters))["answer"]

    async def receipt(self, transaction: str) -> dict[str, Any]:
        """What became of a transaction, with its content."""
        return await self._get(f"/v1/transactions/{transaction}")  # type: ignore[no-any-return]

    async def status(self) -> dict[str, Any]:
        return await self._get("/v1/status")  # type: ignore[no-any-return]

    async def proof(self, path: str, *, witnessed: bool = False) -> bytes:
        """The evidence file of the record, present or absent; `witnessed`: under a checkpoint that outside witnesses cosigned."""
        parameters = given({"witnessed": "true" if witnessed else ""})
        return content_of(await self._ask("GET", "/v1/proofs/" + quote(path), params=parameters))

    async def checkpoint(self) -> str:
        """The newest signed checkpoint of the header log."""
        return content_of(await self._ask("GET", "/log/checkpoint")).decode()

    async def follow(self, *, after: int | None = None) -> AsyncIterator[dict[str, Any]]:
        """One event a block from beyond height `after` (by default: from now on), for ever, also over a broken line."""
        height = (await self.status())["height"] if after is None else after
        while True:
            with contextlib.suppress(httpx.TransportError):
                async for event in self._stream(height):
                    height = event["height"]
                    yield event
            await asyncio.sleep(PAUSE_S)

    async def _stream(self, after: int) -> AsyncIterator[dict[str, Any]]:
        await self._introduce()
        parameters = {"after": str(after)}
        async with self._http.stream(
            "GET", "/v1/stream", params=parameters, headers=self._headers(), timeout=QUIET
        ) as answer:
            if not answer.is_success:
                await answer.aread()
                raise problem_of(answer)
            lines = EventLines()
            async for line in answer.aiter_lines():
                if (event := lines.take(line)) is not None:
                    yield event
