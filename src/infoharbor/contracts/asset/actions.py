"""What may be done with assets: issue, move, lock, lend, freeze and end tokens and titles."""

from infoharbor.contractkit import (
    Action,
    Ledger,
    Parameter,
    Record,
    Refusal,
    Role,
    contract_actor,
    ensure,
    when_due,
)
from infoharbor.contractkit.identifiers import is_country, is_slug
from infoharbor.contractkit.types import (
    Amount,
    Code,
    CountryCode,
    Hash,
    Identifier,
    Instant,
    OrganisationId,
    ShortText,
)
from infoharbor.contracts.asset.records import (
    Balance,
    Decimals,
    Escrow,
    EscrowStatus,
    ForcedTransfer,
    Freeze,
    FreezeStatus,
    Grant,
    Hold,
    LockStatus,
    Party,
    Title,
    TitleStatus,
    Token,
    TokenKind,
    TokenStatus,
)

MINTED_MAX = 2**63 - 1
"""No balance can overflow while the total ever minted does not, so nothing else is checked for it."""
DAY = 24 * 60 * 60 * 1000
DISPUTE_PERIOD = Parameter("asset.dispute_period_ms", 30 * DAY, "ms", DAY, 366 * DAY)
ISSUER_ROLES = {TokenKind.MONEY: Role("money-issuer"), TokenKind.GOODS: Role("goods-issuer")}
"""Nobody holds these until accredited in a jurisdiction, so tokens are off where nobody is."""


class Transfer(Action):
    """Pay another organisation out of the acting one's free balance."""

    token: Identifier
    to: OrganisationId
    amount: Amount
    reference: ShortText

    def apply(self, ledger: Ledger) -> None:
        ensure(self.to != ledger.actor, "to_self", field="to", expected="another organisation")
        token = active_token(ledger, self.token)
        change(ledger, token.id, ledger.actor, free=-self.amount)
        receive(ledger, token, self.to, self.amount)


# Tokens and their issuer


class IssueToken(Action):
    """Found a token of the acting organisation, accredited to issue money or goods in the jurisdiction."""

    symbol: Code
    kind: TokenKind
    unit: Code
    decimals: Decimals
    jurisdiction: CountryCode
    eligible_role: Code | None

    def apply(self, ledger: Ledger) -> str:
        ensure_name(self.symbol, field="symbol")
        ensure(
            is_country(self.jurisdiction), "jurisdiction", field="jurisdiction", expected="ISO 3166-1 alpha-2"
        )
        if self.kind == TokenKind.MONEY:
            ensure(is_currency(self.unit), "unit", field="unit", expected="three capital letters, ISO 4217")
        token = Token(
            f"{ledger.actor}:{self.symbol}", ledger.actor, self.kind, self.unit, self.decimals,
            self.jurisdiction, self.eligible_role, 0, 0, TokenStatus.ACTIVE,
        )  # fmt: skip
        ensure_accredited(ledger, token)
        create(ledger, token)
        return token.id


class PauseToken(Action):
    """Stop every transfer, lock and payout of one's token; what is locked can still return to its owner."""

    token: Identifier

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Token, self.token, TokenStatus.PAUSED)


class ResumeToken(Action):
    """Let a paused token move again."""

    token: Identifier

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Token, self.token, TokenStatus.ACTIVE)


class RetireToken(Action):
    """End one's token for good, once nobody owns any of it."""

    token: Identifier

    def apply(self, ledger: Ledger) -> None:
        retired = ledger.move(Token, self.token, TokenStatus.RETIRED)
        ensure(retired.supply == 0, "supply_outstanding", field="token", expected="everything redeemed first")


class Mint(Action):
    """Create an amount of one's token for a holder; the accreditation as issuer must still hold."""

    token: Identifier
    to: OrganisationId
    amount: Amount
    reference: ShortText

    def apply(self, ledger: Ledger) -> None:
        token = active_token(ledger, self.token)
        ledger.ensure_actor(token.issuer)
        ensure_accredited(ledger, token)
        most = MINTED_MAX - token.minted
        ensure(self.amount <= most, "supply_overflow", field="amount", expected=f"at most {most}")
        ledger.put(token.replace(minted=token.minted + self.amount))
        receive(ledger, token, self.to, self.amount)


