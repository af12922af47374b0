"""What is kept of assets: tokens, balances, what locks or lends them, titles."""

from typing import Annotated

from msgspec import Meta

from infoharbor.contractkit import (
    CALENDAR,
    NEW,
    PUBLIC,
    Move,
    Record,
    Role,
    Status,
    all_of,
)
from infoharbor.contractkit.types import (
    Amount,
    Code,
    Count,
    CountryCode,
    Hash,
    Identifier,
    Instant,
    OrganisationId,
    ShortText,
)

COURT = Role("court")
SUPERVISOR = Role("supervisor")
Decimals = Annotated[int, Meta(ge=0, le=18)]
Party = OrganisationId
"""An organisation, or `contract:NAME` for a contract above this one."""


class TokenKind(Status):
    MONEY = "money"
    GOODS = "goods"


class TokenStatus(Status):
    ACTIVE = "active"
    PAUSED = "paused"
    RETIRED = "retired"


class Token(Record, table="tokens", visible=PUBLIC):
    """A fungible claim on its issuer; the id is `ISSUER:SYMBOL`. Amounts count the smallest unit, of which
    10^decimals make one `unit`: an ISO 4217 code for money, a UN/ECE Recommendation 20 code for goods.
    Whoever receives must hold `eligible_role` in `jurisdiction`, if one is named."""

    id: Identifier
    issuer: OrganisationId
    kind: TokenKind
    unit: Code
    decimals: Decimals
    jurisdiction: CountryCode
    eligible_role: Code | None
    minted: Count
    redeemed: Count
    status: TokenStatus

    moves = (
        Move(NEW, TokenStatus.ACTIVE, by="issuer"),
        Move(TokenStatus.ACTIVE, TokenStatus.PAUSED, by="issuer"),
        Move(TokenStatus.PAUSED, TokenStatus.ACTIVE, by="issuer"),
        Move(TokenStatus.ACTIVE, TokenStatus.RETIRED, by="issuer"),
        Move(TokenStatus.PAUSED, TokenStatus.RETIRED, by="issuer"),
    )

    @property
    def supply(self) -> int:
        return self.minted - self.redeemed


class Balance(Record, table="balances", key=("token", "holder")):
    """What one organisation owns of a token: free, held by holds and escrows, or frozen by a court."""

    token: Identifier
    holder: OrganisationId
    issuer: OrganisationId
    free: Count
    held: Count
    frozen: Count

    readers = ("holder", "issuer", SUPERVISOR.of("holder"), SUPERVISOR.of("issuer"))


class LockStatus(Status):
    """How a hold or a grant stands."""

    LIVE = "live"
    USED = "used"
    RELEASED = "released"
    EXPIRED = "expired"


class Hold(Record, table="holds"):
    """An amount that its owner locks for `controller`, who pays out of it, to `beneficiary` alone if one is
    named, or lets go of it. `left` is what is still locked; at `until` it returns to the owner."""

    id: Identifier
    token: Identifier
    owner: OrganisationId
    controller: Party
    beneficiary: OrganisationId | None
    amount: Amount
    left: Count
    until: Instant
    reason: ShortText
    status: LockStatus

    readers = ("owner", "controller", "beneficiary", SUPERVISOR.of("owner"))
    moves = (
        Move(NEW, LockStatus.LIVE, by="owner"),
        Move(LockStatus.LIVE, LockStatus.LIVE, by="controller"),
        Move(LockStatus.LIVE, LockStatus.USED, by="controller"),
        Move(LockStatus.LIVE, LockStatus.RELEASED, by="controller"),
        Move(LockStatus.LIVE, LockStatus.EXPIRED, by=CALENDAR),
    )


class Grant(Record, table="grants"):
    """Leave for `spender` to move up to `amount` of the owner's free balance until a time. Locks nothing."""

    id: Identifier
    token: Identifier
    owner: OrganisationId
    spender: Party
    amount: Amount
    spent: Count
    until: Instant
    status: LockStatus

    readers = ("owner", "spender", SUPERVISOR.of("owner"))
    moves = (
        Move(NEW, LockStatus.LIVE, by="owner"),
        Move(LockStatus.LIVE, LockStatus.LIVE, by="spender"),
        Move(LockStatus.LIVE, LockStatus.USED, by="spender"),
        Move(LockStatus.LIVE, LockStatus.RELEASED, by=("owner", "spender")),
        Move(LockStatus.LIVE, LockStatus.EXPIRED, by=CALENDAR),
    )


class EscrowStatus(Status):
    OPEN = "open"
    DISPUTED = "disputed"
    RELEASED = "released"
    REFUNDED = "refunded"


