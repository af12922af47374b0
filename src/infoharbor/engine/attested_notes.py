"""The newest checkpoints that a quorum attested, as a node keeps them: for its next start, and for readers beside it."""

import time

import msgspec

from infoharbor.engine.folder import DataFolder, Founded, LogSigner, write_private
from infoharbor.engine.interface import Damaged, Refused
from infoharbor.evidence.checkpoint import Checkpoint, origin_of
from infoharbor.evidence.note import Note, VerifierKey
from infoharbor.kernel.block import Genesis
from infoharbor.kernel.transaction import SaltedAction, action_codec

NOTES_KEPT = 8
"""So that who reads the ledger at one height still finds its note when the next ones are there."""
PATIENCE_S = 3
POLL_S = 0.05
ATTEST = ("identity", "Attest")


def is_attested(genesis: Genesis) -> bool:
    """Whether members attest the ledger: then its genesis names them, since nobody could later."""
    actions: list[SaltedAction] = [action_codec.decode(raw) for raw in genesis.actions]
    return any((action.contract, action.name) == ATTEST for action in actions)


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
        text = Checkpoint(self.origin, size, root).encode()
        return next((note for note in self._notes() if Note.parse(note).text == text), "")

    def sign(self, size: int, root: bytes) -> str:
        """As `find`, but it waits for the node a little; `Refused("attestation.missing")` if the note stays away."""
        until = time.monotonic() + PATIENCE_S
        while not (note := self.find(size, root)):
            if time.monotonic() > until:
                raise Refused("attestation.missing", "checkpoint", f"a quorum that attests size {size}")
            time.sleep(POLL_S)
        return note

    def _notes(self) -> list[str]:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=list[str])
        except FileNotFoundError:
            return []
        except msgspec.DecodeError as fault:
            raise Damaged(self._file.name, str(fault)) from None


def signer_in(folder: DataFolder, founded: Founded) -> LogSigner | AttestedNotes:
    """What gives a folder's checkpoints: the one operator's key, or the members' quorum."""
    return AttestedNotes(folder, founded) if is_attested(founded.genesis) else folder.signer(founded)
