"""Attacks on everyone's room and time: floods, ceilings, spoilt due moves, poison, tombstones, hostile clocks."""

import threading
import time

import pytest
from attempt import dropped, refused, state_root
from fuse import FOUNDATION, FUSE, Burn, Dry, Explode, Light, Look, Sift
from world import TOKEN, World, milliseconds

from infoharbor.contracts.asset.tokens import Transfer
from infoharbor.contracts.identity.demo import EXPORTER, IMPORTER, PLAYERS
from infoharbor.engine import node
from infoharbor.engine.mempool import Waiting
from infoharbor.engine.node import NodeEngine
from infoharbor.engine.trial import Trial
from infoharbor.kernel import limits
from infoharbor.kernel.block import header_codec, receipt_codec
from infoharbor.kernel.encoding import encode
from infoharbor.kernel.refusal import Refusal
from infoharbor.kernel.registry import Registry
from infoharbor.kernel.room import WHOLE, BlockRoom
from infoharbor.kernel.transaction import Ceilings, open_transaction, transaction_codec

HOME, GUEST = EXPORTER.id, IMPORTER.id
HOUR = 60 * 60 * 1000


@pytest.fixture
def trial() -> Trial:
    return Trial(PLAYERS, registry=Registry([*FOUNDATION, FUSE]))


# The calendar