class Redeem(Action):
    """Give an amount back to its issuer, who owes what the token stands for; it ceases to be."""

    token: Identifier
    amount: Amount
    reference: ShortText

    def apply(self, ledger: Ledger) -> None:
        token = active_token(ledger, self.token)
        change(ledger, token.id, ledger.actor, free=-self.amount)
        ledger.put(token.replace(redeemed=token.redeemed + self.amount))


# Holds and grants: what others may move


class PlaceHold(Action):
    """Lock an amount for a controller: an organisation, or `contract:NAME`. It returns when `until` comes."""

    id: Identifier
    token: Identifier
    controller: Party
    beneficiary: OrganisationId | None
    amount: Amount
    until: Instant
    reason: ShortText

    def apply(self, ledger: Ledger) -> str:
        token = active_token(ledger, self.token)
        ensure_party(ledger, self.controller, field="controller")
        if self.beneficiary is not None:
            ensure_may_receive(ledger, token, self.beneficiary, field="beneficiary")
        ensure_future(ledger, self.until)
        change(ledger, token.id, ledger.actor, free=-self.amount, held=self.amount)
        hold = Hold(
            self.id, token.id, ledger.actor, self.controller, self.beneficiary, self.amount, self.amount,
            self.until, self.reason, LockStatus.LIVE,
        )  # fmt: skip
        return create(ledger, hold)


class ExecuteHold(Action):
    """Pay all or part of a hold that one controls."""

    hold: Identifier
    to: OrganisationId
    amount: Amount

    def apply(self, ledger: Ledger) -> None:
        hold = ledger.get(Hold, self.hold, field="hold")
        left = hold.left - self.amount
        ledger.move(Hold, hold.id, LockStatus.LIVE if left > 0 else LockStatus.USED, left=max(left, 0))
        ensure(left >= 0, "hold_short", field="amount", expected=f"at most {hold.left}")
        ensure_beneficiary(hold.beneficiary, self.to)
        token = active_token(ledger, hold.token)
        change(ledger, token.id, hold.owner, held=-self.amount)
        receive(ledger, token, self.to, self.amount)


class ReleaseHold(Action):
    """Let go of a hold that one controls: what is left of it is its owner's again."""

    hold: Identifier

    def apply(self, ledger: Ledger) -> None:
        end_hold(ledger, self.hold, LockStatus.RELEASED)


class GiveGrant(Action):
    """Let an organisation, or `contract:NAME`, move up to an amount of one's free balance until a time."""

    id: Identifier
    token: Identifier
    spender: Party
    amount: Amount
    until: Instant

    def apply(self, ledger: Ledger) -> str:
        token = active_token(ledger, self.token)
        ensure_party(ledger, self.spender, field="spender")
        ensure_future(ledger, self.until)
        return create(
            ledger,
            Grant(self.id, token.id, ledger.actor, self.spender, self.amount, 0, self.until, LockStatus.LIVE),
        )


class SpendGrant(Action):
    """Pay out of the balance of whoever gave the grant."""

    grant: Identifier
    to: OrganisationId
    amount: Amount

    def apply(self, ledger: Ledger) -> None:
        grant = ledger.get(Grant, self.grant, field="grant")
        left = grant.amount - grant.spent - self.amount
        after = LockStatus.LIVE if left > 0 else LockStatus.USED
        ledger.move(Grant, grant.id, after, spent=grant.spent + self.amount)
        ensure(left >= 0, "grant_short", field="amount", expected=f"at most {grant.amount - grant.spent}")
        token = active_token(ledger, grant.token)
        change(ledger, token.id, grant.owner, free=-self.amount)
        receive(ledger, token, self.to, self.amount)


class WithdrawGrant(Action):
    """End a grant that one gave or got."""

    grant: Identifier

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Grant, self.grant, LockStatus.RELEASED)


# Escrow


