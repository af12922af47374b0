"""What is kept of events, of the objects that they speak of, and of who may speak for an object."""

import msgspec

from infoharbor.contractkit import CONSORTIUM, NEW, PUBLIC, Move, Record, Role, Status
from infoharbor.contractkit.types import Code, Instant, Integer, OrganisationId, ShortText

SUPERVISOR = Role("market-supervisor")
REGISTRAR = Role("gs1-registrar")
"""An association that hands out company prefixes, such as GS1 China, or a cooperative's union that passes
them on."""
EVERYONE = "public"
"""Stands in an audience for anyone at all."""


class Wire(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A part of an event."""


class Quantity(Wire, frozen=True):
    """`mantissa` × 10^`exponent` of a class, in `uom` (UN/CEFACT Recommendation 20; empty: pieces); None: not
    counted."""

    epc_class: str
    mantissa: Integer | None
    exponent: Integer
    uom: str


class ErrorDeclaration(Wire, frozen=True):
    """That an event was recorded in error: when that was said, why, and which events correct it (EPCIS 2.0,
    7.4.1.3)."""

    declared_at: Instant
    reason: str
    corrective_event_ids: tuple[str, ...]


class EventStatus(Status):
    RECORDED = "recorded"
    IN_ERROR = "in_error"


class Event(Record, table="events", key=("captured_by", "digest"), visible=CONSORTIUM):
    """An EPCIS 2.0 event as a member captured it: the standard's fields in normal form, identifiers as
    Digital Links.

    `digest` is 40 hex digits that follow from the event's id. Business transactions, sources, destinations
    and extensions stay with the owner, with the original text, behind the salted `commitment`. `event_hash`
    is the CBV 2.0 hash, empty where something is withheld that could be guessed from it. It is a fact that
    this was said, at that time, by that member; not that it is true.
    """

    captured_by: OrganisationId
    digest: Code
    event_id: str
    event_hash: str
    type: Code
    action: str
    event_time: Instant
    event_time_zone_offset: str
    biz_step: str
    disposition: str
    persistent_set: tuple[str, ...]
    persistent_unset: tuple[str, ...]
    read_point: str
    biz_location: str
    parent_id: str
    epcs: tuple[str, ...] | None
    child_epcs: tuple[str, ...]
    input_epcs: tuple[str, ...]
    output_epcs: tuple[str, ...]
    quantities: tuple[Quantity, ...]
    child_quantities: tuple[Quantity, ...]
    input_quantities: tuple[Quantity, ...]
    output_quantities: tuple[Quantity, ...]
    transformation_id: str
    certification_info: tuple[str, ...]
    sensors: str
    ilmd: str
    extensions: str
    error_declaration: ErrorDeclaration | None
    has_private: bool
    commitment: bytes
    record_time: Instant
    audience: tuple[str, ...]
    status: EventStatus

    readers = ("audience", "captured_by", SUPERVISOR.of("captured_by"))
    moves = (
        Move(NEW, EventStatus.RECORDED, by="captured_by"),
        Move(NEW, EventStatus.IN_ERROR, by="captured_by"),
        Move(EventStatus.RECORDED, EventStatus.IN_ERROR, by="captured_by"),
    )


class Effect(Status):
    """What an event does to one object. `EMPTY` takes everything out of a parent: said of the parent, and of
    each object that was ever packed in it."""

    CREATE = "create"
    SEE = "see"
    MOVE = "move"
    PACK = "pack"
    UNPACK = "unpack"
    EMPTY = "empty"
    INPUT = "input"
    OUTPUT = "output"
    END = "end"


class Standing(Status):
    """What weight a member's word about an object has: its own, one that nobody is accredited for, another's."""

    OWN = "own"
    OPEN = "open"
    CLAIM = "claim"


class Mention(Record, table="mentions", key=("object", "order", "captured_by", "digest"), visible=CONSORTIUM):
    """That an event speaks of an object. `order` sorts an object's mentions by event time; `broken` is the
    rule that the event breaks here, or empty; `amount` counts millionths of `uom`, where the object is a
    class. `place` is the key of where the event leaves the object, or else of where it was read; or empty."""

    object: str
    order: Code
    captured_by: OrganisationId
    digest: Code
    effect: Effect
    standing: Standing
    parent: str
    amount: Integer
    uom: str
    place: str
    broken: str
    audience: tuple[str, ...]

    readers = ("audience", "captured_by", SUPERVISOR.of("captured_by"))


class Object(Record, table="objects", visible=CONSORTIUM):
    """What is known of a lot, a piece or a logistic unit after its newest mention. `id` is its Digital Link's
    path with tildes for slashes; `made` and `gone` count millionths of `uom` for a class; `origin_known` says
    that its creation was recorded; `emptied` that everything was once taken out of it; `last` is the newest
    mention's key. Only who may read all its mentions reads it: to others it would tell of events that are not
    theirs to know."""

    id: str
    origin_known: bool
    ended: bool
    parent: str
    made: Integer
    gone: Integer
    uom: str
    emptied: bool
    last: str
    mentions: Integer
    audience: tuple[str, ...]

    readers = ("audience",)


class Packed(Record, table="packed", key=("parent", "child"), visible=CONSORTIUM):
    """That a child was once packed in a parent, first by this member; whether it still is, the child's
    `Object` says."""

    parent: str
    child: str
    captured_by: OrganisationId
    audience: tuple[str, ...]

    readers = ("audience", "captured_by")


class Break(Wire, frozen=True):
    """A rule that an event breaks, and the object at which it does."""

    object: str
    rule: str


class Judgement(Record, table="judgements", key=("captured_by", "digest"), visible=CONSORTIUM):
    """How an event fits what else is known. There is one only where an event breaks, or once broke, a rule."""

    captured_by: OrganisationId
    digest: Code
    breaks: tuple[Break, ...]
    judged_at: Instant
    audience: tuple[str, ...]

    readers = ("audience", "captured_by", SUPERVISOR.of("captured_by"))


class Prefix(Record, table="prefixes", key="prefix", visible=PUBLIC):
    """A GS1 company prefix (6 to 12 digits), or the host of other identifiers, accredited to a member."""

    prefix: Code
    organisation: OrganisationId
    accredited_by: OrganisationId
    jurisdiction: Code
    valid_from: Instant
    until: Instant


class Audience(Record, table="audiences", key=("organisation", "product"), visible=CONSORTIUM):
    """Who may read a member's events of a product: organisations, or `public`. `product` is a GTIN of 14
    digits, or `*`."""

    organisation: OrganisationId
    product: Code
    audience: tuple[str, ...]

    readers = ("organisation",)


class CapturedEvent(Wire, frozen=True):
    """One event as it is captured: see `Event` for the fields."""

    digest: Code
    event_id: str
    event_hash: str
    type: Code
    action: str
    event_time: Instant
    event_time_zone_offset: ShortText
    biz_step: str
    disposition: str
    persistent_set: tuple[str, ...]
    persistent_unset: tuple[str, ...]
    read_point: str
    biz_location: str
    parent_id: str
    epcs: tuple[str, ...] | None
    child_epcs: tuple[str, ...]
    input_epcs: tuple[str, ...]
    output_epcs: tuple[str, ...]
    quantities: tuple[Quantity, ...]
    child_quantities: tuple[Quantity, ...]
    input_quantities: tuple[Quantity, ...]
    output_quantities: tuple[Quantity, ...]
    transformation_id: str
    certification_info: tuple[str, ...]
    sensors: str
    ilmd: str
    extensions: str
    error_declaration: ErrorDeclaration | None
    has_private: bool
    commitment: bytes
