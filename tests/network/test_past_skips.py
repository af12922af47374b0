"""A skip of a due move that a node did not see happen holds there only if those who validated then decided it."""

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from driven import Driven
from world import World

from infoharbor.contracts.governance.actions import VALIDATORS, Propose
from infoharbor.engine.blocklog import BlockLog
from infoharbor.engine.cometbft.home import ConsensusHome, new_keys
from infoharbor.engine.cometbft.skips import Skip, place
from infoharbor.engine.cometbft.validators import admits
from infoharbor.engine.folder import DataFolder
from infoharbor.engine.interface import Damaged
from infoharbor.engine.lifecycle import open_engine
from infoharbor.engine.past_skips import ensure_past_skips
from infoharbor.engine.state_check import restore
from infoharbor.engine.state_export import export_state, view_of
from infoharbor.engine.state_shelf import Shelf
from infoharbor.engine.store import Store

Drive = Callable[..., Driven]


@pytest.fixture
def node(drive: Drive) -> Driven:
    node = drive()
    node.open_accounts()
    return node


def signed_by(node: Driven, home: ConsensusHome, height: int = 3) -> Skip:
    """A skip of a due move of this block, by the validator whose keys these are alone."""
    chain, key = node.machine.chain.id.hex(), home.validator_key().hex()
    skip = Skip(chain, height, "00000000" + "11" * 28, (key,), record="asset/holds/late", version=1)
    return skip.signed_in(home)


@pytest.fixture
def stranger(tmp_path: Path) -> ConsensusHome:
    """The keys of somebody who validates nothing."""
    home = ConsensusHome(tmp_path / "stranger")
    home.write_keys(new_keys())
    return home


def synchronised(node: Driven, data: Path) -> Path:
    """The folder of a node that began with the newest state of this one, and has no block."""
    node.machine.flush()
    folder, shelf, chain = DataFolder(data), Shelf(data / "shelf"), node.machine.chain
    shutil.copytree(node.data, data, ignore=shutil.ignore_patterns("blocks", "state", "lock", "writing"))
    folder.make_folders()
    with node.store.read() as stored:
        manifest = export_state(chain, stored, 1, shelf)
        restore(chain, shelf, manifest, node.root, folder.state)
    BlockLog(folder.blocks).path(manifest.height + 1).touch()
    return data


def check(data: Path) -> None:
    """As the node does at its start."""
    folder = DataFolder(data)
    with contextlib.closing(Store(folder.state, readonly=True)) as store, store.read() as stored:
        ensure_past_skips(data, view_of(stored), BlockLog(folder.blocks))


def refused_at_start(data: Path, match: str) -> None:
    with pytest.raises(Damaged, match=match):
        open_engine(data)


def test_a_node_that_began_with_others_state_goes_by_what_the_validators_decided(
    node: Driven, stranger: ConsensusHome, tmp_path: Path
) -> None:
    data = synchronised(node, tmp_path / "synchronised")
    true = place(data, signed_by(node, ConsensusHome(node.data)))
    check(data)
    true.unlink()
    place(data, signed_by(node, stranger))
    refused_at_start(data, "skip.validators")


def test_a_skip_of_a_block_that_is_kept_is_one_that_it_made(node: Driven) -> None:
    node.machine.flush()
    place(node.data, signed_by(node, ConsensusHome(node.data)))
    node.close()
    refused_at_start(node.data, "a skip that block 3 made")


def test_a_skip_of_a_block_to_come_is_for_that_block_to_judge(node: Driven, stranger: ConsensusHome) -> None:
    node.machine.flush()
    place(node.data, signed_by(node, stranger, node.height + 1))
    node.close()
    check(node.data)


def test_where_the_validators_have_changed_since_the_skip_stands_on_its_own_word(
    node: Driven, world: World, stranger: ConsensusHome, tmp_path: Path
) -> None:
    """Nobody has the state any more that names those of then; the network's blocks say whether it is true."""
    decision = admits(VALIDATORS, {"bank": stranger.validator_key().hex()})
    proposal = Propose.to(decision, id="another", reason="a test")
    assert node.block([world.signed(proposal, by="bank")]).codes == [0]
    data = synchronised(node, tmp_path / "synchronised")
    old = place(data, signed_by(node, ConsensusHome(node.data)))
    check(data)
    old.unlink()
    place(data, signed_by(node, ConsensusHome(node.data), node.height))
    check(data)
