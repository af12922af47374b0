"""How a node in quarantine comes back: what it has from the differing block on is set aside, the rest comes from its peers.

CometBFT forgets its newest blocks until it stands before the differing one (`cometbft rollback --hard`), and so does the
ledger; at the next start the node fetches them again. Where it no longer has what that takes, it begins anew as one that has
just joined. CometBFT's memory of what this validator has signed is never touched: it must not vote twice."""

import contextlib
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from infoharbor.engine.blocklog import BlockLog, Place
from infoharbor.engine.cometbft import order as orders
from infoharbor.engine.cometbft.home import ConsensusHome
from infoharbor.engine.cometbft.joining import sync_from
from infoharbor.engine.folder import PRIVATE_FOLDER, DataFolder, sync_folder, write_private
from infoharbor.engine.interface import Refused
from infoharbor.engine.lifecycle import make_first_block
from infoharbor.engine.quarantine import quarantine_in
from infoharbor.engine.store import Store

ROLLED_BACK = re.compile(r"height (\d+) and hash")
ROLLBACK_SECONDS = 600
COPIES = ("readmodel.sqlite*", "epcis_index.sqlite*", "snapshots")
"""What is made from the ledger in the data folder, and will be again."""


class Resynced(NamedTuple):
    """The newest block that was kept, and the folder with all that was set aside."""

    height: int
    aside: Path


def resync(data: Path, program: Path, gateways: Sequence[str] = ()) -> Resynced:
    """Set a stopped node right; `program` is CometBFT. Refused as `network.not_quarantined` unless it needs that. Call it
    again if it was cut off. A node that has to begin anew does so with the state of the members behind these gateways."""
    folder, home = DataFolder(data), ConsensusHome(data)
    known = quarantine_in(folder.quarantine)
    if known is None:
        raise Refused("network.not_quarantined", "data", "the folder of a node in quarantine")
    sync = sync_from(gateways) if gateways else None
    with folder.locked(), folder.writing():
        aside = _empty_folder(data / "set-aside", f"from-{known.height}")
        for name in COPIES:
            for file in data.glob(name):
                file.rename(aside / file.name)
        shutil.copy(folder.quarantine, aside)
        shutil.copy(home.order, aside)
        with contextlib.suppress(FileNotFoundError):
            shutil.copy(home.log, aside)
        place = _place_before(home, known.height, program)
        height = None if place is None else _go_back(folder, home, place, aside)
        if height is None:
            height = 0
            _begin_anew(folder, home, aside)
            if sync is not None:
                home.await_sync(sync)
        _forget_signed(folder, height, aside)
        sync_folder(aside)
        folder.quarantine.unlink()
        sync_folder(data)
    return Resynced(height, aside)


def _place_before(home: ConsensusHome, height: int, program: Path) -> orders.Place | None:
    """Let CometBFT forget its blocks from the one on that made block `height`; where the node then is, if it knows."""
    places = [place for place in orders.read_places(home.order) if place.height < height]
    if not places:
        return None
    order = places[-1].order + 1
    while order > places[-1].order:
        rolled = subprocess.run(
            [program, "rollback", "--hard", "--home", home.path],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=ROLLBACK_SECONDS,
        )  # fmt: skip
        found = ROLLED_BACK.search(rolled.stdout)
        if rolled.returncode or found is None:
            return None
        order = int(found.group(1))
    # Its log of votes says that it had come further. It may not vote there again in any case, and goes on without it.
    shutil.rmtree(home.path / "data" / "cs.wal", ignore_errors=True)
    return next((place for place in reversed(places) if place.order <= order), None)


def _go_back(folder: DataFolder, home: ConsensusHome, place: orders.Place, aside: Path) -> int | None:
    """Leave the blocks up to this place; the state is made again from them if it holds more. None if that is not possible,
    since the oldest are gone."""
    folder.make_folders()  # A state that was set aside before a try was cut off is not there.
    log = BlockLog(folder.blocks)
    segment = max(each for each in log.segments() if each <= place.height + 1)
    with contextlib.closing(Store(folder.state)) as store, store.read() as stored:
        has_more = stored.height > place.height
    if has_more and log.first > 0:
        return None
    kept = Place(segment, 0)
    for record in log.scan(kept, segment):
        if record.height > place.height:
            break
        kept = record.end
    blocks = aside / "blocks"
    blocks.mkdir(mode=PRIVATE_FOLDER)
    for later in (each for each in log.segments() if each >= segment):
        shutil.copy(log.path(later), blocks)
    for later in (each for each in log.segments() if each > segment):
        log.path(later).unlink()
    log.append_from(kept)
    log.close()
    if has_more:
        folder.state.rename(aside / folder.state.name)
        folder.make_folders()
    # The other places go last: whoever is cut off before goes back by one of them, if a little further.
    write_private(home.order, orders.line(place))
    return place.height


def _begin_anew(folder: DataFolder, home: ConsensusHome, aside: Path) -> None:
    """The ledger's genesis and CometBFT's, and nothing else: as after `network join`."""
    for path in (folder.blocks, folder.state):
        if path.exists():
            path.rename(aside / path.name)
    folder.make_folders()
    consensus = aside / "consensus-data"
    consensus.mkdir(mode=PRIVATE_FOLDER)
    for path in (home.path / "data").iterdir():
        if path != home.votes:
            path.rename(consensus / path.name)
    make_first_block(folder, folder.founded(quarantined=True))
    orders.Order.create(home.order, 0)


def _forget_signed(folder: DataFolder, height: int, aside: Path) -> None:
    """What was signed of blocks that are gone stays with them. No second history comes of it: a quorum decides this one."""
    signed = folder.last_signed()
    if signed is not None and signed.size > height + 1:
        folder.signed.rename(aside / folder.signed.name)


def _empty_folder(parent: Path, name: str) -> Path:
    parent.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    number = len(list(parent.iterdir())) + 1
    made = parent / f"{number}-{name}"
    made.mkdir(mode=PRIVATE_FOLDER)
    return made
