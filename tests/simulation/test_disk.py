"""The simulated disk forgets what a real one may, and keeps what a real one must."""

import os
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infoharbor.engine import blocklog, folder
from infoharbor.engine.blocklog import BlockLog
from infoharbor.engine.cometbft.order import Order, Place
from infoharbor.simulation.disk import Disk, Disks, PowerCut


@pytest.fixture(autouse=True, scope="module")
def installed() -> Iterator[Disks]:
    disks = Disks()
    with disks.installed():
        yield disks
    assert blocklog.os is os


@given(st.lists(st.binary(max_size=900), min_size=1, max_size=6), st.integers(0, 20), st.integers())
def test_a_block_whose_append_returned_is_there_after_any_cut(payloads: list[bytes], cut_after: int, seed: int) -> None:
    disk, appended = Disk(Random(seed)), 0
    log = BlockLog(disk.path("blocks"))
    log.append_from(blocklog.BEGINNING)
    disk.cut_after = cut_after
    try:
        for height, payload in enumerate(payloads):
            log.append(height, payload)
            appended += 1
    except PowerCut:
        pass
    disk.cut()
    again = BlockLog(disk.path("blocks"))
    records = [record.payload for record in again.scan()]
    assert records[:appended] == payloads[:appended]
    assert records == payloads[: len(records)]


@given(st.lists(st.integers(0, 1), max_size=8), st.integers(0, 20), st.integers())
def test_the_place_of_every_durable_block_is_known_after_any_cut(steps: list[int], cut_after: int, seed: int) -> None:
    disk, height = Disk(Random(seed)), 0
    Order.create(disk.path("order"), 0)
    disk.cut_after = cut_after
    try:
        order = Order(disk.path("order"), 0)
        for number, makes_block in enumerate(steps, 1):
            order.append(Place(number, height + makes_block))
            height += makes_block
    except PowerCut:
        pass
    disk.cut()
    assert Order(disk.path("order"), height).newest.height == height


@given(st.binary(), st.binary(), st.integers(0, 8), st.integers())
def test_a_file_that_is_replaced_is_the_old_or_the_new_one(old: bytes, new: bytes, cut_after: int, seed: int) -> None:
    disk = Disk(Random(seed))
    path = disk.path("file")
    folder.write_private(path, old)
    disk.cut_after = cut_after
    done = False
    try:
        folder.write_private(path, new)
        done = True
    except PowerCut:
        pass
    disk.cut()
    assert path.read_bytes() in ((new,) if done else (old, new))


def test_what_was_not_synced_may_be_gone(installed: Disks) -> None:
    left = set()
    for seed in range(200):
        disk = Disk(Random(seed))
        file = installed.open(disk.path("file"), os.O_WRONLY | os.O_CREAT)
        installed.write(file, b"abc")
        disk.cut()
        left.add(disk.files_now().get("file"))
    assert left == {None, b"", b"a", b"ab", b"abc"}


def test_other_files_stay_the_system_s(tmp_path: Path) -> None:
    folder.write_private(tmp_path / "real", b"here")
    assert (tmp_path / "real").read_bytes() == b"here"
