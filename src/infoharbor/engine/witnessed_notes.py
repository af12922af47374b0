"""The newest checkpoints that outside witnesses cosigned, as a node keeps them: evidence is anchored at one of them."""

import time

import msgspec

from infoharbor.engine.folder import DataFolder, write_private
from infoharbor.engine.interface import Refused
from infoharbor.evidence.note import checkpoint_in

NOTES_KEPT = 24
"""Two minutes of them: time enough to ask other members for theirs of the same size."""
PATIENCE_S = 20
"""How long who asks waits for the next one: three times the pause between two of them, and what a witness takes."""
POLL_S = 0.1


class Witnessed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A size of the header log: `attested`, the ledger's checkpoint as a quorum of members attested it, in the form for
    evidence; `own`, the same size and root under this member's own origin, which all its outside witnesses cosigned."""

    size: int
    attested: str
    own: str


class WitnessedNotes:
    """`witnessed-notes.json`: the newest last. Written by the node, read by whoever makes evidence from its folder."""

    def __init__(self, folder: DataFolder) -> None:
        self._file = folder.path / "witnessed-notes.json"

    def keep(self, attested: str, own: str) -> None:
        """Add the newest; the oldest goes."""
        size = checkpoint_in(own).size
        kept = [each for each in self._notes() if each.size < size]
        write_private(self._file, msgspec.json.encode([*kept, Witnessed(size, attested, own)][-NOTES_KEPT:]))

    def newest(self) -> Witnessed | None:
        return next(reversed(self._notes()), None)

    def at(self, size: int) -> Witnessed | None:
        """That of just this size, if it is kept."""
        return next((each for each in self._notes() if each.size == size), None)

    def beyond(self, height: int) -> Witnessed:
        """The newest, whose log holds the header at `height`; waits for it. `Refused("attestation.not_witnessed")` if it
        does not come."""
        until = time.monotonic() + PATIENCE_S
        while (found := self.newest()) is None or found.size <= height:
            if time.monotonic() > until:
                raise Refused("attestation.not_witnessed", "checkpoint", f"witnesses of a size above {height}")
            time.sleep(POLL_S)
        return found

    def _notes(self) -> list[Witnessed]:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=list[Witnessed])
        except (FileNotFoundError, msgspec.DecodeError):
            return []  # What cannot be read is made again: witnesses cosign the next size soon.
