"""What the frozen contract keeps: one table, with a field of every kind that a schema can describe."""

import msgspec

from infoharbor.contractkit import CALENDAR, NEW, PUBLIC, Move, Record, Role, Status
from infoharbor.contractkit.types import Instant, Integer


class NoteStatus(Status):
    OPEN = "open"
    CLOSED = "closed"
    LAPSED = "lapsed"


class Place(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Somewhere, in millionths of a degree."""

    latitude: Integer
    longitude: Integer


class Note(Record, table="notes", key=("owner", "id"), visible=PUBLIC):
    """What `owner` wrote down; it lapses at `until` (milliseconds since 1970 UTC)."""

    owner: str
    id: str
    status: NoteStatus
    text: str
    content: bytes
    signed: bool
    until: Instant
    places: tuple[Place, ...]
    range: tuple[Integer, Integer]
    reference: str | None

    readers = ("owner", Role("supervisor").of("owner"))
    moves = (
        Move(NEW, NoteStatus.OPEN, by="owner"),
        Move(NoteStatus.OPEN, NoteStatus.CLOSED, by="owner"),
        Move(NoteStatus.OPEN, NoteStatus.LAPSED, by=CALENDAR),
    )
