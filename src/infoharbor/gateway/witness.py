"""Checkpoints between logs and witnesses (C2SP tlog-witness): taken in from others, and shown to others.

`witness_routes` serves `POST /log/add-checkpoint`: under the ledger's own origin other members hand on what they
attested; under the origins of other logs this node is a witness, if it is told to. `tell` hands a note to the other
members; `Feeder` shows the ledger to outside witnesses, under this member's own origin.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple, Protocol

import httpx
from litestar import Response, get, post

from infoharbor.engine.attestation import Attestation
from infoharbor.engine.attester import NodeAttester
from infoharbor.engine.interface import Refused
from infoharbor.engine.witness import Watching
from infoharbor.engine.witnessed_notes import WitnessedNotes
from infoharbor.evidence.checkpoint import Checkpoint, NoteError, parse_decimal
from infoharbor.evidence.note import NOTE_BYTES, Note, SignatureLine, checkpoint_in, parse_lines
from infoharbor.evidence.submission import REQUEST_BYTES, SIZE_MEDIA_TYPE, Submission
from infoharbor.evidence.trust import Witness
from infoharbor.gateway.door import too_large
from infoharbor.gateway.exchange import Asked, Parameters, answer, gateway_of, place_to_wait, reader_of
from infoharbor.gateway.problems import UNFIT
from infoharbor.kernel.encoding import Malformed, encode
from infoharbor.kernel.limits import INTEGER_MAX
from infoharbor.sdk.building import now_ms
from infoharbor.sdk.problems import Problem
from infoharbor.sdk.trusting import way_forward

logger = logging.getLogger(__name__)
TEXT: Final = "text/plain"
PATH: Final = "/log/add-checkpoint"
UNSIGNED: Final = ("note.unsigned", "note.signature_invalid")
OTHER_SIZE: Final = ("witness.size", "attestation.ahead", "attestation.passed")
ANSWER_S: Final = 5
TRIES: Final = 5
"""How often a witness may name another size to begin from, or have too much to do."""
TOO_MUCH: Final = (429, 503)
TOO_MUCH_S: Final = 0.5
"""How long to wait then: all members show it the same size at about the same time."""


class Growing(Protocol):
    """What is shown of a header log."""

    def consistency(self, old: int, new: int | None = None) -> tuple[bytes, ...]: ...


# What comes in


def witness_routes(attestation: Attestation | None, witness: Watching | None, witnessed: WitnessedNotes) -> list[Any]:
    """The routes of a node that attests a ledger, watches other logs, or shows its own to witnesses."""

    @post(PATH, status_code=200)
    async def add_checkpoint(request: Asked) -> Response[bytes]:
        """Take a checkpoint; the answer is signature lines, or 409 with the size to begin from."""
        reader_of(request)
        raw = await request.body()
        if len(raw) > REQUEST_BYTES:
            raise too_large(REQUEST_BYTES)
        try:
            return answer(await asyncio.to_thread(_take, attestation, witness, raw), media_type=TEXT)
        except Refused as refused:
            if refused.code not in OTHER_SIZE:
                raise
            # Said as a header, since Litestar adds a charset to a text's media type, and witnesses' clients compare it.
            return answer(f"{refused.expected}\n", status=409, headers={"Content-Type": SIZE_MEDIA_TYPE})
        except Malformed as malformed:
            code = "witness.unsigned" if malformed.code in UNSIGNED else "witness.malformed"
            raise Problem(code, field=malformed.field, expected=malformed.expected) from None

    @get("/log/witnessed", sync_to_thread=True)
    def get_witnessed(request: Asked) -> Response[bytes]:
        """The newest checkpoint under this member's own origin with what outside witnesses cosigned, or that of `size`."""
        reader_of(request)
        parameters = Parameters(request)
        size = parameters.integer("size", 0, 0, INTEGER_MAX)
        parameters.end()
        found = witnessed.at(size) if size else witnessed.newest()
        if found is None:
            raise Problem(
                "http.not_found", field="size", expected="a checkpoint of late that outside witnesses cosigned"
            )
        return answer(found.own.encode(), media_type=TEXT)

    @get("/log/way-forward", sync_to_thread=True)
    def get_way_forward(request: Asked) -> Response[bytes]:
        """What carries a trust file pinned at `size` to the newest attested checkpoint; `witnessed=true`: to the newest that
        outside witnesses cosigned."""
        reader = reader_of(request)
        parameters = Parameters(request)
        size = parameters.integer("size", 1, 1, INTEGER_MAX)
        wants_witnesses = parameters.flag("witnessed", False)
        parameters.end()
        engine = gateway_of(request).engine
        most = engine.status().height + 1
        if size > most:  # Witnesses would be waited for in vain, and few may wait.
            raise Refused("ledger.proof_range", "size", f"1 to {most}")
        note = ""
        if wants_witnesses:
            with place_to_wait(request, reader):
                note = witnessed.beyond(size - 1).attested
        return answer(encode(way_forward(engine, size, note)), media_type="application/msgpack")

    @get("/log/handover", sync_to_thread=True)
    def get_handover(request: Asked) -> Response[bytes]:
        """The encoded action `identity.HandOver` that lets the change of attesters under way hold: sign and send it."""
        reader_of(request)
        found = attestation.handover(gateway_of(request).engine) if attestation is not None else None
        if found is None:
            raise Problem("http.not_found", field="path", expected="a change of attesters that a quorum has attested")
        return answer(encode(found), media_type="application/msgpack")

    return [add_checkpoint, get_witnessed, get_way_forward, get_handover]


