"""Members' cosignatures of checkpoints, carried by CometBFT's votes: each vote brings its node's newest one along.

They need no port, address or request of their own, reach every node within a block, and are sent again with each vote, so
that one that was away has them at once. They are judged by the set that the header names, never by who voted."""

import logging
from collections import deque
from collections.abc import Callable, Sequence

from infoharbor.crypto.keyfile import TokenFault
from infoharbor.engine.attestation import Attestation
from infoharbor.engine.attested_notes import AttestedNotes, attesting
from infoharbor.engine.attester import NodeAttester
from infoharbor.engine.cometbft.application import OrderedMachine
from infoharbor.engine.interface import Damaged, Refused
from infoharbor.evidence.checkpoint import NoteError
from infoharbor.evidence.note import VerifierKey

NOTE_BYTES = 32 * 1024
HEARD = 256
"""Votes of an idle network say the same again and again: what was heard lately is not checked again."""
AGAIN_MS = 10_000
"""A node that could not attest the newest size tries again after that, with the keys that are there then."""

logger = logging.getLogger(__name__)


class Attesting:
    """Attests what this node has committed, once it takes part in votes; so nothing that it is only catching up with.
    `own` reads the keys of the node's attesters, which their owner may have put others beside. Used by the engine's thread.
    """

    def __init__(
        self, attestation: Attestation, machine: OrderedMachine, own: Callable[[], Sequence[NodeAttester]] | None = None
    ) -> None:
        self._attestation, self._machine, self._own = attestation, machine, own
        self._size, self._note, self._named, self._again = 0, b"", b"", 0
        self._heard: deque[bytes] = deque(maxlen=HEARD)

    def note(self, now: int) -> bytes:
        """What this node's vote brings along; empty if it attests nothing."""
        state = self._machine.state
        assert state is not None
        if self._size != state.height + 1 or (not self._note and now >= self._again):
            with self._machine.view() as view:
                attesters = attesting(view)
            if attesters is not None:
                if self._own is not None and (state.header.attesters_root != self._named or not self._note):
                    self._use(self._own, state.header.attesters_root)
                said = self._attestation.committed(state.height + 1, state.root, attesters.named, now)
                self._note = said or b""
            self._size, self._again = state.height + 1, now + AGAIN_MS
        return self._note

    def hear(self, note: bytes, now: int) -> None:
        """What another node's vote has brought along. Whatever it is, the vote counts."""
        self.note(now)
        if note in self._heard:
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
        """Attest with the keys that are there now. Where a file or a token does not give them the node goes on without."""
        try:
            self._attestation.use(own())
            self._named = named
        except (TokenFault, Damaged) as fault:
            logger.error("the node's attester keys cannot be read: %s", fault)


class QuorumSigner:
    """In the place of one operator's signature, those of a quorum of members, as this node gathers them."""

    def __init__(self, notes: AttestedNotes, attestation: Attestation) -> None:
        self.origin, self._notes = notes.origin, notes
        self.sign, self.newest = attestation.sign, attestation.newest

    @property
    def verifier(self) -> VerifierKey:
        return self._notes.verifier
