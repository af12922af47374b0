"""Bundles that wait for signatures: who may put one here, see it, sign it and decline it, and when it is sent."""

import asyncio
import logging
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from infoharbor.edgekit.json_form import iso
from infoharbor.engine.interface import Refused
from infoharbor.engine.validity import ensure_unexpired
from infoharbor.gateway.pending.signers import able, ensure_authorised, ensure_signed, opened_of, parties_of
from infoharbor.gateway.pending.store import Kept, Room, Store
from infoharbor.gateway.service import Gateway
from infoharbor.kernel import limits
from infoharbor.kernel.block import Receipt
from infoharbor.kernel.encoding import Malformed
from infoharbor.kernel.limits import INTEGER_MAX
from infoharbor.kernel.readers import Reader, is_signer
from infoharbor.kernel.transaction import SaltedAction, assemble
from infoharbor.sdk.building import Unsigned, now_ms
from infoharbor.sdk.documents import hex_bytes, prepared_form
from infoharbor.sdk.forms import action_form, receipt_form
from infoharbor.sdk.problems import Problem

OWN_ROOM: Final = Room(200, 16 * 1024 * limits.KIBIBYTE)
"""What one organisation may have waiting here."""
WHOLE_ROOM: Final = Room(20_000, 1024 * 1024 * limits.KIBIBYTE)
BUNDLE_BYTES: Final = 256 * limits.KIBIBYTE
REASON_CHARACTERS: Final = 200
KEPT_MS: Final = 7 * 24 * 60 * 60 * 1000
"""How long one can still see what became of a bundle."""
LOOK_S: Final = 30
"""How often lapsed bundles are ended, and complete ones sent again that the node could not take."""
PAGE_MAX: Final = 100
logger = logging.getLogger(__name__)


