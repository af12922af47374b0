"""What a node answers about snapshots, driven as CometBFT would: those it serves, and those it is offered."""

import hashlib
import selectors
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from driven import Driven
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from world import World

from infoharbor.engine.cometbft.answers import Answers
from infoharbor.engine.cometbft.home import ConsensusHome, NodeConfig, Sync
from infoharbor.engine.cometbft.messages import Request
from infoharbor.engine.cometbft.order import Place
from infoharbor.engine.cometbft.retention import NOTED_EVERY_MS, Retention
from infoharbor.engine.cometbft.snapshots import Snapshots
from infoharbor.engine.cometbft.state_sync import StateSync
from infoharbor.engine.folder import DataFolder
from infoharbor.engine.state_export import export_state
from infoharbor.engine.state_format import CHUNK_BYTES, CHUNKS_MOST, FORMAT, manifest_hash
from infoharbor.engine.state_shelf import Kept, Shelf
from infoharbor.kernel.encoding import encode

ACCEPT, REJECT, REJECT_FORMAT = 1, 3, 4
RETRY, REJECT_SNAPSHOT = 3, 5
Drive = Callable[..., Driven]


class Origin:
    """A node that has a snapshot."""

    def __init__(self, node: Driven) -> None:
        node.open_accounts()
        node.block([node.world.transfer("firm-1", "firm-2")])
        node.block([])  # A height of CometBFT that makes no block of ours.
        node.machine.flush()
        self.node, self.shelf = node, Shelf(DataFolder(node.data).snapshots)
        with node.store.read() as stored:
            export_state(node.machine.chain, stored, node.order.newest.order, self.shelf)
        (self.kept,) = self.shelf.kept()
        self.chunks = [self.shelf.chunk(self.kept.manifest.order, at) for at in range(len(self.kept.manifest.chunks))]


@pytest.fixture
def origin(drive: Drive) -> Origin:
    return Origin(drive("origin"))


class Newcomer:
    """A founded node that is to begin with others' state."""

    def __init__(self, drive: Drive, data: Path) -> None:
        node = drive(data.name)
        self.chain, self.data = node.machine.chain, data
        node.close()
        home = ConsensusHome(data)
        home.write_config(NodeConfig("newcomer", "127.0.0.1:1", ("abcd@127.0.0.1:2",)))
        self.syncing = StateSync(DataFolder(data), self.chain, home)

    def ask(self, kind: str, **fields: Any) -> Any:
        return answer(self.syncing, kind, **fields)

    def offered(self, kept: Kept, app_hash: bytes, **changed: Any) -> int:
        snapshot = {
            "height": kept.manifest.order, "format": FORMAT, "chunks": len(kept.manifest.chunks),
            "hash": kept.hash, "metadata": kept.raw,
        } | changed  # fmt: skip
        return int(self.ask("offer_snapshot", snapshot=snapshot, app_hash=app_hash).result)

    def given(self, index: int, chunk: bytes) -> Any:
        return self.ask("apply_snapshot_chunk", index=index, chunk=chunk, sender="liar")


@pytest.fixture
def newcomer(drive: Drive, tmp_path: Path) -> Iterator[Newcomer]:
    found = Newcomer(drive, tmp_path / "newcomer")
    yield found
    found.syncing.close()


def answer(answers: Any, kind: str, **fields: Any) -> Any:
    request = Request()
    getattr(request, kind).SetInParent()
    for name, value in fields.items():
        if isinstance(value, dict):
            for part, inner in value.items():
                setattr(getattr(getattr(request, kind), name), part, inner)
        else:
            setattr(getattr(request, kind), name, value)
    return getattr(answers.answer(request, 0), kind)


def test_what_is_listed_can_be_loaded(origin: Origin) -> None:
    snapshots = Snapshots(selectors.DefaultSelector(), origin.node.data, 0, Retention(origin.node.data / "marks"))
    answers = Answers(origin.node.application, None, None, snapshots)  # type: ignore[arg-type]
    (listed,) = answer(answers, "list_snapshots").snapshots
    assert (listed.height, listed.format, listed.hash) == (origin.kept.manifest.order, FORMAT, origin.kept.hash)
    asked = {"height": listed.height, "format": FORMAT}
    loaded = [answer(answers, "load_snapshot_chunk", **asked, chunk=at).chunk for at in range(listed.chunks)]
    assert loaded == origin.chunks
    for wrong in ({"chunk": 999}, {"height": 2**60}, {"format": 7}):
        assert answer(answers, "load_snapshot_chunk", **asked | wrong).chunk == b""


