"""What 承诺达标合格证 says of a batch: the producer's pledge that it meets the rules, issued, collected and reissued."""

from infoharbor.contractkit import NEW, Action, Ledger, Move, Record, Status, ensure
from infoharbor.contractkit.types import Amount, Count, Identifier, Instant, OrganisationId
from infoharbor.contracts.farm.land import Number, own_id
from infoharbor.contracts.farm.lineage import ensure_conforming
from infoharbor.contracts.farm.records import SUPERVISOR, Lot
from infoharbor.contracts.identity.records import Organisation


class Basis(Status):
    """What the pledge rests on; the boxes of the paper form."""

    ENTRUSTED_TEST = "entrusted_test"
    OWN_TEST = "own_test"
    QUALITY_CONTROL = "quality_control"
    OWN_COMMITMENT = "own_commitment"


class PledgeStatus(Status):
    ISSUED = "issued"
    COLLECTED = "collected"


class Pledge(Record, table="pledges"):
    """A pledge for so many grams of a lot, made out to who receives them. `reissued` grams of it went on under new
    pledges, each of which names this one."""

    id: Identifier
    lot: Identifier
    issuer: OrganisationId
    recipient: OrganisationId
    grams: Amount
    basis: Basis
    reissued_from: Identifier | None
    reissued: Count
    issued_at: Instant
    collected_at: Instant
    audience: tuple[str, ...]
    status: PledgeStatus

    readers = ("audience", "issuer", "recipient", SUPERVISOR.of("issuer"))
    moves = (
        Move(NEW, PledgeStatus.ISSUED, by="issuer"),
        Move(PledgeStatus.ISSUED, PledgeStatus.COLLECTED, by="recipient"),
    )


class Pledged(Record, table="pledged", key="lot"):
    """The grams of a lot that its holders made pledges for at first hand; never more than the lot has."""

    lot: Identifier
    grams: Count
    audience: tuple[str, ...]

    readers = ("audience",)


class IssuePledge(Action):
    """Pledge that a batch meets the rules, for who receives it. By the lot's producer; refused where the lot is stopped
    or does not conform, and beyond its grams."""

    number: Number
    lot: Identifier
    recipient: OrganisationId
    grams: Amount
    basis: Basis

    def apply(self, ledger: Ledger) -> str:
        lot = ledger.get(Lot, self.lot, field="lot")
        ledger.ensure_actor(lot.producer)
        ensure_conforming(ledger, lot)
        before = ledger.find(Pledged, lot.id) or Pledged(lot.id, 0, (lot.producer,))
        room = lot.grams - before.grams
        ensure(self.grams <= room, "pledged_beyond_lot", field="grams", expected=f"at most {room} g")
        ledger.put(before.replace(grams=before.grams + self.grams))
        return issue(ledger, lot, self.number, self.recipient, self.grams, self.basis, None)


class CollectPledge(Action):
    """The recipient takes the pledge in with the goods, as a buyer has to before it sells on."""

    pledge: Identifier

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Pledge, self.pledge, PledgeStatus.COLLECTED, collected_at=ledger.now)


class ReissuePledge(Action):
    """Whoever collected a pledge and divides the batch makes out a new one for a part of it, which names the first."""

    number: Number
    pledge: Identifier
    recipient: OrganisationId
    grams: Amount

    def apply(self, ledger: Ledger) -> str:
        source = ledger.get(Pledge, self.pledge, field="pledge")
        ledger.ensure_actor(source.recipient)
        collected = source.status == PledgeStatus.COLLECTED
        ensure(collected, "not_collected", field="pledge", expected="a pledge that you collected")
        lot = ledger.get(Lot, source.lot)
        ensure_conforming(ledger, lot)
        room = source.grams - source.reissued
        ensure(self.grams <= room, "pledged_beyond_lot", field="grams", expected=f"at most {room} g")
        ledger.put(source.replace(reissued=source.reissued + self.grams))
        return issue(ledger, lot, self.number, self.recipient, self.grams, source.basis, source.id)


def issue(ledger: Ledger, lot: Lot, number: str, recipient: str, grams: int, basis: Basis, source: str | None) -> str:
    ledger.get(Organisation, recipient, field="recipient")
    about = (recipient, grams, basis, source, 0, ledger.now, 0, lot.audience)
    pledge = Pledge(own_id(ledger.actor, number), lot.id, ledger.actor, *about, PledgeStatus.ISSUED)
    ledger.create(pledge)
    return pledge.id
