"""What always holds of assets, whatever is done with them; the audit runs it."""

from collections.abc import Iterator

from infoharbor.contractkit import Ledger, invariant
from infoharbor.contracts.asset.records import (
    Balance,
    Escrow,
    EscrowStatus,
    Freeze,
    FreezeStatus,
    Grant,
    Hold,
    LockStatus,
    Title,
    TitleStatus,
    Token,
    TokenStatus,
)


@invariant
def supply_is_what_balances_hold(ledger: Ledger) -> Iterator[str]:
    """Minted less redeemed is free and held and frozen, over all holders."""
    for token in ledger.scan(Token):
        owned = sum(each.free + each.held + each.frozen for each in ledger.scan(Balance, token.id))
        if owned != token.supply or (token.status == TokenStatus.RETIRED and owned):
            yield f"asset/tokens/{token.id}"


@invariant
def locks_are_backed(ledger: Ledger) -> Iterator[str]:
    """What a balance shows as held and frozen is what holds, escrows and freezes lock, to the unit."""
    held: dict[tuple[str, str], int] = {}
    frozen: dict[tuple[str, str], int] = {}
    for hold in ledger.scan(Hold):
        held[hold.token, hold.owner] = held.get((hold.token, hold.owner), 0) + hold.left
    for escrow in ledger.scan(Escrow):
        if escrow.status in (EscrowStatus.OPEN, EscrowStatus.DISPUTED):
            held[escrow.token, escrow.payer] = held.get((escrow.token, escrow.payer), 0) + escrow.amount
    for freeze in ledger.scan(Freeze):
        frozen[freeze.token, freeze.holder] = frozen.get((freeze.token, freeze.holder), 0) + freeze.left
    for balance in ledger.scan(Balance):
        key = (balance.token, balance.holder)
        if (held.pop(key, 0), frozen.pop(key, 0)) != (balance.held, balance.frozen) or balance.free < 0:
            yield f"asset/balances/{balance.token}/{balance.holder}"
    for token, holder in sorted({key for key, left in (held | frozen).items() if left}):
        yield f"asset/balances/{token}/{holder}"


@invariant
def only_what_lives_locks(ledger: Ledger) -> Iterator[str]:
    """A hold or freeze that is over locks nothing, a live one at most its amount; no grant is overspent."""
    for hold in ledger.scan(Hold):
        if not (0 < hold.left <= hold.amount if hold.status == LockStatus.LIVE else hold.left == 0):
            yield f"asset/holds/{hold.id}"
    for freeze in ledger.scan(Freeze):
        if not (0 < freeze.left <= freeze.amount if freeze.status == FreezeStatus.LIVE else freeze.left == 0):
            yield f"asset/freezes/{freeze.id}"
    for grant in ledger.scan(Grant):
        used_up = grant.spent == grant.amount
        if not 0 <= grant.spent <= grant.amount or used_up != (grant.status == LockStatus.USED):
            yield f"asset/grants/{grant.id}"


@invariant
def a_title_shows_its_encumbrance(ledger: Ledger) -> Iterator[str]:
    """Held and pledged titles name who encumbers them; free and ended ones nobody; and no title is both."""
    for title in ledger.scan(Title):
        ended = title.status in (TitleStatus.SURRENDERED, TitleStatus.RETIRED)
        expected = TitleStatus.LIVE if ended else title.status
        if title.status != TitleStatus.FROZEN and title.unfrozen != expected:
            yield f"asset/titles/{title.id}"
