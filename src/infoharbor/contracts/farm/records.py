"""What is kept of lots: what they come from, what was made of what, what is wrong with them, and what stops them."""

from typing import Annotated

import msgspec
from msgspec import Meta

from infoharbor.contractkit import ANYONE, CALENDAR, NEW, PUBLIC, Move, Record, Role, Status
from infoharbor.contractkit.types import (
    Amount,
    Code,
    Count,
    CountryCode,
    Identifier,
    Instant,
    OrganisationId,
)

SUPERVISOR = Role("market-supervisor")
CERTIFIER = Role("certifier")
LABORATORY = Role("laboratory")
Moisture = Annotated[int, Meta(ge=0, lt=10_000)]
"""Water in a hundred hundredths of the mass: 1,250 is 12.5 %."""


class Share(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """So many grams of a lot were harvested inside an indication's area in a season; both are empty for the rest."""

    indication: str
    season: str
    grams: Amount


class LotStatus(Status):
    MADE = "made"
    RELEASED = "released"
    DISPOSED = "disposed"


class Lot(Record, table="lots"):
    """A batch of goods; the id is the key of trace's object. Balances are kept in grams: `pieces` only counts.

    `used` went into other lots. `shares` add up to `grams`. `claim` is the indication that the lot is sold under.
    `breaks` are the rules that the lot itself broke when it was recorded, `cleared` those that the supervisor struck
    off; neither tells of its ancestors: ask `lineage.look_back`. `production` is None for what was harvested.
    """

    id: Identifier
    product: Code
    producer: OrganisationId
    holder: OrganisationId
    jurisdiction: CountryCode
    grams: Amount
    pieces: Count
    moisture: Moisture | None
    used: Count
    plots: tuple[Identifier, ...]
    production: Identifier | None
    shares: tuple[Share, ...]
    claim: Identifier | None
    breaks: tuple[Code, ...]
    cleared: tuple[Code, ...]
    happened_at: Instant
    recorded_at: Instant
    disposed_at: Instant
    audience: tuple[str, ...]
    status: LotStatus

    readers = ("audience", "producer", "holder", SUPERVISOR.within("jurisdiction"))
    moves = (
        Move(NEW, LotStatus.MADE, by="producer"),
        Move(LotStatus.MADE, LotStatus.RELEASED, by="holder"),
        Move(LotStatus.RELEASED, LotStatus.RELEASED, by="holder"),
        Move(LotStatus.MADE, LotStatus.DISPOSED, by=("holder", SUPERVISOR.within("jurisdiction"))),
        Move(LotStatus.RELEASED, LotStatus.DISPOSED, by=("holder", SUPERVISOR.within("jurisdiction"))),
    )

    @property
    def left(self) -> int:
        """The grams that did not go into other lots."""
        return self.grams - self.used

    @property
    def season(self) -> str:
        """The one harvest season of its shares; several are named together, and none is empty."""
        return " + ".join(sorted({each.season for each in self.shares if each.season}))

    @property
    def harvested(self) -> bool:
        """Whether it came off a plot, and was not made of other lots."""
        return self.production is None


class ProductionKind(Status):
    """`MAKE` has the yield of what is made; the others give back at most what went in."""

    MAKE = "make"
    BLEND = "blend"
    SPLIT = "split"
    REPACK = "repack"
    RELABEL = "relabel"


class Part(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """So many grams of a lot."""

    lot: Identifier
    grams: Amount


class Production(Record, table="productions"):
    """What went in and what came out, as its recorder says. `needed` is the grams of input that the outputs take by the
    yields of that day."""

    id: Identifier
    kind: ProductionKind
    recorded_by: OrganisationId
    inputs: tuple[Part, ...]
    outputs: tuple[Identifier, ...]
    needed: Count
    happened_at: Instant
    audience: tuple[str, ...]

    readers = ("audience", "recorded_by", SUPERVISOR.of("recorded_by"))


class Use(Record, table="uses", key=("lot", "production")):
    """The way down: a lot went into a production. Only what its holder took, and what was there, is `counted`."""

    lot: Identifier
    production: Identifier
    recorded_by: OrganisationId
    grams: Amount
    counted: bool
    happened_at: Instant
    audience: tuple[str, ...]

    readers = ("audience", SUPERVISOR.of("recorded_by"))


class CauseKind(Status):
    HOLD = "hold"
    RECALL = "recall"


class CauseStatus(Status):
    OPEN = "open"
    CLOSED = "closed"


class Cause(Record, table="causes", key=("lot", "id"), visible=PUBLIC):
    """Why a lot, and every lot that it went into, may not go on. One record: what it reaches is asked, not written."""

    lot: Identifier
    id: Identifier
    kind: CauseKind
    reason: Code
    opened_by: OrganisationId
    jurisdiction: CountryCode
    document: Identifier | None
    opened_at: Instant
    closed_at: Instant
    closing_code: Code | None
    status: CauseStatus

    moves = (
        Move(NEW, CauseStatus.OPEN, by="opened_by"),
        Move(CauseStatus.OPEN, CauseStatus.CLOSED, by=("opened_by", SUPERVISOR.within("jurisdiction"))),
    )


class AlertStatus(Status):
    OPEN = "open"
    OVERDUE = "overdue"
    CLOSED = "closed"
    CLEARED = "cleared"


class ClosingCode(Status):
    """What was done about an alert. The mark on the lot stays; only the supervisor clears it."""

    CORRECTED = "corrected"
    EXPLAINED = "explained"
    DISPOSED_OF = "disposed_of"
    DECLARED_LATE = "declared_late"


class Alert(Record, table="alerts", key=("lot", "rule")):
    """A rule that a lot broke: on the work list of `owner` until `deadline`, and known to those concerned."""

    lot: Identifier
    rule: Code
    owner: OrganisationId
    concerned: tuple[OrganisationId, ...]
    raised_at: Instant
    deadline: Instant
    closing_code: ClosingCode | None
    status: AlertStatus

    readers = ("owner", "concerned", SUPERVISOR.of("owner"))
    moves = (
        Move(NEW, AlertStatus.OPEN, by=ANYONE),
        Move(AlertStatus.OPEN, AlertStatus.OVERDUE, by=CALENDAR),
        Move(AlertStatus.OPEN, AlertStatus.CLOSED, by="owner"),
        Move(AlertStatus.OVERDUE, AlertStatus.CLOSED, by="owner"),
        Move(AlertStatus.OPEN, AlertStatus.CLEARED, by=SUPERVISOR.of("owner")),
        Move(AlertStatus.OVERDUE, AlertStatus.CLEARED, by=SUPERVISOR.of("owner")),
        Move(AlertStatus.CLOSED, AlertStatus.CLEARED, by=SUPERVISOR.of("owner")),
    )
    """Anyone's fact may raise an alert: no action does it by itself."""