class OpenEscrow(Action):
    """Lock an amount for a payee until it is released, refunded or timed out; then `falls_to` gets it."""

    id: Identifier
    token: Identifier
    payee: OrganisationId
    arbiter: Party | None
    amount: Amount
    until: Instant
    falls_to: OrganisationId
    reference: ShortText

    def apply(self, ledger: Ledger) -> str:
        token = active_token(ledger, self.token)
        sides = (ledger.actor, self.payee)
        ensure(self.payee != ledger.actor, "to_self", field="payee", expected="another organisation")
        ensure_may_receive(ledger, token, self.payee, field="payee")
        if self.arbiter is not None:
            ensure_party(ledger, self.arbiter, field="arbiter")
            ensure(self.arbiter not in sides, "arbiter_is_party", field="arbiter", expected="a third party")
        ensure(self.falls_to in sides, "falls_to", field="falls_to", expected=" or ".join(sides))
        ensure_future(ledger, self.until)
        change(ledger, token.id, ledger.actor, free=-self.amount, held=self.amount)
        escrow = Escrow(
            self.id, token.id, ledger.actor, self.payee, self.arbiter, self.amount, self.until, self.falls_to,
            self.reference, EscrowStatus.OPEN,
        )  # fmt: skip
        return create(ledger, escrow)


class ReleaseEscrow(Action):
    """Give the amount to the payee: by the payer, or the arbiter."""

    escrow: Identifier

    def apply(self, ledger: Ledger) -> None:
        active_token(ledger, settle(ledger, self.escrow, EscrowStatus.RELEASED).token)


class RefundEscrow(Action):
    """Give the amount back to the payer: by the payee, or the arbiter."""

    escrow: Identifier

    def apply(self, ledger: Ledger) -> None:
        settle(ledger, self.escrow, EscrowStatus.REFUNDED)


class DisputeEscrow(Action):
    """Call the arbiter: from now it has the dispute period to decide, before the amount falls as agreed."""

    escrow: Identifier

    def apply(self, ledger: Ledger) -> None:
        until = ledger.now + ledger.parameter(DISPUTE_PERIOD)
        disputed = ledger.move(Escrow, self.escrow, EscrowStatus.DISPUTED, until=until)
        ensure(disputed.arbiter is not None, "no_arbiter", field="escrow", expected="one with an arbiter")


# Courts and forced transfers


class FreezeBalance(Action):
    """Freeze part of a holder's free balance. By the court of the holder's jurisdiction."""

    id: Identifier
    token: Identifier
    holder: OrganisationId
    amount: Amount
    reference: ShortText

    def apply(self, ledger: Ledger) -> str:
        token = ledger.get(Token, self.token, field="token")
        freeze = Freeze(
            self.id, token.id, self.holder, token.issuer, self.amount, self.amount, self.reference,
            FreezeStatus.LIVE,
        )  # fmt: skip
        create(ledger, freeze)
        change(ledger, token.id, self.holder, free=-self.amount, frozen=self.amount)
        return freeze.id


class LiftFreeze(Action):
    """End a freeze: what is left of it is free again. `reference` names the order that lifts it."""

    freeze: Identifier
    reference: ShortText

    def apply(self, ledger: Ledger) -> None:
        left = ledger.get(Freeze, self.freeze, field="freeze").left
        lifted = ledger.move(Freeze, self.freeze, FreezeStatus.LIFTED, left=0, reference=self.reference)
        change(ledger, lifted.token, lifted.holder, free=left, frozen=-left)


class ForceTransfer(Action):
    """Move an amount without its holder, out of its free balance or of a freeze, for a stated legal ground.

    By the issuer, with two of its users signing."""

    id: Identifier
    token: Identifier
    holder: OrganisationId
    to: OrganisationId
    amount: Amount
    freeze: Identifier | None
    ground: ShortText

    def apply(self, ledger: Ledger) -> str:
        token = ledger.get(Token, self.token, field="token")
        ensure(ledger.actor == token.issuer, "ledger.not_entitled", field="by", expected=token.issuer)
        ensure(len(ledger.users) >= 2, "dual_control", field="by", expected="two users of the issuer")
        ensure(self.ground.strip(), "no_ground", field="ground", expected="the law, judgment or order")
        if self.freeze is None:
            change(ledger, token.id, self.holder, free=-self.amount)
        else:
            execute_freeze(ledger, self.freeze, token.id, self.holder, self.amount)
        receive(ledger, token, self.to, self.amount)
        forced = ForcedTransfer(
            self.id, token.id, token.issuer, self.holder, self.to, self.amount, self.freeze, self.ground,
            ledger.now,
        )  # fmt: skip
        return create(ledger, forced)


