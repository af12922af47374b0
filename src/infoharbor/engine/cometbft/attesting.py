"""Members' cosignatures of checkpoints, carried by CometBFT's votes: each vote brings its node's newest one along.

They need no port, address or request of their own, reach every node within a block, and are sent again with each vote, so
that one that was away has them at once. They are judged by the set that the header names, never by who voted."""

import logging
from collections import deque
from collections.abc import Callable, Sequence

from infoharbor.contracts.identity.attesters import CURRENT, Attesters
from infoharbor.crypto.keyfile import TokenFault
from infoharbor.engine.attestation import Attestation
from infoharbor.engine.attested_notes import AttestedNotes
from infoharbor.engine.attester import NodeAttester
from infoharbor.engine.cometbft.application import OrderedMachine
from infoharbor.engine.interface import Refused
from infoharbor.evidence.checkpoint import NoteError
from infoharbor.evidence.note import VerifierKey

NOTE_BYTES = 32 * 1024
HEARD = 256
"""Votes of an idle network say the same again and again: what was heard lately is not checked again."""

logger = logging.getLogger(__name__)


class Attesting:
    """Attests what this node has committed, once it takes part in votes; so nothing that it is only catching up with.
    `own` reads the keys of the node's attesters, which their owner may have put others beside. Used by the engine's thread.
    """

    def __init__(
        self, attestation: Attestation, machine: OrderedMachine, own: Callable[[], Sequence[NodeAttester]] | None = None
    ) -> None:
        self._attestation, self._machine, self._own = attestation, machine, own
        self._size, self._note, self._named = 0, b"", b""
        self._heard: deque[bytes] = deque(maxlen=HEARD)

    def note(self, now: int) -> bytes:
        """What this node's vote brings along; empty if it attests nothing."""
        state = self._machine.state
        assert state is not None
        if self._size != state.height + 1:
            with self._machine.view() as view:
                attesters = view.find(Attesters, CURRENT)
            if attesters is not None:
                if self._own is not None and state.header.attesters_root != self._named:
                    self._use(self._own, state.header.attesters_root)
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

    def _use(self, own: Callable[[], Sequence[NodeAttester]], named: bytes) -> None:
        """Attest with the keys that are there now; tried again with the next block where their token does not answer."""
        try:
            self._attestation.use(own())
            self._named = named
        except TokenFault as fault:
            logger.error("the node's attester keys cannot be read: %s", fault)


class QuorumSigner:
    """In the place of one operator's signature, those of a quorum of members, as this node gathers them."""

    def __init__(self, notes: AttestedNotes, attestation: Attestation) -> None:
        self.origin, self._notes = notes.origin, notes
        self.sign = attestation.sign

    @property
    def verifier(self) -> VerifierKey:
        return self._notes.verifier
