"""The newest checkpoints that a quorum attested, as a node keeps them: for its next start, and for readers beside it."""

import time
from typing import Any, Protocol, TypeVar

import msgspec

from infoharbor.contractkit import Record
from infoharbor.contracts.identity.attesters import CURRENT, Attesters
from infoharbor.engine.folder import DataFolder, Founded, write_private
from infoharbor.engine.interface import Damaged, Refused
from infoharbor.evidence.checkpoint import Checkpoint, origin_of
from infoharbor.evidence.note import Note, VerifierKey, checkpoint_in

NOTES_KEPT = 8
"""So that who reads the ledger at one height still finds its note when the next ones are there."""
PATIENCE_S = 3
POLL_S = 0.05
Kind = TypeVar("Kind", bound=Record)


class Finding(Protocol):
    """A state, whose records are found by their keys."""

    def find(self, of: type[Kind], *key: Any) -> Kind | None: ...


def attesting(state: Finding) -> Attesters | None:
    """The set, once members attest; None where one operator signs alone, also while they gather."""
    found = state.find(Attesters, CURRENT)
    return found if found is not None and found.members else None


class AttestedNotes:
    """`attested-notes.json`: the notes in the form for evidence, the newest last. In the place of a `LogSigner` for whoever
    only reads the folder: it signs nothing, and waits for what the node gathers."""

    def __init__(self, folder: DataFolder, founded: Founded) -> None:
        self.origin = origin_of(founded.genesis.name, founded.chain.id)
        self._file = folder.path / "attested-notes.json"

    @property
    def verifier(self) -> VerifierKey:
        raise Refused("trust.log_unsigned", "log", "the trust file, which names every member's log key")

    def keep(self, note: str) -> None:
        """Add the newest; the oldest goes."""
        write_private(self._file, msgspec.json.encode([*self._notes(), note][-NOTES_KEPT:]))

    def newest(self) -> str:
        """Empty if there is none yet."""
        return next(reversed(self._notes()), "")

    def find(self, size: int, root: bytes) -> str:
        """The note of this size and root; empty if it is not there."""
        return self._of(self._notes(), size, root)

    def sign(self, size: int, root: bytes) -> str:
        """The note of this size, or of a later one if the node has that first; waits for it a little.
        `Refused("attestation.missing")` if it stays away."""
        until = time.monotonic() + PATIENCE_S
        while not (note := self._of(notes := self._notes(), size, root) or _beyond(notes, size)):
            if time.monotonic() > until:
                raise Refused("attestation.missing", "checkpoint", f"a quorum that attests size {size}")
            time.sleep(POLL_S)
        return note

    def _of(self, notes: list[str], size: int, root: bytes) -> str:
        text = Checkpoint(self.origin, size, root).encode()
        return next((note for note in notes if Note.parse(note).text == text), "")

    def _notes(self) -> list[str]:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=list[str])
        except FileNotFoundError:
            return []
        except msgspec.DecodeError as fault:
            raise Damaged(self._file.name, str(fault)) from None


def _beyond(notes: list[str], size: int) -> str:
    """The newest, if it is of a later size."""
    return notes[-1] if notes and checkpoint_in(notes[-1]).size > size else ""
