"""A pilot's data folder becomes the nodes of its network, in steps that go on at the next call wherever one was cut off.

`growing/` in the pilot's folder has each node's folder as it is to be; of the first, which takes over the pilot's own,
`consensus/` alone. It is filled anew with each try, until the pilot's folder has moved to the first node's place. From then
on each thing in it only takes its place, and it goes when everything has.
"""

import errno
import os
import shutil
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from infoharbor.crypto.keyfile import encoded, write_key
from infoharbor.crypto.suites import SUITES
from infoharbor.engine.clock import milliseconds
from infoharbor.engine.cometbft.founding import connect
from infoharbor.engine.cometbft.home import ConsensusHome, ValidatorKeys, consensus_genesis
from infoharbor.engine.cometbft.order import Order
from infoharbor.engine.folder import PRIVATE_FOLDER, DataFolder, sync_folder, write_private
from infoharbor.engine.interface import Refused
from infoharbor.engine.reader import open_reader

GROWING = "growing"


def move_pilot(pilot: Path, nodes: Path, keys: Mapping[str, ValidatorKeys]) -> Path:
    """Make what the nodes begin with, and move the pilot's folder into `nodes`: where that of the first is now. The chain
    goes on, so every earlier proof holds.

    The folder is moved, not copied, so that nobody runs it on beside the network: it would be a second history."""
    if ConsensusHome(pilot).path.exists():
        raise Refused("network.folder_taken", "pilot", "an embedded ledger")
    folder, first = DataFolder(pilot), nodes / next(iter(keys))
    with folder.locked(), folder.writing():
        _prepare(folder, keys)
        nodes.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        _move(pilot, first)
    return first


def moved_pilot(pilot: Path, nodes: Path) -> Path | None:
    """Where an earlier call has moved the pilot's folder, if the network's nodes have yet to take their places; refused as
    `network.folder_taken` if what lies where the pilot was is something else."""
    found = next((growing.parent for growing in nodes.glob(f"*/{GROWING}")), None)
    if found is not None and pilot.exists():
        genesis = DataFolder(found).genesis.read_bytes()
        if not (pilot / GROWING).exists() or DataFolder(pilot).genesis.read_bytes() != genesis:
            raise Refused("network.folder_taken", "pilot", f"no other ledger: the pilot's folder is {found} now")
        pilot.rename(_leftover(pilot))  # It was cut off between the copy to another disk and this.
    return found


def take_places(pilot: Path, first: Path) -> dict[str, Path]:
    """Let each node's folder take its place beside the first one's; all of them, the first one's first."""
    growing = first / GROWING
    with DataFolder(first).locked():
        home = ConsensusHome(first)
        _take(growing / first.name / home.path.name, home.path)
        folders = {name: first.with_name(name) for name in home.founding_members()}
        for name, data in folders.items():
            if data != first:
                _take(growing / name, data)
        os.sync()  # The network is whole before what it came from goes.
        # The pilot's key has signed that the members attest in its place; thieves could sign something else with it.
        write_private(DataFolder(first).log_key, encoded(SUITES["ed25519"].generate()))
        if _leftover(pilot).exists():
            shutil.rmtree(_leftover(pilot))
    return folders


def end_growing(first: Path) -> None:
    """The network is complete: no call goes on with it any more."""
    shutil.rmtree(first / GROWING)


def _prepare(folder: DataFolder, keys: Mapping[str, ValidatorKeys]) -> None:
    founded = folder.founded()
    with closing(open_reader(folder.path)) as reader:
        height = reader.status().height
    prepared = {name: folder.path / GROWING / name for name in keys}
    for data in prepared.values():
        for begun in (DataFolder(data).blocks, DataFolder(data).state, ConsensusHome(data).path):
            shutil.rmtree(begun, ignore_errors=True)
    for name in list(keys)[1:]:
        _copy(folder, DataFolder(prepared[name]))
    founding = consensus_genesis(founded.chain.id, milliseconds(), keys)
    for name, data in prepared.items():
        home = ConsensusHome(data)
        home.write_keys(keys[name])
        home.write_genesis(founding)
        Order.create(home.order, height)
    connect(prepared, keys)


def _copy(source: DataFolder, target: DataFolder) -> None:
    """The ledger without what is one node's own: its log key, what it has signed, its vaults and tokens."""
    target.make_folders()
    shutil.copytree(source.blocks, target.blocks, dirs_exist_ok=True)
    shutil.copytree(source.state, target.state, dirs_exist_ok=True)
    write_private(target.secret, source.secret.read_bytes())
    target.log_key.unlink(missing_ok=True)
    write_key(target.log_key, SUITES["ed25519"].generate())
    write_private(target.genesis, source.genesis.read_bytes())


def _move(pilot: Path, place: Path) -> None:
    """In one step, also to another disk."""
    try:
        pilot.rename(place)
    except OSError as fault:
        if fault.errno != errno.EXDEV:
            raise
        begun = place.parent.with_name(f".{place.name}")
        shutil.rmtree(begun, ignore_errors=True)
        shutil.copytree(pilot, begun)
        os.sync()
        begun.rename(place)
        pilot.rename(_leftover(pilot))
    sync_folder(place.parent)


def _leftover(pilot: Path) -> Path:
    """What stays where the pilot was, once its folder is on another disk, until it is deleted."""
    return pilot.with_name(f".{pilot.name}.moved")


def _take(prepared: Path, place: Path) -> None:
    if prepared.exists():
        prepared.rename(place)
        sync_folder(place.parent)