class Escrow(Record, table="escrows"):
    """An amount that the payer locks for the payee. Each may give it to the other, the arbiter to either; at
    `until` it falls to `falls_to`, one of the two. A dispute gives the arbiter time and moves `until`."""

    id: Identifier
    token: Identifier
    payer: OrganisationId
    payee: OrganisationId
    arbiter: Party | None
    amount: Amount
    until: Instant
    falls_to: OrganisationId
    reference: ShortText
    status: EscrowStatus

    readers = ("payer", "payee", "arbiter", SUPERVISOR.of("payer"), SUPERVISOR.of("payee"))
    moves = (
        Move(NEW, EscrowStatus.OPEN, by="payer"),
        Move(EscrowStatus.OPEN, EscrowStatus.RELEASED, by=("payer", "arbiter", CALENDAR)),
        Move(EscrowStatus.OPEN, EscrowStatus.REFUNDED, by=("payee", "arbiter", CALENDAR)),
        Move(EscrowStatus.OPEN, EscrowStatus.DISPUTED, by=("payer", "payee")),
        Move(EscrowStatus.DISPUTED, EscrowStatus.RELEASED, by=("payer", "arbiter", CALENDAR)),
        Move(EscrowStatus.DISPUTED, EscrowStatus.REFUNDED, by=("payee", "arbiter", CALENDAR)),
    )


class FreezeStatus(Status):
    LIVE = "live"
    LIFTED = "lifted"
    EXECUTED = "executed"


class Freeze(Record, table="freezes"):
    """A court's order over part of a balance; the issuer may execute it by forced transfer out of `left`."""

    id: Identifier
    token: Identifier
    holder: OrganisationId
    issuer: OrganisationId
    amount: Amount
    left: Count
    reference: ShortText
    status: FreezeStatus

    readers = ("holder", "issuer", COURT.of("holder"), SUPERVISOR.of("holder"))
    moves = (
        Move(NEW, FreezeStatus.LIVE, by=COURT.of("holder")),
        Move(FreezeStatus.LIVE, FreezeStatus.LIFTED, by=COURT.of("holder")),
        Move(FreezeStatus.LIVE, FreezeStatus.LIVE, by="issuer"),
        Move(FreezeStatus.LIVE, FreezeStatus.EXECUTED, by="issuer"),
    )


class ForcedTransfer(Record, table="forced_transfers"):
    """A transfer that the issuer made against the holder's will, with its legal ground; never changed."""

    id: Identifier
    token: Identifier
    issuer: OrganisationId
    holder: OrganisationId
    to: OrganisationId
    amount: Amount
    freeze: Identifier | None
    ground: ShortText
    at: Instant

    readers = ("holder", "issuer", "to", SUPERVISOR.of("holder"), SUPERVISOR.of("issuer"))


class TitleStatus(Status):
    LIVE = "live"
    HELD = "held"
    PLEDGED = "pledged"
    FROZEN = "frozen"
    SURRENDERED = "surrendered"
    RETIRED = "retired"


class Title(Record, table="titles"):
    """A unique right, such as a warehouse receipt. Id `ISSUER:KIND:NUMBER`; `commitment` hashes its content.

    At most one encumbrance: a hold for `party` until a time, or a pledge to `party` until it lets go. A
    restricted title changes holder, and is pledged, only with its issuer acting too."""

    id: Identifier
    issuer: Party
    holder: OrganisationId
    kind: Code
    jurisdiction: CountryCode
    restricted: bool
    commitment: Hash
    party: Party | None
    beneficiary: OrganisationId | None
    until: Instant | None
    reason: ShortText
    freeze_reference: ShortText
    status: TitleStatus

    readers = ("holder", "issuer", "party", "beneficiary", SUPERVISOR.within("jurisdiction"))
    moves = (
        Move(NEW, TitleStatus.LIVE, by="issuer"),
        Move(TitleStatus.LIVE, TitleStatus.LIVE, by="holder", via=("TransferTitle",)),
        Move(TitleStatus.LIVE, TitleStatus.HELD, by="holder"),
        Move(TitleStatus.HELD, TitleStatus.LIVE, by=("party", CALENDAR), via=("DeliverTitle", "ReleaseTitle")),
        Move(TitleStatus.HELD, TitleStatus.RETIRED, by=all_of("party", "issuer")),
        Move(TitleStatus.LIVE, TitleStatus.PLEDGED, by="holder"),
        Move(TitleStatus.PLEDGED, TitleStatus.LIVE, by="party", via=("ReleaseTitle",)),
        Move(TitleStatus.LIVE, TitleStatus.FROZEN, by=COURT.within("jurisdiction")),
        Move(TitleStatus.HELD, TitleStatus.FROZEN, by=COURT.within("jurisdiction")),
        Move(TitleStatus.PLEDGED, TitleStatus.FROZEN, by=COURT.within("jurisdiction")),
        Move(TitleStatus.FROZEN, TitleStatus.LIVE, by=COURT.within("jurisdiction"), via=("UnfreezeTitle",)),
        Move(TitleStatus.FROZEN, TitleStatus.HELD, by=COURT.within("jurisdiction"), via=("UnfreezeTitle",)),
        Move(TitleStatus.FROZEN, TitleStatus.PLEDGED, by=COURT.within("jurisdiction"), via=("UnfreezeTitle",)),
        Move(TitleStatus.LIVE, TitleStatus.SURRENDERED, by="holder"),
        Move(TitleStatus.SURRENDERED, TitleStatus.RETIRED, by="issuer"),
    )

    @property
    def unfrozen(self) -> TitleStatus:
        """What the title is once no freeze covers it: its encumbrance outlives the freeze."""
        if self.party is None:
            return TitleStatus.LIVE
        return TitleStatus.PLEDGED if self.until is None else TitleStatus.HELD
