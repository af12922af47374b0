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


def signed_by(node: Driven, *homes: ConsensusHome, height: int = 3) -> Skip:
    """A skip of a due move of this block, by the validators whose keys these are, and no others."""
    keys = tuple(sorted(home.validator_key().hex() for home in homes))
    chain, late = node.machine.chain.id.hex(), "00000000" + "11" * 28
    skip = Skip(chain, height, late, keys, record="asset/holds/late", version=1)
    for home in homes:
        skip = skip.signed_in(home)
    return skip


def keys_in(data: Path) -> ConsensusHome:
    home = ConsensusHome(data)
    home.write_keys(new_keys())
    return home


@pytest.fixture
def stranger(tmp_path: Path) -> ConsensusHome:
    """The keys of somebody who validates nothing."""
    return keys_in(tmp_path / "stranger")


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
    place(node.data, signed_by(node, stranger, height=node.height + 1))
    node.close()
    check(node.data)


def enter(node: Driven, world: World, **validators: ConsensusHome) -> None:
    """The members vote these in, each in the place of whoever was there."""
    decision = admits(
        VALIDATORS, {name.replace("_", "-"): home.validator_key().hex() for name, home in validators.items()}
    )
    proposal = Propose.to(decision, id=f"validators-{node.height}", reason="a test")
    assert node.block([world.signed(proposal, by="bank")]).codes == [0]


def test_validators_who_came_since_decide_nothing_of_before(
    node: Driven, world: World, stranger: ConsensusHome, tmp_path: Path
) -> None:
    founder = ConsensusHome(node.data)
    enter(node, world, bank=founder, firm_1=stranger)
    data = synchronised(node, tmp_path / "synchronised")
    for height in (3, node.height):
        place(data, signed_by(node, founder, height=height))
        check(data)
        for others in ((stranger,), (founder, stranger)):
            place(data, signed_by(node, *others, height=height))
            refused_at_start(data, "skip.validators")
        shutil.rmtree(data / "skips")


def test_where_a_validator_has_another_key_since_its_old_one_is_taken_at_the_skips_word_and_no_more(
    node: Driven, world: World, tmp_path: Path
) -> None:
    """Nobody has the state any more that names the old key."""
    founder, second, third, old, new, *strangers = (
        ConsensusHome(node.data), *(keys_in(tmp_path / f"node-{number}") for number in range(8))
    )  # fmt: skip
    enter(node, world, bank=founder, firm_1=second, firm_2=third, firm_3=old)
    height = node.height + 1
    enter(node, world, firm_3=new)
    data = synchronised(node, tmp_path / "synchronised")
    for decided in ((founder, second, third, old), (founder, second, third)):
        place(data, signed_by(node, *decided, height=height))
        check(data)
    for others in ((founder, second, old), (founder, second, third, *strangers[:2]), tuple(strangers), (founder,)):
        place(data, signed_by(node, *others, height=height))
        refused_at_start(data, "skip.validators")


def test_before_the_first_vote_the_founding_validators_decided_whatever_has_been_voted_since(
    node: Driven, world: World, stranger: ConsensusHome, tmp_path: Path
) -> None:
    founder = ConsensusHome(node.data)
    for key in (founder, keys_in(tmp_path / "another")):
        enter(node, world, bank=key)
    data = synchronised(node, tmp_path / "synchronised")
    place(data, signed_by(node, founder))
    check(data)
    place(data, signed_by(node, founder, stranger))
    refused_at_start(data, "skip.validators")