# Titles


class IssueTitle(Action):
    """Create a unique title for a holder; its content stays with the issuer, its hash is the commitment."""

    kind: Code
    number: Code
    holder: OrganisationId
    jurisdiction: CountryCode
    restricted: bool
    commitment: Hash

    def apply(self, ledger: Ledger) -> str:
        ensure_name(self.kind, field="kind")
        ensure_name(self.number, field="number")
        ensure(
            is_country(self.jurisdiction), "jurisdiction", field="jurisdiction", expected="ISO 3166-1 alpha-2"
        )
        ensure_known(ledger, self.holder, field="holder")
        title = Title(
            f"{ledger.actor}:{self.kind}:{self.number}", ledger.actor, self.holder, self.kind,
            self.jurisdiction, self.restricted, self.commitment, None, None, None, "", "", TitleStatus.LIVE,
        )  # fmt: skip
        return create(ledger, title)


class TransferTitle(Action):
    """Hand a free title to another organisation."""

    title: Identifier
    to: OrganisationId

    def apply(self, ledger: Ledger) -> None:
        title = standing(ledger, self.title, TitleStatus.LIVE)
        ledger.move(Title, title.id, TitleStatus.LIVE, holder=self.to)
        ensure_known(ledger, self.to, field="to")
        ensure_issuer_acts(ledger, title)


class HoldTitle(Action):
    """Lock a free title for a controller, who delivers it (to the beneficiary, if named) or lets it go."""

    title: Identifier
    controller: Party
    beneficiary: OrganisationId | None
    until: Instant
    reason: ShortText

    def apply(self, ledger: Ledger) -> None:
        title = standing(ledger, self.title, TitleStatus.LIVE)
        ledger.move(
            Title, title.id, TitleStatus.HELD,
            party=self.controller, beneficiary=self.beneficiary, until=self.until, reason=self.reason,
        )  # fmt: skip
        ensure_party(ledger, self.controller, field="controller")
        if self.beneficiary is not None:
            ensure_known(ledger, self.beneficiary, field="beneficiary")
        ensure_future(ledger, self.until)


class DeliverTitle(Action):
    """Hand over a title that one controls by a hold."""

    title: Identifier
    to: OrganisationId

    def apply(self, ledger: Ledger) -> None:
        title = standing(ledger, self.title, TitleStatus.HELD)
        ledger.move(Title, title.id, TitleStatus.LIVE, holder=self.to, **UNENCUMBERED)
        ensure_beneficiary(title.beneficiary, self.to)
        ensure_known(ledger, self.to, field="to")
        ensure_issuer_acts(ledger, title)


class PledgeTitle(Action):
    """Pledge a free title: it stays the holder's, and stays put until the pledgee releases it."""

    title: Identifier
    pledgee: Party
    reason: ShortText

    def apply(self, ledger: Ledger) -> None:
        title = standing(ledger, self.title, TitleStatus.LIVE)
        ledger.move(Title, title.id, TitleStatus.PLEDGED, party=self.pledgee, reason=self.reason)
        ensure_party(ledger, self.pledgee, field="pledgee")
        ensure_issuer_acts(ledger, title)


class ReleaseTitle(Action):
    """Let go of a title that one controls by a hold or has in pledge."""

    title: Identifier

    def apply(self, ledger: Ledger) -> None:
        title = standing(ledger, self.title, TitleStatus.HELD, TitleStatus.PLEDGED)
        ledger.move(Title, title.id, TitleStatus.LIVE, **UNENCUMBERED)


class FreezeTitle(Action):
    """Freeze a title, with its encumbrance if it has one. By the court of its jurisdiction."""

    title: Identifier
    reference: ShortText

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Title, self.title, TitleStatus.FROZEN, freeze_reference=self.reference)


class UnfreezeTitle(Action):
    """End a title's freeze: it is again what it was before, held or pledged if it was."""

    title: Identifier
    reference: ShortText

    def apply(self, ledger: Ledger) -> None:
        title = standing(ledger, self.title, TitleStatus.FROZEN)
        ledger.move(Title, title.id, title.unfrozen, freeze_reference=self.reference)


