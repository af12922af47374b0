"""How a node begins with the state that the others have, instead of with the first block.

CometBFT finds snapshots, verifies by its light client which app hash belongs to each, and fetches the chunks; here they
become a ledger. All of it before the node's engine starts. `consensus/sync.json` stays until CometBFT has kept the first
block after the snapshot: whatever ends before, begins anew.
"""

import contextlib
import logging
import os
import selectors
import shutil
import time
from pathlib import Path
from typing import Any

from infoharbor.engine.blocklog import BlockLog
from infoharbor.engine.cometbft.answers import RETRY_LATER, Answering
from infoharbor.engine.cometbft.connections import Connection, Server
from infoharbor.engine.cometbft.home import ConsensusHome
from infoharbor.engine.cometbft.order import Order
from infoharbor.engine.cometbft.process import ConsensusProcess
from infoharbor.engine.folder import PRIVATE_FILE, PRIVATE_FOLDER, DataFolder, sync_folder
from infoharbor.engine.state_format import FORMAT, BadSnapshot, decode_manifest, manifest_hash
from infoharbor.engine.state_restore import STORED_BYTES, Restoring
from infoharbor.engine.state_shelf import Making, Shelf
from infoharbor.kernel.chain import Chain

OFFER_ACCEPT, OFFER_REJECT, OFFER_REJECT_FORMAT = 1, 3, 4
APPLY_ACCEPT, APPLY_RETRY, APPLY_REJECT = 1, 3, 5
COPIES = 2
"""Of each chunk: CometBFT's, and ours."""
WAIT_SECONDS = 1
REPORT_SECONDS = 60

logger = logging.getLogger(__name__)


def synchronise(folder: DataFolder, chain: Chain, program: Path) -> None:
    """Fetch the state, and leave the folder as if the node had run all along; returns once CometBFT goes on from there.
    The folder is locked by the caller."""
    home = ConsensusHome(folder.path)
    home.forget_blocks()
    with contextlib.ExitStack() as held:
        selector = held.enter_context(selectors.DefaultSelector())
        process = ConsensusProcess(program, home, lambda line: False)
        held.callback(process.stop)
        syncing = StateSync(folder, chain, home)
        held.callback(syncing.close)

        def answer(connection: Connection, request: Any) -> Any:
            told = syncing.answer(request, 0)
            return None if syncing.ended else told

        held.callback(Server(selector, process.socket, answer).close)
        process.start()
        reported = time.monotonic()
        while not syncing.ended:
            for key, _ in selector.select(WAIT_SECONDS):
                key.data()
            if time.monotonic() - reported > REPORT_SECONDS:
                logger.warning("waits for the state of other nodes: %s", syncing.progress)
                reported = time.monotonic()
    home.sync.unlink()
    sync_folder(home.path)


