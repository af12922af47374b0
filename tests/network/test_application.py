"""What may stand in a network's block, what a block does, and that no crash makes it do anything else."""

from collections.abc import Callable
from pathlib import Path

import pytest
from driven import Driven, hash_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from world import LOG_KEY, SECRET, World, milliseconds

from infoharbor.engine.blocklog import BlockLog
from infoharbor.engine.cometbft.application import STALE_MS, Diverged
from infoharbor.engine.cometbft.order import Order
from infoharbor.engine.interface import Refused
from infoharbor.engine.lifecycle import create, open_engine
from infoharbor.kernel import limits
from infoharbor.kernel.encoding import encode
from infoharbor.kernel.room import WHOLE
from infoharbor.kernel.transaction import Transaction, transaction_codec

Drive = Callable[..., Driven]
ROOMY = limits.BLOCK_BYTES


class PowerCut(BaseException):
    """The process is gone in this moment."""


@pytest.fixture
def node(drive: Drive) -> Driven:
    node = drive()
    node.open_accounts()
    return node


def test_embedded_and_replicated_runs_of_the_same_blocks_have_the_same_roots(
    world: World, drive: Drive, tmp_path: Path
) -> None:
    create(tmp_path / "embedded", world.genesis, SECRET, LOG_KEY)
    with open_engine(tmp_path / "embedded", workers=0) as engine:
        for raw in world.opening():
            assert engine.submit(raw).result(10).code == ""
        for future in [engine.submit(world.transfer("bank", "firm-1", 10**number)) for number in range(16)]:
            future.result(10)
        node = drive()
        for block in engine.blocks(0):
            node.block(block.transactions, time=block.header.time)
            assert node.root == engine.root(block.header.height + 1)
        assert node.height == engine.status().height


@pytest.mark.parametrize("suite", ["sha256", "sm3"])
def test_both_hash_suites(suite: str, tmp_path: Path) -> None:
    node = Driven(World(4, suite=suite), tmp_path / "node")
    node.open_accounts()
    node.close()
    again = Driven(node.world, tmp_path / "node")
    assert (again.height, again.root) == (node.height, node.root)
    again.close()


def test_what_waits_is_proposed_accepted_and_answered(node: Driven, world: World) -> None:
    futures = [node.put(world.transfer("bank", "firm-1")) for _ in range(5)]
    now = node.time + 1
    proposed = node.application.prepare(now, ROOMY, now)
    assert len(proposed) == 5
    assert node.block(proposed, time=now).codes == [0] * 5
    assert {future.result(0).height for future in futures} == {node.height}
    assert len(node.mempool) == 0


def test_a_refused_bundle_is_recorded_like_any_other(node: Driven, world: World) -> None:
    assert node.block([world.transfer("firm-1", "bank", 10**14)]).codes == [1]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_prepared_block_is_accepted(node: Driven, world: World, data: st.DataObject) -> None:
    """Whatever waits, and whatever the block's time is: what this node proposes, the others vote for."""
    now = milliseconds()
    for _ in range(data.draw(st.integers(0, 8))):
        raw = world.transfer(
            data.draw(st.sampled_from(world.names)), "bank", expiry=now + data.draw(st.integers(-20_000, 3_590_000))
        )
        node.put(raw)
    time = now - data.draw(st.integers(0, STALE_MS))
    proposed = node.application.prepare(time, data.draw(st.integers(0, 5_000)), now)
    node.block(proposed, time=time)


def test_a_block_whose_time_lags_stays_empty(node: Driven, world: World) -> None:
    node.put(world.transfer("bank", "firm-1"))
    now = milliseconds()
    assert node.application.prepare(now - STALE_MS - 1, ROOMY, now) == []
    assert len(node.application.prepare(now - STALE_MS, ROOMY, now)) == 1


def test_a_proposal_stays_within_the_bytes_that_it_may_have(node: Driven, world: World) -> None:
    raws = [world.transfer("bank", "firm-1") for _ in range(4)]
    for raw in raws:
        node.put(raw)
    now = milliseconds()
    room = sum(len(raw) for raw in raws) - 1
    assert len(node.application.prepare(now, room, now)) == 3


class TestRejected:
    """A proposal that holds any of this gets no vote."""

    def reject(self, node: Driven, transactions: list[bytes], code: str) -> None:
        with pytest.raises(Refused) as refused:
            node.application.process(milliseconds(), transactions, b"hash")
        assert refused.value.code == code

    def test_the_same_twice(self, node: Driven, world: World) -> None:
        raw = world.transfer("bank", "firm-1")
        self.reject(node, [raw, raw], "ledger.replayed")

    def test_what_has_run(self, node: Driven, world: World) -> None:
        raw = world.transfer("bank", "firm-1")
        node.block([raw])
        self.reject(node, [raw], "ledger.replayed")

    def test_what_has_lapsed(self, node: Driven, world: World) -> None:
        self.reject(node, [world.transfer("bank", "firm-1", expiry=milliseconds() - 60_000)], "ledger.expired")

    def test_what_would_be_remembered_too_long(self, node: Driven, world: World) -> None:
        far = milliseconds() + 2 * limits.EXPIRY_MS
        self.reject(node, [world.transfer("bank", "firm-1", expiry=far)], "ledger.expiry_too_far")

    def test_another_chain(self, node: Driven, world: World) -> None:
        self.reject(node, [world.transfer("bank", "firm-1", chain=bytes(32))], "ledger.wrong_chain")

    def test_no_transaction(self, node: Driven) -> None:
        self.reject(node, [b"no transaction"], "ledger.malformed")

    def test_a_stripped_signature(self, node: Driven, world: World) -> None:
        signed: Transaction = transaction_codec.decode(world.transfer("bank", "firm-1", also=("firm-2",)))
        stripped = Transaction(signed.body, signed.actions, signed.signatures[:1])
        self.reject(node, [encode(stripped)], "ledger.signature_count")

    def test_a_false_signature(self, node: Driven, world: World) -> None:
        signed: Transaction = transaction_codec.decode(world.transfer("bank", "firm-1"))
        false = Transaction(signed.body, signed.actions, (bytes(64),))
        good = encode(signed)
        node.put(good)
        self.reject(node, [encode(false)], "ledger.signature_invalid")
        node.application.process(milliseconds(), [good], b"hash")

    def test_more_than_an_organisation_s_share(self, node: Driven, world: World) -> None:
        share = WHOLE[0] // limits.ORGANISATION_SHARE
        raws = [world.transfer("bank", "firm-1") for _ in range(share + 1)]
        self.reject(node, raws, "ledger.block_full")
        node.application.process(milliseconds(), raws[:share], b"hash")


