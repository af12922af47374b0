"""Gathers a quorum's attestation of each size of the header log, in one member's node.

For an engine that orders blocks with others, which makes one of it with the attesters of its data folder
(`attester.attesters_in`):

- after each commit, and once at its start, but not for blocks that it is only catching up with, it calls `committed`
  for the newest header, and hands the note that it gets
  to the other members (`gateway.witness` does that by C2SP `add-checkpoint`);
- what comes from them goes to `receive`, whose answer goes back to them;
- in the place of the single operator's `LogSigner` it reads `sign` (waits for the quorum at this size, or a later one) and
  `newest`;
- `handover` is the action that lets a change of attesters hold, as soon as a quorum has attested it: whoever acts for a
  member signs and submits it.

Each size is judged by the set that its last header names. Nothing here is a transaction. What survives a restart is the
attester's high-water mark and the last attested notes (`attested_notes`): more of them can be asked for again.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from infoharbor.contracts.identity.attesting import HandOver
from infoharbor.crypto.keyfile import TokenFault
from infoharbor.engine.attested_notes import AttestedNotes
from infoharbor.engine.attester import NodeAttester
from infoharbor.engine.interface import Refused
from infoharbor.evidence.attesters import AttesterSet, attested_trust
from infoharbor.evidence.checkpoint import Checkpoint, NoteError, origin_of
from infoharbor.evidence.note import Note, Signature, SignatureLine, open_note
from infoharbor.evidence.policy import minimal
from infoharbor.evidence.trust import TrustPolicy

SIZES_KEPT = 256
"""How many of the newest sizes cosignatures are gathered for."""
SIZES_AHEAD = 64
"""How far beyond its own log a node keeps what faster ones have signed."""
FORKS_KEPT = 16
PATIENCE_S = 3
"""How long whoever asks for an attested checkpoint waits for the quorum."""


logger = logging.getLogger(__name__)


class HeaderLog(Protocol):
    """What `handover` reads of an engine."""

    def header(self, height: int) -> bytes: ...
    def inclusion(self, height: int, size: int | None = None) -> tuple[bytes, ...]: ...


class Valid(NamedTuple):
    """Lines of a note, and the signatures that they were found to be."""

    lines: tuple[SignatureLine, ...]
    signatures: tuple[Signature, ...]


class _Gathered:
    """What is known of one size: its text, who must sign it, and who has."""

    def __init__(self, checkpoint: Checkpoint, attesters: AttesterSet, policy: TrustPolicy) -> None:
        self.checkpoint, self.attesters, self.policy = checkpoint, attesters, policy
        self.note = Note(checkpoint.encode(), ())
        self.attested = ""
        self._cosigners: set[str] = set()

    def add(self, valid: Valid) -> None:
        """Take lines that are valid; once a quorum has signed, nothing more is needed."""
        if self.attested:
            return
        self.note = self.note.with_lines(valid.lines)
        timed = {signature.key for signature in valid.signatures if signature.time > 0}
        self._cosigners |= {witness.name for witness in self.policy.witnesses if witness.key in timed}
        if self._cosigners and self.policy.is_met(self._cosigners):
            self.attested = minimal(self.note.encode(), self.policy).decode()


class Attestation:
    """All of it may be called from any thread."""

    def __init__(
        self,
        chain: str,
        genesis: bytes,
        attesters: Sequence[NodeAttester] = (),
        notes: AttestedNotes | None = None,
    ) -> None:
        """`attesters` are this node's: more than one while keys are rotated. That one signs which the set names.
        `notes` keeps what a quorum has attested in the node's folder."""
        self.origin = origin_of(chain, genesis)
        self._chain, self._genesis, self._attesters, self._notes = chain, genesis, attesters, notes
        self._own: NodeAttester | None = None
        self._sizes: OrderedDict[int, _Gathered] = OrderedDict()
        self._ahead: dict[int, dict[bytes, Note]] = {}
        self._changed = threading.Condition()
        self._newest: _Gathered | None = None
        self.patience_s: float = PATIENCE_S
        self.forks: list[bytes] = []
        """Notes by which a member has signed another history than this node's, as proof against it."""

    @property
    def own(self) -> NodeAttester | None:
        """This node's attester that the newest set names."""
        return self._own

    def use(self, attesters: Sequence[NodeAttester]) -> None:
        """Attest with these of this node's attesters from now on: keys have been put in place since."""
        self._attesters = attesters

    def committed(self, size: int, root: bytes, attesters: AttesterSet, time: int) -> bytes | None:
        """The node has committed the header at `size - 1`, which names `attesters`: attest it. Returns the note for the
        other members; nothing if this node attests nothing now. `time` is its clock, in milliseconds since 1970 UTC."""
        policy = attested_trust(self._chain, self._genesis, attesters.members, (size, root), 0)
        checkpoint = Checkpoint(self.origin, size, root)
        own = self._own = next((each for each in self._attesters if each.public in attesters.members), None)
        lines: tuple[SignatureLine, ...] = ()
        if own is not None:
            try:
                lines = own.attest(checkpoint, time)
            except TokenFault as fault:  # The node goes on, and gathers what the others sign.
                logger.error("this node does not attest size %s: %s", size, fault)
        note = Note(checkpoint.encode(), ()).with_lines(lines)
        with self._changed:
            gathered = self._sizes.setdefault(size, _Gathered(checkpoint, attesters, policy))
            while len(self._sizes) > SIZES_KEPT:
                self._sizes.popitem(last=False)
            if lines:
                self._take(gathered, note)
            for early in self._ahead.pop(size, {}).values():
                with contextlib.suppress(NoteError):  # It was signed under another set than this size has.
                    self._take(gathered, early)
            self._ahead = {ahead: notes for ahead, notes in self._ahead.items() if ahead > size}
        return note.encode() if lines else None

    def receive(self, raw: bytes) -> bytes:
        """Take what another member has signed; returns the signature lines that are known of that size.

        Raises `NoteError` for what no member of the set has signed, `Refused` for a size that is not kept
        (`attestation.ahead`, `attestation.passed`) and for another history (`attestation.forked`).
        """
        note = Note.parse(raw)
        checkpoint = Checkpoint.parse(note.text)
        if checkpoint.origin != self.origin:
            raise Refused("witness.log_unknown", "origin", self.origin)
        with self._changed:
            if not self._sizes:
                raise Refused("attestation.ahead", "size", "0")
            last, newest = next(reversed(self._sizes.items()))
            gathered = self._sizes.get(checkpoint.size)
            if gathered is None and checkpoint.size > last:
                self._keep_ahead(newest, checkpoint, note)
                raise Refused("attestation.ahead", "size", str(last))
            if gathered is None:
                raise Refused("attestation.passed", "size", str(last))
            if not self._take(gathered, note):
                raise Refused("attestation.forked", "root", gathered.checkpoint.root.hex())
            return "".join(line.encode() for line in gathered.note.lines).encode()

    def newest(self) -> str:
        """The newest checkpoint that a quorum has attested, in the form for evidence; empty if there is none yet."""
        with self._changed:
            if self._newest is not None:
                return self._newest.attested
        return self._notes.newest() if self._notes is not None else ""

    def sign(self, size: int, root: bytes) -> str:
        """The attested checkpoint of this size, or of a later one if a quorum has that first; waits for it.
        `Refused("attestation.missing")` if it stays away."""
        return self._wait(size, root, later=True)

    def at(self, size: int, root: bytes) -> str:
        """As `sign`, but of just this size."""
        return self._wait(size, root, later=False)

    def _wait(self, size: int, root: bytes, *, later: bool) -> str:
        kept = self._notes.find(size, root) if self._notes is not None else ""
        if kept:
            return kept

        def found() -> _Gathered | None:
            newest = self._newest if later else None
            return self._attested(size) or (newest if newest is not None and newest.checkpoint.size > size else None)

        with self._changed:
            gathered = self._changed.wait_for(found, self.patience_s)
        if gathered is None or (gathered.checkpoint.size == size and gathered.checkpoint.root != root):
            raise Refused("attestation.missing", "checkpoint", f"a quorum that attests size {size}")
        return gathered.attested

    def handover(self, log: HeaderLog) -> HandOver | None:
        """The action that lets the change under way hold; nothing if there is none, or no quorum has attested it yet."""
        with self._changed:
            newest, last = self._newest, next(reversed(self._sizes.values()), None)
        if newest is None or last is None or not newest.attesters.next:
            return None
        if newest.attesters != last.attesters:  # What is attested so far names an earlier change, which holds already.
            return None
        height = newest.checkpoint.size - 1
        return HandOver(log.header(height), log.inclusion(height, height + 1), newest.attested)

    def _attested(self, size: int) -> _Gathered | None:
        gathered = self._sizes.get(size)
        return gathered if gathered is not None and gathered.attested else None

    def _take(self, gathered: _Gathered, note: Note) -> bool:
        """Count the members' valid lines; false for another history, of which the note is kept as proof."""
        valid = _valid(note, gathered.policy)
        if note.text != gathered.checkpoint.encode():
            self.forks = [*self.forks, note.encode()][-FORKS_KEPT:]
            return False
        before = gathered.attested
        gathered.add(valid)
        if gathered.attested and not before:
            if self._newest is None or self._newest.checkpoint.size < gathered.checkpoint.size:
                self._newest = gathered
                if self._notes is not None:
                    self._notes.keep(gathered.attested)
            self._changed.notify_all()
        return True

    def _keep_ahead(self, newest: _Gathered, checkpoint: Checkpoint, note: Note) -> None:
        """Keep one note a log key for each of the next sizes: nobody but the members in force takes room here."""
        valid = _valid(note, newest.policy)
        logs = {log.key for log in newest.policy.logs}
        signer = next((signature.key.id for signature in valid.signatures if signature.key in logs), None)
        near = checkpoint.size <= newest.checkpoint.size + SIZES_AHEAD
        if near and signer is not None:
            self._ahead.setdefault(checkpoint.size, {})[signer] = Note(note.text, valid.lines)


def _valid(note: Note, policy: TrustPolicy) -> Valid:
    """What the chain's own log keys and its attesters signed; raises `NoteError` if a line is invalid, or there is none."""
    elsewhere = {log.key for log in policy.logs if log.key.name != policy.origin}
    _, signatures = open_note(note.encode(), [key for key in policy.keys if key not in elsewhere])
    signed = {(signature.key.name, signature.key.id) for signature in signatures}
    found = {(line.name, line.key_id): line for line in reversed(note.lines) if (line.name, line.key_id) in signed}
    return Valid(tuple(found.values()), signatures)