class Bundles:
    """What waits at one gateway. What is not awaited may take a while: it is not for the event loop."""

    def __init__(self, gateway: Gateway, data: Path) -> None:
        self._gateway, self._store = gateway, Store(data)
        self.chain = gateway.ledger.chain
        self._looking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._looking = asyncio.create_task(self._look())

    async def stop(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        self._store.close()

    # Putting and signing

    async def put(self, reader: Reader, unsigned: Unsigned, signatures: Mapping[bytes, bytes]) -> dict[str, Any]:
        """Keep a bundle that the reader's organisation has signed, or add signatures to the same one."""
        kept = await asyncio.to_thread(self._put, reader, unsigned, signatures)
        return await self._send_if_complete(reader, kept)

    def propose(self, reader: Reader, unsigned: Unsigned) -> dict[str, Any]:
        """Keep a bundle that nobody has signed yet: the reader's own people sign it here like the others."""
        kept = self._put(reader, unsigned, None)
        return self.show(reader, kept.id.hex())

    async def sign(self, reader: Reader, identifier: str, signatures: Mapping[bytes, bytes]) -> dict[str, Any]:
        """Add signatures; with the last one the bundle is sent, and the answer has its receipt."""
        kept = await asyncio.to_thread(self._sign, reader, identifier, signatures)
        return await self._send_if_complete(reader, kept)

    def _put(self, reader: Reader, unsigned: Unsigned, signatures: Mapping[bytes, bytes] | None) -> Kept:
        opened = opened_of(self._gateway.engine.chain, unsigned)
        now = now_ms()
        with self._gateway.engine.snapshot() as snapshot:
            keys = able(parties_of(self._gateway.ledger, opened, snapshot))
            ensure_unexpired(opened, keys, now)
            ensure_authorised(self._gateway.ledger, opened, keys, snapshot)
        organisations = {known.organisation for known in keys.values()}
        if reader.organisation not in organisations:
            raise Problem("pending.not_concerned", field="keys", expected=f"a key of {reader.organisation} among them")
        if signatures is not None:
            ensure_signed(opened, keys, signatures)
            if not any(keys[key].organisation == reader.organisation for key in signatures):
                own = f"one by a key of {reader.organisation}"
                raise Problem("pending.not_signed", field="signatures", expected=own)
        if self._gateway.engine.receipt(opened.id) is not None:
            raise Problem("pending.ended", field="body", expected="a bundle that has not run")
        known_before = self._store.get(opened.id)
        if known_before is not None:
            return self._add(known_before, signatures or {})
        kept = Kept(
            opened.id, reader.organisation, now, opened.body.expiry, len(keys), unsigned.body, unsigned.actions,
            0, "", "", dict(signatures or {}),
        )  # fmt: skip
        if kept.size > BUNDLE_BYTES:
            raise Problem("input.too_large", field="actions", expected=f"at most {BUNDLE_BYTES} bytes")
        if not self._keep(kept, organisations):
            most = f"at most {OWN_ROOM.bundles} bundles of one organisation, of {OWN_ROOM.size} bytes together"
            raise Problem("pending.full", field="body", expected=most)
        return kept

    def _sign(self, reader: Reader, identifier: str, signatures: Mapping[bytes, bytes]) -> Kept:
        kept = self._of(reader, identifier)
        opened = opened_of(self._gateway.engine.chain, self._unsigned(kept))
        with self._gateway.engine.snapshot() as snapshot:
            parties = parties_of(self._gateway.ledger, opened, snapshot)
        able({key: parties[key] for key in signatures if key in parties})
        ensure_signed(opened, {key: party.known for key, party in parties.items()}, signatures)
        return self._add(kept, signatures)

    def _add(self, kept: Kept, signatures: Mapping[bytes, bytes]) -> Kept:
        if kept.ended or kept.expiry < now_ms():
            raise Problem("pending.ended", field="id", expected="a bundle that still waits")
        self._store.sign(kept.id, dict(signatures))
        found = self._store.get(kept.id)
        if found is None or found.ended:
            raise Problem("pending.ended", field="id", expected="a bundle that still waits")
        return found

    async def _send_if_complete(self, reader: Reader, kept: Kept) -> dict[str, Any]:
        if len(kept.signatures) == kept.keys:
            try:
                await self._gateway.submit(reader, _signed(kept))
            except Problem as refused:
                if refused.receipt is None:
                    raise
        return await asyncio.to_thread(self.show, reader, kept.id.hex())

    # Looking

    def show(self, reader: Reader, identifier: str) -> dict[str, Any]:
        """One bundle with the bytes to sign; raises a `Problem` for whom it does not concern."""
        kept = self._of(reader, identifier)
        return self._form(reader, kept, whole=True) | {"prepared": prepared_form(self._unsigned(kept))}

    def page(self, reader: Reader, *, waiting: bool, limit: int, before: str) -> dict[str, Any]:
        """Bundles that concern the reader's organisation, the newest first; `waiting` leaves out what has ended."""
        organisation = _ensure_member(reader)
        self._forget()
        found = self._store.of(organisation, waiting=waiting, before=_place(before), limit=limit)
        items = [self._form(reader, kept) for kept in found]
        more = f"{found[-1].received}-{found[-1].id.hex()}" if len(found) == limit else None
        return {"items": [each for each in items if not waiting or each["state"] == "waiting"], "next": more}

    def decline(self, reader: Reader, identifier: str, reason: str) -> dict[str, Any]:
        """End the waiting: whoever is to sign may refuse to, and whoever signed may think better of it."""
        kept = self._of(reader, identifier)
        if type(reason) is not str or len(reason) > REASON_CHARACTERS or not reason.isprintable():
            raise Problem("input.length", field="reason", expected=f"at most {REASON_CHARACTERS} printable characters")
        if self._outcome(reader, kept) is not None or not self._store.end(
            kept.id, now_ms(), declined_by=reader.organisation, reason=reason
        ):
            raise Problem("pending.ended", field="id", expected="a bundle that still waits")
        return self.show(reader, identifier)

    def _form(self, reader: Reader, kept: Kept, *, whole: bool = False) -> dict[str, Any]:
        opened = opened_of(self._gateway.engine.chain, self._unsigned(kept))
        receipt = self._outcome(reader, kept)
        with self._gateway.engine.snapshot() as snapshot:
            parties = parties_of(self._gateway.ledger, opened, snapshot)
        signers = [party.form(key, signed=key in kept.signatures) for key, party in parties.items()]
        state = _state(kept, receipt)
        mine = [each for each in signers if each["organisation"] == reader.organisation and not each["signed"]]
        return {
            "id": kept.id.hex(),
            "state": state,
            "received": iso(kept.received),
            "expiry": iso(kept.expiry),
            "proposer": kept.proposer,
            "waits_for_you": state == "waiting" and bool(mine),
            "signers": signers,
            "actions": [self._action_form(action, whole=whole) for action in opened.actions],
            "declined": {"organisation": kept.declined_by, "reason": kept.reason} if kept.declined_by else None,
            "receipt": receipt,
        }

    def _action_form(self, action: SaltedAction, *, whole: bool) -> dict[str, Any]:
        """What an action would do, in words; its arguments only where one bundle is asked for."""
        title = self._gateway.ledger.words.text(action.contract, "actions", action.name)
        said = {"by": list(action.by), "contract": action.contract, "action": action.name}
        said = action_form(action, self._gateway.registry) if whole else said
        return said | {"title": title.en, "title_zh": title.zh}

    def _outcome(self, reader: Reader, kept: Kept) -> dict[str, Any] | None:
        """The receipt, whoever sent the bundle; its waiting is over then."""
        receipt = self._ran(kept.id)
        if receipt is None:
            return None
        return receipt_form(receipt, self._gateway.ledger.words, show_expected=is_signer(receipt, reader))

    def _ran(self, identifier: bytes) -> Receipt | None:
        receipt = self._gateway.engine.receipt(identifier)
        if receipt is not None:
            self._store.end(identifier, now_ms())
        return receipt

    def _of(self, reader: Reader, identifier: str) -> Kept:
        """The bundle, for an organisation that it concerns; for all others there is none."""
        organisation = _ensure_member(reader)
        kept = self._store.get(hex_bytes(identifier, "id", 32))
        if kept is None or not self._store.concerns(kept.id, organisation):
            raise Problem("pending.unknown", field="id", expected="a bundle that waits here and concerns you")
        return kept

    # Keeping

    def _unsigned(self, kept: Kept) -> Unsigned:
        return Unsigned(self.chain, kept.body, kept.actions)

    def _keep(self, kept: Kept, organisations: set[str]) -> bool:
        """Whether there was room; what ran, or lapsed, takes none, which is looked for where the room is short."""
        if self._store.put(kept, organisations, own=OWN_ROOM, all_of_them=WHOLE_ROOM):
            return True
        self._forget()
        for identifier in self._store.waiting(kept.proposer):
            self._ran(identifier)
        return self._store.put(kept, organisations, own=OWN_ROOM, all_of_them=WHOLE_ROOM)

    def _forget(self) -> None:
        now = now_ms()
        self._store.forget(now, ended_before=now - KEPT_MS)

    async def _look(self) -> None:
        while True:
            try:
                for kept in await asyncio.to_thread(self._to_send):
                    await self._send_again(kept)
            except (OSError, sqlite3.Error) as fault:
                logger.error("the bundles that wait for signatures cannot be looked through", exc_info=fault)
            await asyncio.sleep(LOOK_S)

    async def _send_again(self, kept: Kept) -> None:
        try:
            await self._gateway.submit(Reader(), _signed(kept))
        except (Problem, Refused) as refused:
            logger.info("a complete bundle is not taken: %s", refused)

    def _to_send(self) -> list[Kept]:
        """Complete bundles that the node could not take when the last signature came."""
        self._forget()
        return [kept for kept in self._store.complete() if self._ran(kept.id) is None]


def _signed(kept: Kept) -> bytes:
    return assemble(kept.body, list(kept.actions), kept.signatures)


def _place(before: str) -> tuple[int, bytes]:
    """Where a page begins: at the newest, or where the last one ended."""
    if not before:
        return INTEGER_MAX, b""
    received, _, identifier = before.partition("-")
    if not (received.isascii() and received.isdigit() and len(received) <= 16):
        raise Malformed("input.cursor", "before", "the `next` of the answer before")
    return int(received), hex_bytes(identifier, "before", 32)


def _ensure_member(reader: Reader) -> str:
    if not reader.is_member:
        raise Problem("http.credential", field="Authorization", expected="a token, or a key's credential, of a member")
    return reader.organisation


def _state(kept: Kept, receipt: dict[str, Any] | None) -> str:
    if receipt is not None:
        return str(receipt["result"])
    if kept.declined_by:
        return "declined"
    return "lapsed" if kept.expiry < now_ms() else "waiting"