class SurrenderTitle(Action):
    """Give a free title back to its issuer, against what it stands for."""

    title: Identifier

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Title, self.title, TitleStatus.SURRENDERED)


class RetireTitle(Action):
    """End a title for good: by its issuer, once surrendered or while a hold gives the issuer control."""

    title: Identifier

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Title, self.title, TitleStatus.RETIRED, **UNENCUMBERED)


UNENCUMBERED: dict[str, str | None] = {"party": None, "beneficiary": None, "until": None, "reason": ""}


# What time does


@when_due(Hold, status=LockStatus.LIVE, at="until")
def expire_hold(ledger: Ledger, hold: Hold) -> None:
    """A hold that nobody used in time returns to its owner."""
    end_hold(ledger, hold.id, LockStatus.EXPIRED)


@when_due(Grant, status=LockStatus.LIVE, at="until")
def expire_grant(ledger: Ledger, grant: Grant) -> None:
    """A grant ends at its time."""
    ledger.move(Grant, grant.id, LockStatus.EXPIRED)


@when_due(Escrow, status=EscrowStatus.OPEN, at="until")
def time_out_escrow(ledger: Ledger, escrow: Escrow) -> None:
    """An escrow that nobody settled falls to whom its parties named."""
    fall(ledger, escrow)


@when_due(Escrow, status=EscrowStatus.DISPUTED, at="until")
def time_out_dispute(ledger: Ledger, escrow: Escrow) -> None:
    """An arbiter that stays silent locks nobody's money for ever."""
    fall(ledger, escrow)


@when_due(Title, status=TitleStatus.HELD, at="until")
def expire_title_hold(ledger: Ledger, title: Title) -> None:
    """A title that was not delivered in time is free again."""
    ledger.move(Title, title.id, TitleStatus.LIVE, **UNENCUMBERED)


# How value moves: each of these is given to by exactly what it takes


def change(ledger: Ledger, token: str, holder: str, *, free: int = 0, held: int = 0, frozen: int = 0) -> None:
    """Add to the parts of a balance, or take from them; refused as `balance_short` if too little is free."""
    balance = ledger.find(Balance, token, holder)
    if balance is None or balance.free + free < 0:
        raise Refusal("balance_short", field="amount", expected=f"at most {balance.free if balance else 0}")
    parts = (balance.free + free, balance.held + held, balance.frozen + frozen)
    ledger.put(Balance(token, holder, balance.issuer, *parts))


def receive(ledger: Ledger, token: Token, holder: str, amount: int) -> None:
    """Add to a balance that may be new, if its holder may receive this token."""
    if token.eligible_role is not None:
        ensure_eligible(ledger, token, holder, field="to")
    balance = ledger.find(Balance, token.id, holder)
    if balance is None:
        ensure_known(ledger, holder, field="to")
        ledger.put(Balance(token.id, holder, token.issuer, amount, 0, 0))
    else:
        free = balance.free + amount
        ledger.put(Balance(token.id, holder, balance.issuer, free, balance.held, balance.frozen))


def end_hold(ledger: Ledger, hold: str, status: LockStatus) -> None:
    """Give what is left of a hold back to its owner."""
    left = ledger.get(Hold, hold, field="hold").left
    ended = ledger.move(Hold, hold, status, left=0)
    change(ledger, ended.token, ended.owner, free=left, held=-left)


def settle(ledger: Ledger, escrow: str, status: EscrowStatus) -> Escrow:
    """Close an escrow to the one side or the other."""
    settled = ledger.move(Escrow, escrow, status)
    if status == EscrowStatus.REFUNDED:
        change(ledger, settled.token, settled.payer, free=settled.amount, held=-settled.amount)
    else:
        change(ledger, settled.token, settled.payer, held=-settled.amount)
        receive(ledger, ledger.get(Token, settled.token), settled.payee, settled.amount)
    return settled


def fall(ledger: Ledger, escrow: Escrow) -> None:
    """Settle as agreed, pause or not; a payee that may no longer receive leaves the amount with the payer."""
    token = ledger.get(Token, escrow.token)
    to_payee = escrow.falls_to == escrow.payee and is_eligible(ledger, token, escrow.payee)
    settle(ledger, escrow.id, EscrowStatus.RELEASED if to_payee else EscrowStatus.REFUNDED)


