"""A ledger over HTTP, for programs: `Client` waits for each answer, `AsyncClient` is awaited."""

import contextlib
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

import httpx
import msgspec

from infoharbor.crypto.hashes import hash_suite
from infoharbor.edgekit.languages import Sentence
from infoharbor.kernel.actions import Action
from infoharbor.sdk.building import Chain, build_signed, now_ms
from infoharbor.sdk.keys import READ_MS, Signing, read_credential
from infoharbor.sdk.pending import AsyncPending, Pending
from infoharbor.sdk.problems import Problem

TIMEOUT_S: Final = 60
MSGPACK: Final = {"Content-Type": "application/msgpack"}
QUIET: Final = httpx.Timeout(TIMEOUT_S, read=None)
"""A stream may be quiet for as long as there is no block."""


class _Common:
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
        self._chain = Chain(bytes.fromhex(status["chain"]), hash_suite(status["hash_suite"]))
        return self._chain

    def _signed(self, chain: Chain, actions: Sequence[Action], by: Sequence[str], signers: Sequence[Signing]) -> bytes:
        signing = tuple(signers) or ((self._signer,) if self._signer is not None else ())
        if not signing:
            raise Problem("client.no_signer", field="signers", expected="a key that signs")
        return build_signed(chain, actions, *signing, by=by)


def read_answer(answer: httpx.Response) -> Any:
    """The answer's JSON; raises the `Problem` that it is."""
    if answer.is_success:
        return answer.json()
    raise problem_of(answer)


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


def read_event(lines: list[str]) -> dict[str, Any] | None:
    """One server-sent event's data, if it has any."""
    data = "\n".join(line.removeprefix("data:").lstrip() for line in lines if line.startswith("data:"))
    return json.loads(data) if data else None


class Client(_Common):
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
        with _reaching():
            return self._http.request(method, path, headers=self._headers() | content.pop("headers", {}), **content)

    def _introduce(self) -> None:
        """Learn what a signer's credential has to name."""
        if self._signer is not None and not self._token:
            self.chain()

    def _get(self, path: str, **parameters: Any) -> Any:
        return read_answer(self._ask("GET", path, params=_given(parameters)))

    def chain(self) -> Chain:
        """The ledger's id and hash suite, asked for once."""
        if self._chain is None:
            with _reaching():
                self._learn(read_answer(self._http.get("/v1/status")))
        assert self._chain is not None
        return self._chain

    def act(self, *actions: Action, by: Sequence[str] = (), signers: Sequence[Signing] = ()) -> dict[str, Any]:
        """Build, sign, send and wait: the receipt. Raises `Problem` if the ledger refuses."""
        return self.submit(self._signed(self.chain(), actions, by, signers))

    def submit(self, raw: bytes) -> dict[str, Any]:
        """Send a transaction and wait until its block is durable: the receipt."""
        receipt: dict[str, Any] = read_answer(self._ask("POST", "/v1/transactions", content=raw, headers=MSGPACK))
        return receipt

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
        height = self.status()["height"]
        ends = now_ms() + int(seconds * 1000)
        while True:
            try:
                return self.receipt(transaction)
            except Problem as problem:
                if problem.code != "ledger.transaction_unknown" or now_ms() > ends:
                    raise
            height = self._next_height(height)

    def _next_height(self, height: int) -> int:
        for event in self.follow(after=height):
            return int(event["height"])
        return height

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
        parameters = _given({"witnessed": "true" if witnessed else ""})
        return _content(self._ask("GET", "/v1/proofs/" + quote(path), params=parameters))

    def checkpoint(self) -> str:
        """The newest signed checkpoint of the header log."""
        return _content(self._ask("GET", "/log/checkpoint")).decode()

    def follow(self, *, after: int | None = None) -> Iterator[dict[str, Any]]:
        """One event a block from beyond height `after` (by default: from now on), for ever, also over a broken line."""
        height = self.status()["height"] if after is None else after
        while True:
            with contextlib.suppress(httpx.TransportError):
                for event in self._stream(height):
                    height = event["height"]
                    yield event

    def _stream(self, after: int) -> Iterator[dict[str, Any]]:
        self._introduce()
        parameters = {"after": str(after)}
        with self._http.stream(
            "GET", "/v1/stream", params=parameters, headers=self._headers(), timeout=QUIET
        ) as answer:
            if not answer.is_success:
                answer.read()
                raise problem_of(answer)
            lines: list[str] = []
            for line in answer.iter_lines():
                lines.append(line)
                if not line:
                    event = read_event(lines)
                    lines = []
                    if event is not None:
                        yield event


class AsyncClient(_Common):
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
        with _reaching():
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
        return read_answer(await self._ask("GET", path, params=_given(parameters)))

    async def chain(self) -> Chain:
        """The ledger's id and hash suite, asked for once."""
        if self._chain is None:
            with _reaching():
                self._learn(read_answer(await self._http.get("/v1/status")))
        assert self._chain is not None
        return self._chain

    async def act(self, *actions: Action, by: Sequence[str] = (), signers: Sequence[Signing] = ()) -> dict[str, Any]:
        """Build, sign, send and wait: the receipt. Raises `Problem` if the ledger refuses."""
        return await self.submit(self._signed(await self.chain(), actions, by, signers))

    async def submit(self, raw: bytes) -> dict[str, Any]:
        """Send a transaction and wait until its block is durable: the receipt."""
        answer = await self._ask("POST", "/v1/transactions", content=raw, headers=MSGPACK)
        return read_answer(answer)  # type: ignore[no-any-return]

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
        parameters = _given({"witnessed": "true" if witnessed else ""})
        return _content(await self._ask("GET", "/v1/proofs/" + quote(path), params=parameters))

    async def checkpoint(self) -> str:
        """The newest signed checkpoint of the header log."""
        return _content(await self._ask("GET", "/log/checkpoint")).decode()

    async def follow(self, *, after: int | None = None) -> AsyncIterator[dict[str, Any]]:
        """One event a block from beyond height `after` (by default: from now on), for ever, also over a broken line."""
        height = (await self.status())["height"] if after is None else after
        while True:
            with contextlib.suppress(httpx.TransportError):
                async for event in self._stream(height):
                    height = event["height"]
                    yield event

    async def _stream(self, after: int) -> AsyncIterator[dict[str, Any]]:
        await self._introduce()
        parameters = {"after": str(after)}
        async with self._http.stream(
            "GET", "/v1/stream", params=parameters, headers=self._headers(), timeout=QUIET
        ) as answer:
            if not answer.is_success:
                await answer.aread()
                raise problem_of(answer)
            lines: list[str] = []
            async for line in answer.aiter_lines():
                lines.append(line)
                if not line:
                    event = read_event(lines)
                    lines = []
                    if event is not None:
                        yield event


def _given(parameters: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in parameters.items() if value != ""}


def _content(answer: httpx.Response) -> bytes:
    if not answer.is_success:
        raise problem_of(answer)
    return answer.content


@contextlib.contextmanager
def _reaching() -> Iterator[None]:
    try:
        yield
    except httpx.TransportError as fault:
        sentence = Sentence("The node did not answer.", "节点没有应答。")
        raise Problem("client.unreachable", expected=str(fault)[:200], sentence=sentence) from None
