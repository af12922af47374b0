"""What two nodes compare when their ledgers part, and when a node takes CometBFT's word that they have."""

from collections.abc import Iterator

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from world import World

from infoharbor.engine.cometbft import divergence
from infoharbor.engine.cometbft.divergence import explained, verdict_in
from infoharbor.engine.digests import Digests, are_proven, digests_of, first_difference, read_digests
from infoharbor.engine.interface import Block
from infoharbor.engine.lifecycle import open_engine
from infoharbor.engine.node import NodeEngine
from infoharbor.engine.proving import root_with
from infoharbor.engine.quarantine import Quarantine
from infoharbor.engine.reading import frontier_at
from infoharbor.kernel import merkle
from infoharbor.kernel.block import header_codec, receipt_codec
from infoharbor.kernel.encoding import Malformed, encode

HERE, THERE = "AA" * 32, "0B" * 32
WRONG = f'wrong Block.Header.AppHash.  Expected {HERE}, got {THERE}"'


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeEngine]:
    world = World(4)
    with open_engine(world.create(tmp_path_factory.mktemp("ledger")), workers=0) as engine:
        for raw in world.opening():
            engine.submit(raw).result(10)
        futures = [engine.submit(world.transfer("bank", "firm-1", 10**number)) for number in range(8)]
        for future in futures:
            future.result(10)
        yield engine


@pytest.fixture(scope="module")
def block(engine: NodeEngine) -> Block:
    """One with several transactions."""
    return max(engine.blocks(0), key=lambda block: len(block.receipts))


def test_digests_survive_the_way_and_hide_what_they_are_of(engine: NodeEngine, block: Block) -> None:
    digests = digests_of(engine.chain, block)
    raw = encode(digests)
    assert read_digests(engine.chain, raw) == digests
    assert len(block.receipts) > 1
    for write in block.writes:
        assert write.path.encode() not in raw
        assert write.entry.value not in raw


@given(data=st.data())
def test_the_first_changed_record_is_named_with_its_transaction(
    engine: NodeEngine, block: Block, data: st.DataObject
) -> None:
    digests, writes = digests_of(engine.chain, block), list(block.writes)
    changed = data.draw(st.sets(st.sampled_from(range(len(writes))), min_size=1))
    theirs = list(digests.writes)
    for at in changed:
        position, path, leaf = theirs[at]
        theirs[at] = (position, path, leaf[::-1])
    found = first_difference(engine.chain, block, Digests(digests.header_bytes, digests.receipts, tuple(theirs)))
    first = writes[min(changed, key=lambda at: writes[at].position)]
    transaction = receipt_codec.decode(block.receipts[first.position]).transaction.hex()
    assert (found.height, found.transaction) == (block.header.height, transaction)
    assert found.record in {writes[at].path for at in changed if writes[at].position == first.position}
    assert found.part == "record"


@given(data=st.data())
def test_a_changed_receipt_is_named(engine: NodeEngine, block: Block, data: st.DataObject) -> None:
    digests = digests_of(engine.chain, block)
    at = data.draw(st.integers(0, len(digests.receipts) - 1))
    receipts = (*digests.receipts[:at], bytes(32), *digests.receipts[at + 1 :])
    found = first_difference(engine.chain, block, msgspec.structs.replace(digests, receipts=receipts))
    assert (found.transaction, found.part) == (receipt_codec.decode(block.receipts[at]).transaction.hex(), "receipt")


def test_more_or_less_than_here_is_named_too(engine: NodeEngine, block: Block) -> None:
    digests = digests_of(engine.chain, block)
    more = msgspec.structs.replace(digests, receipts=(*digests.receipts, bytes(32)))
    assert first_difference(engine.chain, block, more).part == "receipt"
    fewer = msgspec.structs.replace(digests, receipts=digests.receipts[:-1])
    last = receipt_codec.decode(block.receipts[-1]).transaction.hex()
    assert first_difference(engine.chain, block, fewer).transaction == last
    added = msgspec.structs.replace(digests, writes=(*digests.writes, (0, b"\1" * 32, bytes(32))))
    assert first_difference(engine.chain, block, added).record == "01" * 32
    assert first_difference(engine.chain, block, digests).part == "header"


def test_what_is_told_of_records_has_to_lead_to_the_header_s_root(engine: NodeEngine) -> None:
    """Else a member's gateway could name a record that it likes, under a header that the quorum voted for."""
    newest = engine.block(engine.status().height)
    digests = digests_of(engine.chain, newest)

    def root(leaves: dict[str, bytes]) -> bytes:
        with engine.snapshot() as snapshot:
            return root_with(engine.chain.suite, snapshot, leaves)

    def proven(theirs: Digests) -> bool:
        return are_proven(engine.chain, newest, theirs, root)

    assert proven(digests)
    last = {write.path: at for at, write in enumerate(newest.writes)}
    path, at = next(iter(last.items()))
    position, hidden, _ = digests.writes[at]
    writes = (*digests.writes[:at], (position, hidden, b"\1" * 32), *digests.writes[at + 1 :])
    lie = msgspec.structs.replace(digests, writes=writes)
    with pytest.raises(Malformed):
        proven(lie)
    with engine.snapshot() as snapshot:
        others = {each: snapshot.entry(each).leaf_hash for each in last} | {path: b"\1" * 32}
    header = msgspec.structs.replace(newest.header, state_root=root(others))
    assert proven(msgspec.structs.replace(lie, header_bytes=encode(header)))

    unknown = (*digests.writes, (position, b"\2" * 32, bytes(32)))
    with pytest.raises(Malformed):  # The receipt, which both have, names what it wrote.
        proven(msgspec.structs.replace(digests, writes=unknown))
    receipts = (*digests.receipts[:position], bytes(32), *digests.receipts[position + 1 :])
    assert not proven(msgspec.structs.replace(digests, receipts=receipts, writes=unknown))


