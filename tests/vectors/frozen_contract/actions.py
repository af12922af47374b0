"""What the frozen contract does: write, amend, close and erase notes; open ones lapse."""

from frozen_contract.records import Note, NoteStatus, Place
from infoharbor.contractkit import Action, Ledger, Role, ensure, when_due
from infoharbor.contractkit.types import Instant


class WriteNote(Action):
    """Write a note, or write over an open one."""

    owner: str
    id: str
    text: str
    content: bytes
    until: Instant
    places: tuple[Place, ...]

    def apply(self, ledger: Ledger) -> None:
        ensure(len(self.text) <= 100, "text_too_long", field="text", expected="at most 100 characters")
        note = Note(
            self.owner, self.id, NoteStatus.OPEN, self.text, self.content, not ledger.is_genesis, self.until,
            self.places, (-1, 2**40), ledger.fresh_id("reference") if self.places else None,
        )  # fmt: skip
        ledger.put(note)


class CloseNote(Action):
    """Close an open note, as one who is accredited to."""

    owner: str
    id: str

    def apply(self, ledger: Ledger) -> None:
        ledger.require(Role("notary"), jurisdiction="CN")
        ledger.move(Note, (self.owner, self.id), NoteStatus.CLOSED)


class EraseNote(Action):
    """Leave a tombstone."""

    owner: str
    id: str

    def apply(self, ledger: Ledger) -> None:
        ledger.ensure_actor(self.owner)
        ledger.delete(ledger.get(Note, self.owner, self.id))


@when_due(Note, status=NoteStatus.OPEN, at="until")
def lapse(ledger: Ledger, note: Note) -> None:
    """An open note lapses when its time has come."""
    ledger.move(Note, (note.owner, note.id), NoteStatus.LAPSED)
