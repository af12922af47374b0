"""A read event as it goes onto the ledger and into its owner's vault, and back again."""

import functools
import hashlib
import hmac
import operator
from typing import Final, NamedTuple

import msgspec

from infoharbor.contracts.trace.exchange.decompose import Decomposed, HeldEvent, PublicEvent
from infoharbor.contracts.trace.exchange.faults import EventFault
from infoharbor.contracts.trace.records import CapturedEvent, Event
from infoharbor.contracts.trace.rules import object_id
from infoharbor.kernel.limits import RECORD_BYTES

DIGEST_BYTES: Final = 20
COMMITTED_FIELD: Final = "commitment"
"""The field of `trace/events` that binds what the owner holds."""
IDENTIFIER_BYTES: Final = 150
"""An identifier becomes part of record keys, twice where one thing is packed in another."""
OWN_FIELDS_BYTES: Final = 8 * 1024
"""What the ledger adds to an event when it keeps it: audience, times, status."""
_PUBLIC_FIELDS: Final = tuple(field.name for field in msgspec.structs.fields(PublicEvent))
_public_values = operator.attrgetter(*_PUBLIC_FIELDS)
_decode_held = msgspec.msgpack.Decoder(HeldEvent).decode


class Named(NamedTuple):
    """By what an event is known: its id (`eventID`, or its hash where it has none) and the record key made of it."""

    event_id: str
    digest: str


def name_of(event: Decomposed, secret: bytes) -> Named:
    """An event's id and digest, the same each time that it is captured by this owner.

    An id that is the hash of an event with withheld parts would let them be guessed, and so would its plain digest:
    there the digest is keyed with `secret`, 32 bytes that never leave the owner.
    """
    event_id = event.held.event_id or event.held.event_hash
    if event.public.has_private and event_id.startswith("ni:"):
        return Named(event_id, keyed_digest_of(event_id, secret))
    return Named(event_id, digest_of(event_id))


def digest_of(event_id: str) -> str:
    """The digest of an event whose id anyone may know: 40 hexadecimal digits."""
    return hashlib.sha256(event_id.encode()).digest()[:DIGEST_BYTES].hex()


def keyed_digest_of(event_id: str, secret: bytes) -> str:
    """The digest of an event whose id only its owner may know: 40 hexadecimal digits."""
    return hmac.digest(secret, event_id.encode(), "sha256")[:DIGEST_BYTES].hex()


def record_path(owner: str, digest: str) -> str:
    return f"{Event.__record__.prefix}{owner}/{digest}"


def captured(event: Decomposed, digest: str, commitment: bytes) -> CapturedEvent:
    """The event as `CaptureEvents` takes it; `commitment` (32 bytes) binds the held part."""
    return CapturedEvent(*(digest, *msgspec.structs.astuple(event.public), commitment))


def ensure_fits(event: Decomposed) -> None:
    """Refuse, as an `EventFault`, an event that the ledger could not keep whatever its owner may do."""
    public = event.public
    if public.event_time < 0:
        raise EventFault("epcis_time", "a time after 1970", "eventTime")
    named = (
        ("epcList", public.epcs or ()),
        ("childEPCs", public.child_epcs),
        ("inputEPCList", public.input_epcs),
        ("outputEPCList", public.output_epcs),
        ("parentID", (public.parent_id,)),
    )
    counted = (
        ("quantityList", public.quantities),
        ("childQuantityList", public.child_quantities),
        ("inputQuantityList", public.input_quantities),
        ("outputQuantityList", public.output_quantities),
    )
    for field, uris in (*named, *((field, [each.epc_class for each in some]) for field, some in counted if some)):
        for uri in uris:
            if not _fits_a_key(uri):
                expected = f"printable ASCII of at most {IDENTIFIER_BYTES} characters, the rest percent-encoded"
                raise EventFault("epcis_identifier", expected, field)
    if len(msgspec.msgpack.encode(public)) > RECORD_BYTES - OWN_FIELDS_BYTES:
        raise EventFault("epcis_record_size", f"at most {RECORD_BYTES - OWN_FIELDS_BYTES} bytes of standard fields")


@functools.lru_cache(maxsize=4096)
def _fits_a_key(uri: str) -> bool:
    key = object_id(uri)
    return key.isascii() and key.isprintable() and len(key) <= IDENTIFIER_BYTES


def held_content(event: Decomposed) -> bytes:
    """The held part as its owner's vault keeps it."""
    return msgspec.msgpack.encode(event.held)


def held_in(content: bytes) -> HeldEvent:
    """The held part that a vault gave back."""
    return _decode_held(content)


def public_part(record: Event) -> PublicEvent:
    """The public event that a record was made of, with the error that was declared since."""
    return PublicEvent(**dict(zip(_PUBLIC_FIELDS, _public_values(record), strict=True)))
