"""Everything that reads a ledger: the same for the engine and for a reader beside it."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from infoharbor.engine.attested_notes import AttestedNotes, attesting
from infoharbor.engine.blocklog import BlockLog
from infoharbor.engine.folder import DataFolder, Founded, LogSigner, Signed
from infoharbor.engine.interface import Block, ProofMaterial, Refused, Status
from infoharbor.engine.machine import block_codec
from infoharbor.engine.proving import prove
from infoharbor.engine.snapshot import Snapshot, State
from infoharbor.engine.store import Store
from infoharbor.engine.witnessed_notes import WitnessedNotes
from infoharbor.evidence.note import checkpoint_in
from infoharbor.kernel import merkle
from infoharbor.kernel.block import Genesis, Receipt, receipt_codec
from infoharbor.kernel.chain import Chain
from infoharbor.kernel.records import Entry


class LedgerReading(ABC):
    """Reads from a store, a block log, and the newest `State`. Safe in any thread."""

    def __init__(self, folder: Path, founded: Founded, store: Store, log: BlockLog) -> None:
        self.genesis: Genesis = founded.genesis
        self.chain: Chain = founded.chain
        self._store, self._log = store, log
        self._folder, self._founded = DataFolder(folder), founded
        self.witnessed = WitnessedNotes(self._folder)

    @cached_property
    def _signer(self) -> LogSigner | AttestedNotes:
        """What gives the checkpoints: the one operator's key, or the members' quorum."""
        with self.snapshot() as snapshot:
            attested = attesting(snapshot) is not None
        return AttestedNotes(self._folder, self._founded) if attested else self._folder.signer(self._founded)

    def ensure_signer(self) -> None:
        """Raises what there is to say where the key that signs checkpoints cannot be had."""
        _ = self._signer

    @abstractmethod
    def _current(self) -> State:
        """The newest state."""

    @abstractmethod
    def status(self) -> Status: ...

    @abstractmethod
    def wait_beyond(self, height: int, timeout: float | None = None) -> int: ...

    @abstractmethod
    def close(self) -> None: ...

    @property
    def origin(self) -> str:
        """The name under which the header log signs."""
        return self._signer.origin

    @property
    def verifier_key(self) -> str:
        """The log's public key, as signed notes name it."""
        return self._signer.verifier.encode()

    def snapshot(self) -> Snapshot:
        return Snapshot.open(self._store, self._current)

    def block(self, height: int) -> Block:
        with self.snapshot() as snapshot:
            return self._block(snapshot, height)

    def blocks(self, after: int, limit: int = 100) -> Iterator[Block]:
        with self.snapshot() as snapshot:
            last = min(after + limit, snapshot.height)
            places = [snapshot.block(height) for height in range(after + 1, last + 1)]
        for height, found in enumerate(places, after + 1):
            assert found is not None
            block: Block = block_codec.decode(self._log.read(found.place, height))
            yield block

    @property
    def first_block(self) -> int:
        return self._log.first

    def header(self, height: int) -> bytes:
        with self.snapshot() as snapshot:
            found = snapshot.block(height) if height >= 0 else None
        if found is None:
            raise unknown_height(height)
        return found.header_bytes

    def receipt(self, transaction: bytes) -> Receipt | None:
        with self.snapshot() as snapshot:
            found = snapshot.transaction(transaction)
            if found is None:
                return None
            height, position = found
            block = self._block(snapshot, height)
        receipt: Receipt = receipt_codec.decode(block.receipts[position])
        return receipt

    def history(self, path: str) -> Iterator[Entry]:
        with self.snapshot() as snapshot:
            entry = snapshot.entry(path)
            yield from self._versions(snapshot, path, entry)

    def subtree(self, level: int, index: int) -> bytes:
        with self.snapshot() as snapshot:
            return subtree_of(snapshot, level, index)

    def root(self, size: int | None = None) -> bytes:
        with self.snapshot() as snapshot:
            return root_at(snapshot, size)

    def inclusion(self, height: int, size: int | None = None) -> tuple[bytes, ...]:
        with self.snapshot() as snapshot:
            size = check_size(snapshot, size)
            if not 0 <= height < size:
                raise unknown_height(height)
            return tuple(merkle.inclusion_proof(height, size, snapshot.subtree))

    def consistency(self, old: int, new: int | None = None) -> tuple[bytes, ...]:
        with self.snapshot() as snapshot:
            new = check_size(snapshot, new)
            if not 0 <= old <= new:
                raise Refused("ledger.proof_range", "old", f"0 to {new}")
            return tuple(merkle.consistency_proof(old, new, snapshot.subtree))

    def checkpoint(self) -> str:
        """The newest that is signed; where members attest, the ledger may be further already."""
        state = self._current()
        try:
            return self._signer.sign(state.height + 1, state.root)
        except Refused:
            if newest := self._signer.newest():
                return newest
            raise

    def proof(self, paths: Sequence[str], *, witnessed: bool = False) -> ProofMaterial:
        """Blocks go on while others sign: so the records are taken as they stand, and the first log that is signed then holds
        their header."""
        with self.snapshot() as snapshot:
            proved = prove(self.chain.suite, snapshot, paths)
            newest, root = snapshot.height + 1, snapshot.state.root
        note = self.witnessed.beyond(proved.height).attested if witnessed else self._signer.sign(newest, root)
        size = checkpoint_in(note).size
        return ProofMaterial(*proved, size, self.inclusion(proved.height, size), note)

    def _block(self, snapshot: Snapshot, height: int) -> Block:
        found = snapshot.block(height) if height >= 0 else None
        if found is None:
            raise unknown_height(height)
        block: Block = block_codec.decode(self._log.read(found.place, height))
        return block

    def _versions(self, snapshot: Snapshot, path: str, entry: Entry | None) -> Iterator[Entry]:
        """From `entry`, which needs no block, back to the first version, through the write sets of the blocks that wrote
        them."""
        if entry is None:
            return
        yield entry
        while entry.version > 1:
            block = self._block(snapshot, entry.previous_height)
            older = [write.entry for write in block.writes_of(path) if write.entry.version < entry.version]
            yield from reversed(older)
            entry = older[0]

    def check_signed(self, signed: Signed | None) -> None:
        """Refuse a ledger that lies behind, or beside, what was signed: it would sign a second history."""
        if signed is None:
            return
        with self.snapshot() as snapshot:
            if signed.size > snapshot.height + 1:
                raise Refused("node.behind_signed", "data", f"a ledger of at least {signed.size} blocks")
            if root_at(snapshot, signed.size).hex() != signed.root:
                raise Refused("node.beside_signed", "data", f"the root {signed.root[:16]} at {signed.size} blocks")


def unknown_height(height: int) -> Refused:
    return Refused("ledger.height_unknown", "height", f"a height that exists, not {height}")


def check_size(snapshot: Snapshot, size: int | None) -> int:
    newest = snapshot.height + 1
    if size is None:
        return newest
    if not 0 <= size <= newest:
        raise Refused("ledger.proof_range", "size", f"0 to {newest}")
    return size


def subtree_of(snapshot: Snapshot, level: int, index: int) -> bytes:
    if not (0 <= level < 64 and index >= 0 and (index + 1) << level <= snapshot.height + 1):
        raise Refused("ledger.subtree_unknown", "index", "a subtree that is complete")
    return snapshot.subtree(level, index)


def root_at(snapshot: Snapshot, size: int | None) -> bytes:
    """The header log's root over the first `size` headers."""
    return frontier_at(snapshot, check_size(snapshot, size)).root()


def frontier_at(snapshot: Snapshot, size: int) -> merkle.Frontier:
    """The header log's right edge as it was at `size`."""
    peaks, start = [], 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            peaks.append(snapshot.subtree(level, start >> level))
            start += 1 << level
    return merkle.Frontier(size, peaks)
