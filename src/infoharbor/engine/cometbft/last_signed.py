"""What a validator signed last, kept so that it never votes twice: CometBFT's own rules and its own file, so that a key may
move from its hands into a token's and back, and none votes again on what the other voted on."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from infoharbor.crypto.suites import ED25519
from infoharbor.engine.cometbft.framing import Frames
from infoharbor.engine.cometbft.signing_messages import CanonicalProposal, CanonicalVote
from infoharbor.engine.folder import write_private
from infoharbor.engine.interface import Damaged

PROPOSE_STEP, PREVOTE_STEP, PRECOMMIT_STEP = 1, 2, 3
FILE_BYTES = 64 * 1024
SIGNED_BYTES = 4 * 1024


class NotSigned(Exception):
    """What this validator does not sign, since it has signed something else, or later things; says what."""


class Place(NamedTuple):
    """Where in CometBFT's rounds something is signed; a validator goes only forward."""

    height: int
    round: int
    step: int


class Signed(NamedTuple):
    """Bytes with their signature: `message` is what is signed, behind its length."""

    message: bytes
    signature: bytes


class _File(msgspec.Struct, frozen=True, omit_defaults=True):
    """`priv_validator_state.json` as CometBFT writes it: a height is text, a signature Base64, what it is of hex."""

    height: str
    round: int
    step: int = 0
    signature: str = ""
    signbytes: str = ""


class LastSigned:
    """The last signature of the validator whose public key is `key`, in `file`. Used by one thread of one process."""

    def __init__(self, file: Path, key: bytes) -> None:
        self._file, self._key = file, key
        self._place, self._last = _read(file)

    def ensure_writable(self) -> None:
        """`OSError` where the disk would not keep a signature: what is there is written again."""
        self._keep(self._place, self._last)

    def sign(self, place: Place, message: bytes, sign: Callable[[bytes], bytes]) -> Signed:
        """The signature, which is on the disk when this returns. What differs only in its time from what was signed at this
        place is answered by that; raises `NotSigned` for what differs otherwise, or lies before it."""
        if place == self._place:
            return self._again(message)
        if place < self._place:
            raise NotSigned(f"{place} lies before {self._place}, which it has signed")
        signed = Signed(message, sign(message))
        if not ED25519.verify(self._key, message, signed.signature):
            raise NotSigned("what holds its key signs with another, or wrongly")
        self._keep(place, signed)
        self._place, self._last = place, signed
        return signed

    def _keep(self, place: Place, signed: Signed | None) -> None:
        message, signature = signed or (b"", b"")
        kept = _File(
            str(place.height), place.round, place.step, base64.b64encode(signature).decode(), message.hex().upper()
        )
        write_private(self._file, msgspec.json.format(msgspec.json.encode(kept)))

    def _again(self, message: bytes) -> Signed:
        last = self._last
        if last is None or not ED25519.verify(self._key, last.message, last.signature):
            raise NotSigned(f"{self._place} was signed with another key")
        step = self._place.step
        if _without_time(step, message) != _without_time(step, last.message):
            raise NotSigned(f"it has signed something else at {self._place}")
        return last


def _read(file: Path) -> tuple[Place, Signed | None]:
    """Without the file nothing is known, so nothing may be signed: `Damaged`."""
    try:
        with file.open("rb") as opened:
            kept = msgspec.json.decode(opened.read(FILE_BYTES), type=_File)
        place = Place(int(kept.height), kept.round, kept.step)
        if not kept.signbytes:
            return place, None
        return place, Signed(bytes.fromhex(kept.signbytes), base64.b64decode(kept.signature))
    except (OSError, ValueError) as fault:
        raise Damaged(f"consensus/data/{file.name}", str(fault)) from None


def time_of(step: int, message: bytes) -> Any:
    """When what is signed says that it was."""
    return _parsed(step, message).timestamp


def _without_time(step: int, message: bytes) -> Any:
    parsed = _parsed(step, message)
    parsed.ClearField("timestamp")
    return parsed


def _parsed(step: int, message: bytes) -> Any:
    frames = Frames(SIGNED_BYTES)
    frames.add(message)
    return (CanonicalProposal if step == PROPOSE_STEP else CanonicalVote).FromString(frames.take() or b"")
