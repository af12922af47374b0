"""Acting together through a gateway: half-signed bundles wait there until every key has signed."""

from collections.abc import Awaitable, Callable
from typing import Any

from infoharbor.edgekit.languages import Sentence
from infoharbor.kernel.encoding import Malformed
from infoharbor.kernel.transaction import Opened
from infoharbor.sdk.building import Chain, Unsigned
from infoharbor.sdk.documents import from_base64, prepared_form, to_base64
from infoharbor.sdk.keys import Signing, id_of
from infoharbor.sdk.problems import Problem

PATH = "/v1/pending"


def checked(chain: Chain, form: dict[str, Any]) -> tuple[Unsigned, Opened]:
    """The bundle that a gateway's answer asks to sign, decoded here; raises a `Problem` unless it is of this ledger,
    has this id, and is whole. What `opened.actions` say is what the signature puts forward."""
    prepared = form["prepared"]
    actions = tuple(from_base64(each, "actions") for each in prepared["actions"])
    unsigned = Unsigned(chain, from_base64(prepared["body"], "body"), actions)
    try:
        opened = unsigned.whole()
    except Malformed as malformed:
        raise _differs(malformed.expected) from None
    if opened.body.chain != chain.id or opened.id.hex() != form["id"]:
        raise _differs("a bundle of this ledger, under its own id")
    said = [(tuple(each["by"]), each["contract"], each["action"]) for each in form["actions"]]
    if said != [(each.by, each.contract, each.name) for each in opened.actions]:
        raise _differs("the actions that the bytes hold")
    return unsigned, opened


def signed_document(unsigned: Unsigned, *signers: Signing) -> dict[str, Any]:
    """The bundle with these signers' signatures, as `POST /v1/pending` and `/v1/submit` take it."""
    prepared = prepared_form(unsigned)
    return {"body": prepared["body"], "actions": prepared["actions"]} | signatures(unsigned, *signers)


def signatures(unsigned: Unsigned, *signers: Signing) -> dict[str, Any]:
    return {"signatures": {id_of(each).hex(): to_base64(each.key.sign(unsigned.to_sign)) for each in signers}}


def _differs(expected: str) -> Problem:
    sentence = Sentence(
        "The gateway shows another bundle than the one that it asks you to sign.",
        "网关展示的交易包与要求签名的内容不一致。",
    )
    return Problem("client.bundle_differs", field="prepared", expected=expected, sentence=sentence)


class Pending:
    """`client.pending`: what waits for signatures, as the client's organisation sees it."""

    def __init__(self, ask: Callable[..., Any], chain: Callable[[], Chain]) -> None:
        self._ask, self._chain = ask, chain

    def put(self, unsigned: Unsigned, *signers: Signing) -> dict[str, Any]:
        """Sign a bundle and let it wait for the other keys; with all of them it is sent at once."""
        return self.post("", signed_document(unsigned, *signers))

    def post(self, path: str, document: dict[str, Any]) -> dict[str, Any]:
        return self._ask("POST", PATH + path, json=document)  # type: ignore[no-any-return]

    def list(self, *, waiting: bool = True, before: str = "") -> dict[str, Any]:
        """A page of what concerns the organisation, the newest first: `{"items": […], "next": cursor or null}`."""
        parameters = {"waiting": str(waiting).lower()} | ({"before": before} if before else {})
        return self._ask("GET", PATH, params=parameters)  # type: ignore[no-any-return]

    def get(self, identifier: str) -> dict[str, Any]:
        """One bundle: what it would do, who has signed, the bytes to sign."""
        return self._ask("GET", f"{PATH}/{identifier}")  # type: ignore[no-any-return]

    def sign(self, identifier: str, *signers: Signing) -> dict[str, Any]:
        """Sign it, once it is checked that the bytes hold the actions that the gateway names; the last signature sends it.

        What the actions do with which arguments, `checked` decodes from the bytes.
        """
        unsigned, _ = checked(self._chain(), self.get(identifier))
        return self.post(f"/{identifier}/signatures", signatures(unsigned, *signers))

    def decline(self, identifier: str, reason: str) -> dict[str, Any]:
        """Do not sign it; the others read the reason."""
        return self.post(f"/{identifier}/decline", {"reason": reason})


class AsyncPending:
    """The same, awaited."""

    def __init__(self, ask: Callable[..., Awaitable[Any]], chain: Callable[[], Awaitable[Chain]]) -> None:
        self._ask, self._chain = ask, chain

    async def put(self, unsigned: Unsigned, *signers: Signing) -> dict[str, Any]:
        return await self.post("", signed_document(unsigned, *signers))

    async def post(self, path: str, document: dict[str, Any]) -> dict[str, Any]:
        return await self._ask("POST", PATH + path, json=document)  # type: ignore[no-any-return]

    async def list(self, *, waiting: bool = True, before: str = "") -> dict[str, Any]:
        parameters = {"waiting": str(waiting).lower()} | ({"before": before} if before else {})
        return await self._ask("GET", PATH, params=parameters)  # type: ignore[no-any-return]

    async def get(self, identifier: str) -> dict[str, Any]:
        return await self._ask("GET", f"{PATH}/{identifier}")  # type: ignore[no-any-return]

    async def sign(self, identifier: str, *signers: Signing) -> dict[str, Any]:
        unsigned, _ = checked(await self._chain(), await self.get(identifier))
        return await self.post(f"/{identifier}/signatures", signatures(unsigned, *signers))

    async def decline(self, identifier: str, reason: str) -> dict[str, Any]:
        return await self.post(f"/{identifier}/decline", {"reason": reason})
