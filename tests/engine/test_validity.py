"""What no block may hold is noticed when the blocks run again, even if whoever keeps the log made it fit otherwise."""

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from world import World, milliseconds

from infoharbor.engine.backup import replay
from infoharbor.engine.blocklog import BlockLog
from infoharbor.engine.folder import DataFolder
from infoharbor.engine.interface import Damaged
from infoharbor.engine.machine import Machine
from infoharbor.engine.node import NodeEngine
from infoharbor.engine.store import Store
from infoharbor.engine.validity import signing_keys
from infoharbor.kernel.room import BlockRoom
from infoharbor.kernel.transaction import open_transaction

HOUR = 3_600_000


@pytest.fixture
def ran(world: World, data: Path, start: Callable[..., NodeEngine]) -> bytes:
    """A transfer that has run on the ledger in `data`, which is closed."""
    engine = start(data)
    raws = [*world.opening(), world.transfer("bank", "firm-1")]
    for raw in raws:
        assert engine.submit(raw).result(10).code == ""
    engine.close()
    return raws[-1]


def forge(data: Path, raws: Sequence[bytes], time: int) -> None:
    """Append a block that no honest node makes; everything in it fits together."""
    folder = DataFolder(data)
    chain, genesis = folder.founded().chain, folder.founded().genesis
    with contextlib.closing(Store(folder.state)) as store, contextlib.closing(BlockLog(folder.blocks)) as log:
        machine = Machine(chain, genesis, store, log)
        log.append_from(machine.recover())
        with machine.view() as view:
            opened = [open_transaction(chain.suite, raw) for raw in raws]
            signed = [(each, signing_keys(chain, each, view, time)) for each in opened]
            executed = machine.execute(time, signed, view)
        log.append(machine.height + 1, executed.payload)


def refused(data: Path, code: str) -> None:
    with pytest.raises(Damaged, match=code), replay(data):
        pass


def test_a_transaction_that_ran_before(data: Path, ran: bytes) -> None:
    forge(data, [ran], milliseconds())
    refused(data, r"ledger\.replayed")


def test_the_same_transaction_twice_in_a_block(world: World, data: Path, ran: bytes) -> None:
    raw = world.transfer("bank", "firm-1")
    forge(data, [raw, raw], milliseconds())
    refused(data, r"ledger\.replayed")


def test_a_transaction_that_has_lapsed(world: World, data: Path, ran: bytes) -> None:
    forge(data, [world.transfer("bank", "firm-1", expiry=milliseconds() + 1000)], milliseconds() + HOUR)
    refused(data, r"ledger\.expired")


def test_a_transaction_that_would_have_to_be_remembered_too_long(world: World, data: Path, ran: bytes) -> None:
    forge(data, [world.transfer("bank", "firm-1", expiry=milliseconds() + 2 * HOUR)], milliseconds())
    refused(data, r"ledger\.expiry_too_far")


def test_a_transaction_of_another_chain(world: World, data: Path, ran: bytes) -> None:
    forge(data, [world.transfer("bank", "firm-1", chain=bytes(32))], milliseconds())
    refused(data, r"ledger\.wrong_chain")


def test_a_time_before_the_last_block(world: World, data: Path, ran: bytes) -> None:
    forge(data, [world.transfer("bank", "firm-1")], milliseconds() - HOUR)
    refused(data, r"ledger\.block_time")


def test_more_than_fits(world: World, data: Path, ran: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    forge(data, [world.transfer("bank", "firm-1") for _ in range(3)], milliseconds())
    with replay(data):
        pass
    monkeypatch.setattr("infoharbor.engine.validity.BlockRoom", lambda: BlockRoom((2, *([10**12] * 5))))
    refused(data, r"ledger\.block_full")