def test_failing_due_moves_never_keep_a_record_from_moving_when_it_is_used(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Due move starvation: they take the calendar's room, and hold up nobody's record that is used again."""
    monkeypatch.setattr(limits, "DUE_MOVES_PER_BLOCK", 20)
    trial.act(Light("spoilt", 40, trial.now + HOUR, True), by=GUEST)
    trial.act(Light("sound", 1, trial.now + HOUR + 1, False), by=HOME)
    results = trial.advance(2 * HOUR)
    assert len(results) == 20, "a block tries no more than its limit"
    assert {receipt.code for receipt in results} == {"fuse.spoilt"}
    with pytest.raises(Refusal) as seen:
        trial.act(Look("sound00000"), by=HOME)
    assert (seen.value.code, seen.value.expected) == ("fuse.seen", "out")


def test_a_spoilt_record_is_refused_to_who_uses_it_and_to_nobody_else(trial: Trial) -> None:
    trial.act(Light("spoilt", 1, trial.now + HOUR, True), by=GUEST)
    trial.act(Light("sound", 1, trial.now + HOUR, False), by=HOME)
    trial.advance(2 * HOUR)
    trial.refuses(Look("spoilt00000"), by=GUEST, code="fuse.spoilt")
    trial.refuses(Look("sound00000"), by=HOME, code="fuse.seen")


def test_failing_due_moves_keep_nobody_elses_place(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many fail, what is due after them is made in the next blocks, and they are tried again later."""
    monkeypatch.setattr(limits, "DUE_MOVES_PER_BLOCK", 20)
    trial.act(Light("spoilt", 40, trial.now + HOUR, True), by=GUEST)
    trial.act(Light("sound", 1, trial.now + HOUR + 1, False), by=HOME)
    codes = [[receipt.code for receipt in trial.advance(step)] for step in (2 * HOUR, 1, 1, 1)]
    assert codes == [["fuse.spoilt"] * 20, ["fuse.spoilt"] * 20, [""], []]
    assert [receipt.code for receipt in trial.advance(limits.DUE_RETRY_MS)] == ["fuse.spoilt"] * 20


def test_a_due_move_that_was_made_on_use_is_not_tried_again(trial: Trial) -> None:
    trial.act(Light("once", 1, trial.now + HOUR, True), by=GUEST)
    assert [receipt.code for receipt in trial.advance(2 * HOUR)] == ["fuse.spoilt"]
    trial.act(Dry("once00000"), by=GUEST)
    assert [receipt.code for receipt in trial.advance(2 * limits.DUE_RETRY_MS)] == []


# Poison


@pytest.mark.parametrize("how", ["division", "large integer", "deep", "verbose", "surrogate"])
def test_no_fault_of_a_contract_is_a_poison_block(trial: Trial, how: str) -> None:
    """Whatever happens inside, the bundle is refused, nothing is written, and the next block runs."""
    before = dict(trial.view.entries)
    with pytest.raises(Refusal) as refusal:
        trial.act(Explode(how), by=GUEST)
    assert refusal.value.code in ("contract.fault", "fuse.verbose", "fuse.surrogate")
    assert trial.view.entries == before
    trial.act(Light("next", 1, trial.now + HOUR, False), by=HOME)


@pytest.mark.parametrize("how", ["verbose", "surrogate"])
def test_a_refusal_is_no_channel_for_text(trial: Trial, how: str) -> None:
    kept: list[bytes] = []
    keep = trial._keep
    trial._keep = lambda outcome: (kept.extend(outcome.receipts), keep(outcome))[1]  # type: ignore[method-assign]
    with pytest.raises(Refusal):
        trial.act(Explode(how), by=GUEST)
    receipt = receipt_codec.decode(kept[-1])
    said = receipt.code + receipt.field + receipt.expected
    assert 0 < len(said.encode()) <= limits.REFUSAL_BYTES


# Metering


def test_tombstones_are_paid_for_by_who_goes_through_them(trial: Trial) -> None:
    """Else whoever leaves many would make every later scan slow for nothing."""
    trial.act(Burn("pile", 60), by=GUEST)
    enough, few = Ceilings(70, 10, 1_000), Ceilings(50, 10, 1_000)
    trial.act(Sift("pile"), by=HOME, ceilings=enough)
    with pytest.raises(Refusal) as refusal:
        trial.act(Sift("pile"), by=HOME, ceilings=few)
    assert (refusal.value.code, refusal.value.field) == ("ledger.ceiling", "ceilings.reads")


def test_a_bundle_that_goes_beyond_its_ceilings_half_way_does_nothing(
    engine: NodeEngine, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Block stuffing: little is declared, much is asked for."""
    pays = [Transfer(TOKEN, receiver, 1, "") for receiver in ("firm-1", "firm-2", "firm-1", "firm-2")]
    for few in (Ceilings(12, 50, 65_536), Ceilings(100, 2, 65_536), Ceilings(100, 50, 60), Ceilings(0, 0, 0)):
        monkeypatch.setattr("world.CEILINGS", few)
        assert refused(engine, world.signed(*pays, by="bank")) == "ledger.ceiling"


# Floods


def test_a_flood_at_the_door_is_refused_and_forgotten(
    engine: NodeEngine, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many documents, small and large, well formed or not: the door's room is bounded in number and in bytes."""
    monkeypatch.setattr(node, "INBOX_TRANSACTIONS", 50)
    monkeypatch.setattr(node, "INBOX_BYTES", 2_000_000)
    root, honest = state_root(engine), world.transfer("bank", "firm-1")
    sent = transaction_codec.decode(honest)
    forged = encode([sent.body, sent.actions, (bytes(64),)])
    codes = set()
    for noise in (b"\x93", forged, bytes(400_000)):
        futures = [engine.submit(noise) for _ in range(2_000)]
        codes |= {future.exception(20).code for future in futures}  # type: ignore[union-attr]
    assert codes <= {"node.busy", "ledger.malformed", "ledger.signature_invalid", "ledger.not_canonical"}
    assert "node.busy" in codes
    assert (engine._inbox_bytes, engine._checking_bytes, engine.status().waiting) == (0, 0, 0)
    assert state_root(engine) == root
    assert engine.submit(honest).result(10).code == ""


def test_what_waits_for_its_signatures_is_bounded_too(
    engine: NodeEngine, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slow workers: the engine takes in no more than its room, and the rest is told to come again."""
    monkeypatch.setattr(node, "INBOX_TRANSACTIONS", 20)
    monkeypatch.setattr(engine._signatures, "run", list)
    futures = [engine.submit(world.transfer("bank", "firm-1")) for _ in range(200)]
    answered = [future for future in futures if future.done()]
    taken = [future for future in futures if future not in answered]
    assert 0 < len(taken) <= 2 * 20
    assert {str(future.exception()).split()[0].rstrip(":") for future in answered} == {"node.busy"}
    monkeypatch.undo()
    assert engine.submit(world.transfer("bank", "firm-1")).result(10).code == ""
    assert {future.result(10).code for future in taken} == {""}


def test_a_loud_member_does_not_silence_a_quiet_one(
    engine: NodeEngine, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mempool fairness, end to end: of many small blocks, the quiet one's transfer stands in the first."""
    go, take = threading.Event(), engine._mempool.take

    def take_a_little() -> list[Waiting]:
        return take(BlockRoom((10, *WHOLE[1:]))) if go.is_set() else []

    monkeypatch.setattr(engine._mempool, "take", take_a_little)
    loud = [engine.submit(world.transfer("bank", "firm-1")) for _ in range(100)]
    quiet = engine.submit(world.transfer("firm-2", "firm-1"))
    until = time.monotonic() + 30
    while len(engine._mempool) < 101:
        assert time.monotonic() < until
        time.sleep(0.01)
    go.set()
    heights = sorted(future.result(30).height for future in loud)
    assert quiet.result(30).height == heights[0] < heights[-1]


# Clocks


def test_a_clock_that_goes_back_opens_no_deadline_again(
    engine: NodeEngine, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Block time never goes back, and what has lapsed by it stays lapsed."""
    expiry = milliseconds() + 300
    lapsing = world.transfer("firm-1", "firm-2", 1, expiry=expiry)
    while milliseconds() <= expiry:
        engine.wait_beyond(engine.status().height, 0.05)
    assert engine.submit(world.transfer("bank", "firm-1")).result(10).code == ""
    newest = engine.status()
    assert newest.time > expiry
    monkeypatch.setattr(engine, "_milliseconds", lambda: milliseconds() - HOUR)
    assert dropped(engine, lapsing) == "ledger.expired"
    assert engine.submit(world.transfer("bank", "firm-1")).result(10).code == ""
    times = [header_codec.decode(engine.header(height)).time for height in range(engine.status().height + 1)]
    assert times == sorted(times)
    assert times[-1] >= newest.time


def test_a_forgotten_id_is_past_its_expiry(engine: NodeEngine, world: World) -> None:
    """What the ledger no longer remembers it no longer takes: the bucket of an id follows from its expiry."""
    raw = world.transfer("bank", "firm-1")
    opened = open_transaction(world.suite, raw)
    bucket = int.from_bytes(opened.id[:4], "big")
    assert bucket * limits.REPLAY_BUCKET_MS <= opened.body.expiry < (bucket + 1) * limits.REPLAY_BUCKET_MS
    assert engine.submit(raw).result(10).code == ""
