"""Members' cosignatures of checkpoints, carried by CometBFT's votes: each vote brings its node's newest one along.

They need no port, address or request of their own, reach every node within a block, and are sent again with each vote, so
that one that was away has them at once. They are judged by the set that the header names, never by who voted."""

import logging
from collections import deque

from infoharbor.contracts.identity.attesters import CURRENT, Attesters
from infoharbor.engine.attestation import Attestation
from infoharbor.engine.attested_notes import AttestedNotes
from infoharbor.engine.cometbft.application import OrderedMachine
from infoharbor.engine.interface import Refused
from infoharbor.evidence.checkpoint import NoteError
from infoharbor.evidence.note import VerifierKey

NOTE_BYTES = 32 * 1024
HEARD = 256
"""Votes of an idle network say the same again and again: what was heard lately is not checked again."""

logger = logging.getLogger(__name__)


class Attesting:
    """Attests what this node has committed, once it takes part in votes; so nothing that it is only catching up with. Used
    by the engine's thread."""

    def __init__(self, attestation: Attestation, machine: OrderedMachine) -> None:
        self._attestation, self._machine = attestation, machine
        self._size, self._note = 0, b""
        self._heard: deque[bytes] = deque(maxlen=HEARD)

    def note(self, now: int) -> bytes:
        """What this node's vote brings along; empty if it attests nothing."""
        state = self._machine.state
        assert state is not None
        if self._size != state.height + 1:
            with self._machine.view() as view:
                attesters = view.find(Attesters, CURRENT)
            if attesters is not None:
                said = self._attestation.committed(state.height + 1, state.root, attesters.named, now)
                self._note = said or b""
            self._size = state.height + 1
        return self._note

    def hear(self, note: bytes, now: int) -> None:
        """What another node's vote has brought along. Whatever it is, the vote counts."""
        self.note(now)
        if not note or len(note) > NOTE_BYTES or note in self._heard:
            return
        try:
            self._attestation.receive(note)
        except Refused as refused:
            if refused.code == "attestation.ahead":
                return  # It comes again with the next vote.
            if refused.code == "attestation.forked":
                logger.error("a member has attested another history: %s", note.decode(errors="replace"))
        except NoteError:
            pass
        self._heard.append(note)


class QuorumSigner:
    """In the place of one operator's signature, those of a quorum of members, as this node gathers them."""

    def __init__(self, notes: AttestedNotes, attestation: Attestation) -> None:
        self.origin, self._notes = notes.origin, notes
        self.sign = attestation.sign

    @property
    def verifier(self) -> VerifierKey:
        return self._notes.verifier