def test_a_block_that_no_honest_node_votes_for_runs_nothing(node: Driven, world: World, drive: Drive) -> None:
    raw = world.transfer("bank", "firm-1")
    height, root = node.height, node.root
    assert node.block([raw, b"no transaction"], process=False).codes == [2, 2]
    assert (node.height, node.root) == (height, root)
    assert node.block([raw]).codes == [0]


def test_an_empty_block_makes_no_header_of_ours(node: Driven) -> None:
    height, (order, root) = node.height, node.application.info()
    assert node.block([]).app_hash == root
    assert node.height == height
    assert node.application.info() == (order + 1, root)


def test_a_decided_block_that_is_asked_for_again_is_answered_alike(node: Driven, world: World) -> None:
    """CometBFT may be started again while this process goes on."""
    raws = [world.transfer("bank", "firm-1")]
    asked = (node.application.info()[0] + 1, node.time + 1, raws, b"hash")
    assert node.application.finalize(*asked) == node.application.finalize(*asked)
    with pytest.raises(Diverged):
        node.application.finalize(*asked[:3], b"another")
    node.application.commit()


def test_the_order_of_heights_is_kept(node: Driven) -> None:
    order = node.application.info()[0]
    for wrong in (order, order + 2):
        with pytest.raises(Diverged):
            node.application.finalize(wrong, node.time, [], b"hash")
    with pytest.raises(Diverged):
        node.application.commit()


def test_only_this_chain_with_equal_votes_begins(drive: Drive) -> None:
    node = drive()
    chain, founding = node.machine.chain.id.hex(), list(node.founding.items())
    assert node.application.init_chain(chain, founding) == node.root
    for other, validators in ((bytes(32).hex(), founding), (chain, [(founding[0][0], 1)]), (chain, [])):
        with pytest.raises(Diverged):
            node.application.init_chain(other, validators)
    node.block()
    with pytest.raises(Diverged):
        node.application.init_chain(chain, founding)


class OrderCut(Order):
    """The power goes before the block's place is noted."""

    def append(self, place: object) -> None:
        raise PowerCut


class LogCut(BlockLog):
    """The power goes before the block itself is written."""

    def append(self, height: int, payload: bytes) -> object:  # type: ignore[override]
        raise PowerCut


class LogCutAfter(BlockLog):
    """The power goes when the block is durable, and nobody knows it yet."""

    def append(self, height: int, payload: bytes) -> object:  # type: ignore[override]
        super().append(height, payload)
        raise PowerCut


@pytest.mark.parametrize(
    ("cut", "is_committed"), [({"order": OrderCut}, False), ({"log": LogCut}, False), ({"log": LogCutAfter}, True)]
)
def test_wherever_a_commit_is_cut_off_it_happened_once_or_not_yet(
    node: Driven, world: World, drive: Drive, cut: dict[str, type], is_committed: bool
) -> None:
    node.block([])
    raws, time = [world.transfer("bank", "firm-1")], node.time + 1
    (order, root), height = node.application.info(), node.height
    node.close()

    broken = drive(**cut)
    named = hash_of(order + 1, time, raws)
    expected = broken.application.finalize(order + 1, time, raws, named)
    with pytest.raises(PowerCut):
        broken.application.commit()
    broken.close()

    again = drive()
    if not is_committed:
        assert (again.application.info(), again.height) == ((order, root), height)
        assert again.block(raws, time=time) == expected
    assert (again.application.info(), again.height) == ((order + 1, expected.app_hash), height + 1)
    with pytest.raises(Refused):
        again.application.process(time, raws, b"hash")


def test_a_restart_goes_on_where_it_was(node: Driven, world: World, drive: Drive) -> None:
    node.block([])
    node.block([world.transfer("bank", "firm-1")])
    before = (node.application.info(), node.height)
    node.close()
    again = drive()
    assert (again.application.info(), again.height) == before


def test_what_no_block_can_hold_any_more_is_refused(node: Driven, world: World) -> None:
    soon = node.put(world.transfer("bank", "firm-1", expiry=node.time + 1))
    later = node.put(world.transfer("bank", "firm-1", expiry=node.time + 60_000))
    node.block([world.transfer("firm-1", "bank")], time=node.time + 2)
    node.application.sweep()
    assert isinstance(soon.exception(0), Refused)
    assert not later.done()


def test_the_store_is_given_nothing_of_a_block_that_is_not_committed(drive: Callable[..., Driven]) -> None:
    node = drive()
    node.open_accounts()
    raw = node.world.transfer("bank", "firm-1")
    order, time = node.application.info()[0] + 1, node.time + 1
    node.application.process(time, [raw], b"block")
    first = node.application.finalize(order, time, [raw], b"block")
    node.machine.flush()
    node.close()
    again = drive()
    assert again.block([raw], time=time) == first