def test_a_restored_node_goes_on_with_the_others(
    origin: Origin, newcomer: Newcomer, drive: Drive, world: World
) -> None:
    assert newcomer.offered(origin.kept, origin.node.root) == ACCEPT
    for at, chunk in enumerate(origin.chunks):
        assert newcomer.given(at, chunk).result == ACCEPT
    told = newcomer.ask("info")
    assert (told.last_block_height, told.last_block_app_hash) == origin.node.application.info()
    newcomer.syncing.close()
    again = drive("newcomer")
    assert (again.height, again.order.newest) == (origin.node.height, origin.node.order.newest)
    raw = world.transfer("firm-2", "firm-3")
    time = origin.node.time + 1
    assert origin.node.block([raw], time=time) == again.block([raw], time=time)
    assert again.log.first == again.height
    assert Shelf(DataFolder(newcomer.data).snapshots).kept() == [origin.kept]


def test_a_wrong_chunk_is_asked_for_again_of_another(origin: Origin, newcomer: Newcomer) -> None:
    assert newcomer.offered(origin.kept, origin.node.root) == ACCEPT
    told = newcomer.given(0, origin.chunks[0] + b"x")
    assert (told.result, list(told.refetch_chunks), list(told.reject_senders)) == (RETRY, [0], ["liar"])
    assert newcomer.given(0, origin.chunks[0]).result == ACCEPT
    assert newcomer.given(0, origin.chunks[0]).result == REJECT_SNAPSHOT  # That was not asked for.


def test_a_snapshot_that_does_not_hold_makes_room_for_the_next(
    origin: Origin, newcomer: Newcomer, drive: Drive
) -> None:
    last = origin.chunks[-1][:-1] + bytes((origin.chunks[-1][-1] ^ 1,))
    hashes = (*origin.kept.manifest.chunks[:-1], hashlib.sha256(last).digest())
    false = Kept(manifest := replace(origin.kept.manifest, chunks=hashes), encode(manifest))
    assert newcomer.offered(false, origin.node.root) == ACCEPT
    told = [newcomer.given(at, chunk).result for at, chunk in enumerate([*origin.chunks[:-1], last])]
    assert told == [*[ACCEPT] * (len(told) - 1), REJECT_SNAPSHOT]
    assert newcomer.ask("info").last_block_height == 0
    assert newcomer.offered(origin.kept, bytes(32)) == ACCEPT
    assert [newcomer.given(at, origin.chunks[at]).result for at in (0, 1)] == [ACCEPT, REJECT_SNAPSHOT]
    newcomer.syncing.close()
    assert drive("newcomer").height == 0  # The ledger that was there is untouched.


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"format": 2}, REJECT_FORMAT),
        ({"hash": bytes(32)}, REJECT),
        ({"height": 1}, REJECT),
        ({"chunks": 99}, REJECT),
        ({"metadata": b""}, REJECT),
        ({"metadata": bytes(2**21)}, REJECT),
    ],
)
def test_an_offer_is_what_its_manifest_says(origin: Origin, newcomer: Newcomer, changed: Any, told: int) -> None:
    assert newcomer.offered(origin.kept, origin.node.root, **changed) == told


def test_more_than_the_disk_holds_is_not_begun(origin: Origin, newcomer: Newcomer) -> None:
    room = shutil.disk_usage(newcomer.data).free
    most = replace(origin.kept.manifest, chunks=(bytes(32),) * CHUNKS_MOST, size=CHUNKS_MOST * CHUNK_BYTES)
    assert 6 * most.size > room
    raw = encode(most)
    offer = {"chunks": CHUNKS_MOST, "hash": manifest_hash(raw), "metadata": raw}
    assert newcomer.offered(origin.kept, origin.node.root, **offer) == REJECT


def test_only_the_peers_it_was_given_may_call(newcomer: Newcomer) -> None:
    assert newcomer.ask("query", path="/p2p/filter/id/abcd").code == 0
    assert newcomer.ask("query", path="/p2p/filter/id/beef").code != 0


def test_nothing_is_taken_in_before_there_is_a_state(newcomer: Newcomer) -> None:
    assert newcomer.ask("check_tx", tx=b"x").code != 0
    assert newcomer.ask("insert_tx", tx=b"x").code != 0
    assert list(newcomer.ask("reap_txs").txs) == []
    assert not newcomer.syncing.ended
    newcomer.ask("finalize_block", height=1)
    assert newcomer.syncing.ended