def execute_freeze(ledger: Ledger, freeze: str, token: str, holder: str, amount: int) -> None:
    """Take an amount out of a freeze of this very balance."""
    found = ledger.get(Freeze, freeze, field="freeze")
    same = (found.token, found.holder) == (token, holder)
    ensure(same, "freeze_of_another", field="freeze", expected=f"a freeze of {token} of {holder}")
    left = found.left - amount
    ensure(left >= 0, "freeze_short", field="amount", expected=f"at most {found.left}")
    ledger.move(Freeze, freeze, FreezeStatus.LIVE if left else FreezeStatus.EXECUTED, left=left)
    change(ledger, token, holder, frozen=-amount)


def create(ledger: Ledger, record: Record) -> str:
    """Write a record whose id its maker chose, and which must be new; returns the id."""
    identifier: str = record.id  # type: ignore[attr-defined]
    unused = ledger.find(type(record), identifier) is None
    ensure(unused, "id_known", field="id", expected="an id never used before")
    ledger.put(record)
    return identifier


# What must hold first


def active_token(ledger: Ledger, token: str) -> Token:
    found = ledger.get(Token, token, field="token")
    ensure(found.status == TokenStatus.ACTIVE, "token_not_active", field="token", expected="an active token")
    return found


def standing(ledger: Ledger, title: str, *statuses: TitleStatus) -> Title:
    """The title in one of these statuses: where actions share a move, the status tells them apart."""
    found = ledger.get(Title, title, field="title")
    ensure(found.status in statuses, "title_status", field="title", expected=" or ".join(map(str, statuses)))
    return found


def ensure_accredited(ledger: Ledger, token: Token) -> None:
    role = ISSUER_ROLES[token.kind]
    held = ledger.holds(role, jurisdiction=token.jurisdiction, organisation=token.issuer)
    ensure(held, "issuer_not_accredited", field="by", expected=f"{role.name} in {token.jurisdiction}")


def is_eligible(ledger: Ledger, token: Token, holder: str) -> bool:
    """The issuer always is, so that whatever it issued can come back to it."""
    if token.eligible_role is None or holder == token.issuer:
        return True
    return ledger.holds(Role(token.eligible_role), jurisdiction=token.jurisdiction, organisation=holder)


def ensure_eligible(ledger: Ledger, token: Token, holder: str, *, field: str) -> None:
    """Refuses the receiver, never the sender: whoever lost the role may still sell or redeem."""
    wanted = f"{token.eligible_role} in {token.jurisdiction}"
    ensure(is_eligible(ledger, token, holder), "receiver_not_eligible", field=field, expected=wanted)


def ensure_may_receive(ledger: Ledger, token: Token, holder: str, *, field: str) -> None:
    """Asked when value is promised, so that a promise that cannot be kept is not made."""
    ensure_known(ledger, holder, field=field)
    ensure_eligible(ledger, token, holder, field=field)


def ensure_known(ledger: Ledger, organisation: str, *, field: str) -> None:
    """Only organisations own assets; a contract moves what owners let it."""
    ensure(ledger.jurisdiction(organisation), "organisation_unknown", field=field, expected="an organisation")


def ensure_party(ledger: Ledger, party: str, *, field: str) -> None:
    if not party.startswith(contract_actor("")):
        ensure_known(ledger, party, field=field)


def ensure_future(ledger: Ledger, until: int) -> None:
    ensure(until > ledger.now, "until_past", field="until", expected="a time to come")


def ensure_issuer_acts(ledger: Ledger, title: Title) -> None:
    acts = not title.restricted or title.issuer in ledger.organisations
    ensure(acts, "issuer_must_act", field="by", expected=title.issuer)


def ensure_beneficiary(beneficiary: str | None, to: str) -> None:
    ensure(beneficiary in (None, to), "not_beneficiary", field="to", expected=beneficiary)


def ensure_name(text: str, *, field: str) -> None:
    ensure(is_slug(text), "name", field=field, expected="lower-case letters, digits and inner hyphens")


def is_currency(unit: str) -> bool:
    return len(unit) == 3 and all("A" <= letter <= "Z" for letter in unit)
