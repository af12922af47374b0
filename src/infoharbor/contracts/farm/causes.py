"""How a lot is stopped and let go: holds, recalls, and rehearsals of a recall with the time they take."""

from typing import Annotated

from msgspec import Meta

from infoharbor.contractkit import NEW, Action, Ledger, Move, Record, Status, ensure
from infoharbor.contractkit.types import Code, Count, Identifier, Instant, OrganisationId
from infoharbor.contracts.document.records import Document
from infoharbor.contracts.farm.land import Number, own_id
from infoharbor.contracts.farm.lineage import DESCENDANTS_MAX, descendants
from infoharbor.contracts.farm.records import CERTIFIER, SUPERVISOR, Cause, CauseKind, CauseStatus, Lot

CAUSES_MAX = 20
Named = Annotated[tuple[Identifier, ...], Meta(max_length=DESCENDANTS_MAX)]


class RehearsalStatus(Status):
    RUNNING = "running"
    FINISHED = "finished"


class Rehearsal(Record, table="rehearsals"):
    """A mock recall: how many lots a recall would reach, how many of them their people named, and the milliseconds
    from its start to its end. It stops nothing."""

    id: Identifier
    lot: Identifier
    started_by: OrganisationId
    started_at: Instant
    finished_at: Instant
    took_ms: Count
    reached: Count
    named: Count
    named_in_vain: Count
    status: RehearsalStatus

    readers = ("started_by", SUPERVISOR.of("started_by"))
    moves = (
        Move(NEW, RehearsalStatus.RUNNING, by="started_by"),
        Move(RehearsalStatus.RUNNING, RehearsalStatus.FINISHED, by="started_by"),
    )


class OpenCause(Action):
    """Hold or recall a lot: it and all that comes from it stop at once. By its holder or producer, or a certifier or
    the market supervisor of its country."""

    number: Number
    lot: Identifier
    kind: CauseKind
    reason: Code
    document: Identifier | None

    def apply(self, ledger: Ledger) -> str:
        lot = ledger.get(Lot, self.lot, field="lot")
        if ledger.actor not in (lot.holder, lot.producer) and not ledger.holds(
            SUPERVISOR, jurisdiction=lot.jurisdiction
        ):
            ledger.require(CERTIFIER, jurisdiction=lot.jurisdiction)
        if self.document is not None:
            ledger.get(Document, self.document, field="document")
        return open_cause(ledger, lot, own_id(ledger.actor, self.number), self.kind, self.reason, self.document)


class CloseCause(Action):
    """End a hold or recall, with what was found. By who opened it, or the market supervisor."""

    lot: Identifier
    cause: Identifier
    closing_code: Code

    def apply(self, ledger: Ledger) -> None:
        closed = CauseStatus.CLOSED
        ledger.move(Cause, (self.lot, self.cause), closed, closed_at=ledger.now, closing_code=self.closing_code)


class StartRehearsal(Action):
    """Begin a mock recall of a lot that the acting organisation holds or produced."""

    number: Number
    lot: Identifier

    def apply(self, ledger: Ledger) -> str:
        lot = ledger.get(Lot, self.lot, field="lot")
        ledger.ensure_actor(lot.holder, lot.producer)
        rehearsal = own_id(ledger.actor, self.number)
        started = (rehearsal, lot.id, ledger.actor, ledger.now)
        ledger.create(Rehearsal(*started, 0, 0, 0, 0, 0, RehearsalStatus.RUNNING))
        return rehearsal


class FinishRehearsal(Action):
    """End a mock recall by naming the lots that were found; the ledger counts those that a recall would have reached."""

    rehearsal: Identifier
    found: Named

    def apply(self, ledger: Ledger) -> None:
        running = ledger.get(Rehearsal, self.rehearsal, field="rehearsal")
        reach = descendants(ledger, running.lot)
        ensure(reach.whole, "reach_too_long", field="rehearsal", expected=f"at most {DESCENDANTS_MAX} lots reached")
        found, reached = set(self.found), set(reach.lots)
        ledger.move(
            Rehearsal, self.rehearsal, RehearsalStatus.FINISHED, finished_at=ledger.now,
            took_ms=ledger.now - running.started_at, reached=len(reached), named=len(found & reached),
            named_in_vain=len(found - reached),
        )  # fmt: skip


def open_cause(ledger: Ledger, lot: Lot, cause: str, kind: CauseKind, reason: str, document: str | None) -> str:
    """Write the one record that stops a lot and all that comes from it."""
    live = [each for each in ledger.scan(Cause, lot.id) if each.status == CauseStatus.OPEN]
    ensure(len(live) < CAUSES_MAX, "causes_count", field="lot", expected=f"at most {CAUSES_MAX} open causes")
    about = (kind, reason, ledger.actor, lot.jurisdiction, document, ledger.now, 0, None)
    ledger.create(Cause(lot.id, cause, *about, CauseStatus.OPEN))
    return cause
