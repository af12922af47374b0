"""A read event as it goes onto the ledger, and a record of the ledger as an event again."""

import hashlib
import hmac
from typing import Final, NamedTuple

import msgspec

from infoharbor.contracts.trace.exchange.decompose import Decomposed, HeldEvent, PublicEvent
from infoharbor.contracts.trace.records import CapturedEvent, Event

DIGEST_BYTES: Final = 20
_PUBLIC_FIELDS: Final = tuple(field.name for field in msgspec.structs.fields(PublicEvent))


class Named(NamedTuple):
    """By what an event is known: its id (`eventID`, or its hash where it has none) and the record key made of
    it."""

    event_id: str
    digest: str


def name_of(event: Decomposed, secret: bytes) -> Named:
    """An event's id and digest, the same each time that it is captured by this owner.

    An id that is the hash of an event with withheld parts would let them be guessed, and so would its plain
    digest: there the digest is keyed with `secret`, 32 bytes that never leave the owner.
    """
    event_id = event.held.event_id or event.held.event_hash
    if event.public.has_private and event_id.startswith("ni:"):
        return Named(event_id, hmac.digest(secret, event_id.encode(), "sha256")[:DIGEST_BYTES].hex())
    return Named(event_id, digest_of(event_id))


def digest_of(event_id: str) -> str:
    """The digest of an event whose id anyone may know: 40 hexadecimal digits."""
    return hashlib.sha256(event_id.encode()).digest()[:DIGEST_BYTES].hex()


def captured(event: Decomposed, digest: str, commitment: bytes) -> CapturedEvent:
    """The event as `CaptureEvents` takes it; `commitment` (32 bytes) binds the held part."""
    return CapturedEvent(*(digest, *msgspec.structs.astuple(event.public), commitment))


def public_part(record: Event) -> PublicEvent:
    """The public event that a record was made of, with the error that was declared since."""
    return PublicEvent(**{name: getattr(record, name) for name in _PUBLIC_FIELDS})


def commitment_to(held: HeldEvent, salt: bytes) -> bytes:
    """Binds the held part."""
    return hashlib.sha256(salt + msgspec.msgpack.encode(held)).digest()