def test_what_cometbft_has_signed_is_never_forgotten(newcomer: Newcomer) -> None:
    home = ConsensusHome(newcomer.data)
    (home.path / "data" / "state.db").mkdir()
    (home.path / "data" / "left").write_bytes(b"x")
    before = home.votes.read_bytes()
    home.forget_blocks()
    assert [path.name for path in (home.path / "data").iterdir()] == [home.votes.name]
    assert home.votes.read_bytes() == before
    home.await_sync(Sync(3, "ab", ("http://a/log/consensus",)))
    home.write_settings()
    written = (home.path / "config" / "config.toml").read_text()
    assert 'rpc_servers = "http://a/log/consensus,http://a/log/consensus"' in written
    assert "trust_height = 3" in written


# Retention


def test_blocks_stay_until_their_evidence_has_lapsed(tmp_path: Path) -> None:
    retention = Retention(tmp_path / "marks", blocks=100, milliseconds=10 * NOTED_EVERY_MS)
    told = [retention.retained(50 * hour, hour * NOTED_EVERY_MS) for hour in range(1, 31)]
    assert told[:10] == [0] * 10
    assert told[10:] == [50 * (hour - 10) for hour in range(11, 31)]


@given(st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 5 * NOTED_EVERY_MS)), max_size=60), st.data())
def test_neither_number_nor_age_alone_lets_a_block_go(steps: list[tuple[int, int]], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "marks"
        retention = Retention(file, blocks=1_000, milliseconds=20 * NOTED_EVERY_MS)
        order = now = before = 0
        came: list[tuple[int, int]] = []
        for blocks, passed in steps:
            order, now = order + blocks, now + passed
            came.append((order, now))
            if data.draw(st.booleans()):
                retention = Retention(file, blocks=1_000, milliseconds=20 * NOTED_EVERY_MS)
                before = 0
            kept = retention.retained(order, now)
            assert kept <= max(0, order - 1_000)
            assert all(at < kept or moment > now - 20 * NOTED_EVERY_MS or at >= kept for at, moment in came)
            young = [at for at, moment in came if moment > now - 20 * NOTED_EVERY_MS]
            assert kept <= min(young)
            assert kept >= before
            before = kept


def test_no_fault_of_a_snapshot_stops_the_blocks(
    origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every node makes one at the same height: all of them would stop together."""

    def fails(*_: object, **__: object) -> None:
        raise OSError("no room for another process, nor a link")

    newest, retention = origin.node.order.newest, Retention(tmp_path / "marks")
    snapshots = Snapshots(selectors.DefaultSelector(), origin.node.data, 1, retention)
    monkeypatch.setattr("os.link", fails)
    monkeypatch.setattr("subprocess.Popen", fails)
    again, later = (newest._replace(order=newest.order + 1), Place(newest.order + 2, newest.height + 1))
    for place in (again, later):
        assert snapshots.is_due(place)
        snapshots.begin(place)
        snapshots.stored(place.height)
        assert not snapshots.holds_store
    assert [each.manifest.order for each in snapshots.kept()] == [newest.order]


def test_what_the_selector_told_of_a_snapshots_process_that_was_ended_since_is_nothing(
    origin: Origin, tmp_path: Path
) -> None:
    newest, selector = origin.node.order.newest, selectors.DefaultSelector()
    snapshots = Snapshots(selector, origin.node.data, 1, Retention(tmp_path / "marks"))
    place = newest._replace(order=newest.order + 1, height=newest.height + 1)
    snapshots.begin(place)
    snapshots.stored(place.height)
    [(ready, _)] = selector.select(60)
    snapshots.give_up("there is no room")
    ready.data()
    snapshots.begin(place)
    snapshots.stored(place.height)
    ready.data()
    snapshots.close()


def test_no_block_goes_that_a_kept_snapshot_needs(origin: Origin, tmp_path: Path) -> None:
    retention, oldest = Retention(tmp_path / "marks", blocks=0, milliseconds=0), origin.kept.manifest.order
    snapshots = Snapshots(selectors.DefaultSelector(), origin.node.data, 0, retention)
    told = [snapshots.retained(order, hour * NOTED_EVERY_MS) for hour, order in enumerate((1, 2, 500, 1_000), 1)]
    assert told == [0, 1, 2, min(500, oldest)]
    shutil.rmtree(DataFolder(origin.node.data).snapshots)
    assert Snapshots(selectors.DefaultSelector(), origin.node.data, 0, retention).retained(2_000, 10**12) == 0