def test_a_record_that_only_a_gateway_names_is_told_as_its_word(engine: NodeEngine) -> None:
    told = Quarantine(1, "AppHash", "", "", "https://other.example", "", "", "asset/balances/a", "record")
    assert "https://other.example" in told.told
    assert "https://other.example" not in msgspec.structs.replace(told, proven=True).told


def test_nobody_outside_sees_which_blocks_have_written_the_same_record(engine: NodeEngine) -> None:
    blocks = list(engine.blocks(0))
    paths = [{path for _, path, _ in digests_of(engine.chain, each).writes} for each in blocks]
    assert len({write.path for each in blocks for write in each.writes}) < sum(map(len, paths))
    assert sum(map(len, paths)) == len(set().union(*paths))


def test_receipts_that_are_not_the_header_s_are_refused(engine: NodeEngine, block: Block) -> None:
    digests = digests_of(engine.chain, block)
    long = [
        msgspec.structs.replace(digests, writes=((0, *hashes),))
        for hashes in ((bytes(33), bytes(32)), (bytes(32), b""))
    ]
    for bad in (msgspec.structs.replace(digests, receipts=digests.receipts[1:]), *long, b"no digests", 7):
        with pytest.raises(Malformed):
            read_digests(engine.chain, bad if isinstance(bad, bytes) else encode(bad))


@pytest.mark.parametrize(
    "line",
    [
        f'E[2026-01-01] CONSENSUS FAILURE!!! module=consensus err="+2/3 committed an invalid block: {WRONG}',
        f'E[2026-01-01] CONSENSUS FAILURE!!! module=consensus err="precommit step; +2/3 prevoted for an invalid block: {WRONG}',
        f'E[2026-01-01] Error in validation module=blocksync height=7 hash=00 err="{WRONG}',
    ],
)
def test_what_a_quorum_has_voted_for_is_a_verdict(line: str) -> None:
    assert verdict_in(line.encode(), 5) == Quarantine(5, "AppHash", HERE.lower(), THERE.lower())


@pytest.mark.parametrize(
    "line",
    [
        f'E[2026-01-01] prevote step: consensus deems this block invalid; prevoting nil err="{WRONG}',
        'E[2026-01-01] Error in validation module=blocksync height=7 hash=00 err="wrong signature (#0)"',
        f'E[2026-01-01] Error dialing peer module=p2p err="peer is on a different network. Got Error in validation {WRONG}',
        f'E[2026-01-01] Error dialing peer module=p2p err="got +2/3 committed an invalid block: {WRONG}',
        f'E[2026-01-01] Error dialing peer module=p2p err="got \\nE[2026-01-01] Error in validation module=blocksync '
        f'height=7 hash=00 err=\\"{WRONG}',
        "",
    ],
)
def test_what_one_proposer_or_peer_claims_is_none(line: str) -> None:
    assert verdict_in(line.encode(), 5) is None


class TestAsking:
    """The other members' nodes, of which some are away, behind, or lie."""

    @pytest.fixture
    def explain(self, engine: NodeEngine, block: Block, monkeypatch: pytest.MonkeyPatch) -> object:
        height = block.header.height
        with engine.snapshot() as snapshot:
            before = frontier_at(snapshot, height)

        def ask(answers: dict[str, object], true: Digests) -> Quarantine:
            def asked(gateway: str, wanted: int, until: float) -> bytes:
                assert wanted == height
                answer = answers[gateway]
                if isinstance(answer, Exception):
                    raise answer
                return answer if isinstance(answer, bytes) else encode(answer)

            monkeypatch.setattr(divergence, "_asked", asked)
            there = before.root_after(merkle.leaf_hash(true.header_bytes)).hex()
            own = divergence.Own(before, block, lambda leaves: header_codec.decode(true.header_bytes).state_root)
            return explained(Quarantine(height, "AppHash", "", there), engine.chain, own, answers)

        return ask

    def test_only_who_has_the_network_s_block_is_believed(self, engine: NodeEngine, explain: object) -> None:
        block = max(engine.blocks(0), key=lambda block: len(block.receipts))
        true = digests_of(engine.chain, block)
        (position, path, leaf), *rest = true.writes
        theirs = msgspec.structs.replace(true, writes=((position, path, leaf[::-1]), *rest))
        liar = digests_of(engine.chain, engine.block(1))
        told = explain(  # type: ignore[operator]
            {"away": httpx.ConnectError("away"), "nonsense": b"nonsense", "liar": liar, "honest": theirs}, true
        )
        assert (told.compared_with, told.part) == ("honest", "record")
        assert told.transaction in told.told
        alone = explain({"away": httpx.ConnectError("away"), "liar": liar}, true)  # type: ignore[operator]
        assert (alone.compared_with, alone.transaction) == ("", "")
        assert str(block.header.height) in alone.told

    def test_nobody_more_is_asked_once_the_time_is_over(
        self, engine: NodeEngine, explain: object, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A node that is told to stop waits for this."""
        monkeypatch.setattr(divergence, "PATIENCE_S", 0)
        true = digests_of(engine.chain, max(engine.blocks(0), key=lambda block: len(block.receipts)))
        assert explain({"honest": true}, true).compared_with == ""  # type: ignore[operator]