def _take(attestation: Attestation | None, witness: Watching | None, raw: bytes) -> bytes:
    submission = Submission.parse(raw)
    origin = checkpoint_in(submission.note, extensions=True).origin
    if attestation is not None and origin == attestation.origin:
        return attestation.receive(submission.note)
    if witness is not None:
        return witness.add(submission, now_ms())
    raise Refused("witness.log_unknown", "origin", "a log that this node watches")


# What goes out


async def tell(attestation: Attestation, client: httpx.AsyncClient, peers: Iterable[str], note: bytes) -> None:
    """Hand a note of ours to the other members' gateways (`peers`: such as `https://node.example/log`), and count what
    they have signed. One that is away, or behind, hands on its own once it has come so far: that is no error."""
    body = Submission(checkpoint_in(note).size, (), note).encode()
    await asyncio.gather(*(_tell(attestation, client, peer, note, body) for peer in peers))


async def _tell(attestation: Attestation, client: httpx.AsyncClient, peer: str, note: bytes, body: bytes) -> None:
    with contextlib.suppress(httpx.HTTPError, Malformed, Refused):
        reply = await _post(client, peer, body)
        if reply.status == UNFIT:
            logger.error("another member has another history", extra={"peer": peer, "answer": reply.text[:1000]})
        if reply.status == 200:
            attestation.receive(Note.parse(note).with_lines(parse_lines(reply.text)).encode())


class Feeder:
    """Shows a member's checkpoints to outside witnesses."""

    def __init__(self, attester: NodeAttester, log: Growing, witnesses: Sequence[Witness]) -> None:
        self._attester, self._log = attester, log
        self._keys: dict[str, list[Witness]] = {}
        for witness in witnesses:  # One that cosigns with several keys is asked once.
            self._keys.setdefault(witness.url, []).append(witness)
        self._seen: dict[str, int] = {}

    async def feed(self, client: httpx.AsyncClient, size: int, root: bytes) -> bytes | None:
        """Show this size to every witness; the note with their lines, or nothing while the node lies behind.

        Raises `Refused` if a witness refuses (`witness.refused`) or answers without a valid cosignature."""
        own = await asyncio.to_thread(self._attester.submit, Checkpoint(self._attester.origin, size, root))
        if own is None:
            return None
        note = Note(own[0], (own[1],))
        texts = await asyncio.gather(*(self._cosigned(client, url, size, note) for url in self._keys))
        said = dict(zip(self._keys, texts, strict=True))
        lines = [_verified(each, note, said[url]) for url, witnesses in self._keys.items() for each in witnesses]
        return note.with_lines(lines).encode()

    async def _cosigned(self, client: httpx.AsyncClient, url: str, size: int, note: Note) -> str:
        """The signature lines with which the witness answers, which begins where it says that it has come to."""
        for _ in range(TRIES):
            old = self._seen.get(url, 0)
            proof = self._log.consistency(old, size) if 0 < old < size else ()
            reply = await _post(client, url, Submission(old, proof, note.encode()).encode())
            if reply.status == 200:
                self._seen[url] = size
                return reply.text
            if reply.status in TOO_MUCH:
                await asyncio.sleep(TOO_MUCH_S)
                continue
            if reply.status != 409:
                break
            self._seen[url] = parse_decimal(reply.text.strip(), "size")
            if self._seen[url] > size:
                break
        raise Refused("witness.refused", url, f"a cosignature of size {size}, not {reply.status}")


def _verified(witness: Witness, note: Note, text: str) -> SignatureLine:
    """The line of this witness's own key, valid and timed."""
    for line in parse_lines(text):
        own = (line.name, line.key_id) == (witness.key.name, witness.key.id)
        signature = witness.key.verify(note.text, line) if own else None
        if signature is not None and signature.time > 0:
            return line
    raise Refused("witness.refused", witness.url, f"a valid cosignature by {witness.key.name}")


class Reply(NamedTuple):
    status: int
    text: str


async def _post(client: httpx.AsyncClient, url: str, body: bytes) -> Reply:
    """Send a submission; of the answer no more is read than signature lines can have."""
    async with client.stream("POST", f"{url.rstrip('/')}/add-checkpoint", content=body, timeout=ANSWER_S) as reply:
        read = b""
        async for part in reply.aiter_bytes():
            read += part
            if len(read) > NOTE_BYTES:
                raise NoteError("note.too_large", "answer", f"at most {NOTE_BYTES} bytes")
        return Reply(reply.status_code, read.decode(errors="replace"))