class StateSync(Answering):
    """Answers CometBFT while it fetches a snapshot. `ended` once it brings the first block after that."""

    def __init__(self, folder: DataFolder, chain: Chain, home: ConsensusHome) -> None:
        self._folder, self._chain, self._home = folder, chain, home
        self._shelf = Shelf(folder.snapshots)
        self._peers = {peer.partition("@")[0] for peer in home.config().peers}
        self._held = contextlib.ExitStack()
        self._restoring: Restoring | None = None
        self._making: Making
        self._app_hash = b""
        self._place = (0, b"")
        self.ended = False

    @property
    def progress(self) -> str:
        restoring = self._restoring
        if restoring is None:
            return "none is on its way"
        return f"{restoring.next} of {len(restoring.manifest.chunks)} chunks, height {restoring.manifest.order}"

    def close(self) -> None:
        """Throw away what is not whole."""
        self._held.close()
        self._restoring = None

    def _info(self, asked: Any, told: Any, now: int) -> None:
        told.data = "infoharbor"
        told.last_block_height, told.last_block_app_hash = self._place

    def _admits(self, node: str) -> bool:
        return node in self._peers

    def _check_tx(self, asked: Any, told: Any, now: int) -> None:
        told.code = RETRY_LATER

    def _insert_tx(self, asked: Any, told: Any, now: int) -> None:
        told.code = RETRY_LATER

    def _reap_txs(self, asked: Any, told: Any, now: int) -> None:
        """There are none yet."""

    def _list_snapshots(self, asked: Any, told: Any, now: int) -> None:
        """None are served yet."""

    def _load_snapshot_chunk(self, asked: Any, told: Any, now: int) -> None:
        """There is none."""

    def _offer_snapshot(self, asked: Any, told: Any, now: int) -> None:
        offered = asked.snapshot
        if offered.format != FORMAT:
            told.result = OFFER_REJECT_FORMAT
            return
        try:
            self._begin(offered, asked.app_hash)
            told.result = OFFER_ACCEPT
        except BadSnapshot as bad:
            logger.warning("a snapshot of height %s is not taken: %s", offered.height, bad)
            told.result = OFFER_REJECT

    def _begin(self, offered: Any, app_hash: bytes) -> None:
        manifest = decode_manifest(offered.metadata)
        described = (manifest_hash(offered.metadata), offered.height, offered.chunks)
        if described != (offered.hash, manifest.order, len(manifest.chunks)):
            raise BadSnapshot("manifest", "the hash, height and number of chunks that it is offered with")
        disk = os.statvfs(self._folder.path)
        if disk.f_bavail * disk.f_frsize < (STORED_BYTES + COPIES) * manifest.size:
            raise BadSnapshot("size", "room for it on this node's disk")
        self.close()
        self._restoring = Restoring(self._chain, manifest, app_hash, self._new_state)
        self._held.callback(self._restoring.close)
        self._making = self._held.enter_context(self._shelf.making(manifest.order))
        self._app_hash = app_hash

    @property
    def _new_state(self) -> Path:
        return self._folder.path / "restoring"

    def _apply_snapshot_chunk(self, asked: Any, told: Any, now: int) -> None:
        restoring = self._restoring
        if restoring is None or asked.index != restoring.next:
            told.result = APPLY_REJECT
        elif not restoring.is_of(asked.index, asked.chunk):
            logger.warning("chunk %s from %s is not the one that the snapshot names", asked.index, asked.sender)
            told.result = APPLY_RETRY
            told.refetch_chunks.append(asked.index)
            told.reject_senders.append(asked.sender)
        else:
            told.result = self._put(restoring, asked.index, asked.chunk)

    def _put(self, restoring: Restoring, index: int, chunk: bytes) -> int:
        try:
            restoring.put(chunk)
        except BadSnapshot as bad:
            logger.warning("the snapshot of height %s does not hold: %s", restoring.manifest.order, bad)
            self.close()
            return APPLY_REJECT
        self._making.put(index, chunk)
        if restoring.next == len(restoring.manifest.chunks):
            self._take_over(restoring)
        return APPLY_ACCEPT

    def _take_over(self, restoring: Restoring) -> None:
        """Put the restored ledger in the place of the one that is here. The snapshot is kept, for others and for audits."""
        manifest, folder = restoring.manifest, self._folder
        self._making.finish(manifest)
        self.close()
        for path in (folder.state, folder.blocks):
            shutil.rmtree(path, ignore_errors=True)
        self._new_state.rename(folder.state)
        folder.blocks.mkdir(mode=PRIVATE_FOLDER)
        begun = BlockLog(folder.blocks).path(manifest.height + 1)
        os.close(os.open(begun, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE))
        Order.create(self._home.order, manifest.height, order=manifest.order)
        for path in (folder.blocks, folder.path):
            sync_folder(path)
        self._place = (manifest.order, self._app_hash)
        logger.info("the state of block %s is here, CometBFT's height %s", manifest.height, manifest.order)

    def _finalize_block(self, asked: Any, told: Any, now: int) -> None:
        """CometBFT has kept what it needs to begin from here, and its first block."""
        self.ended = True
