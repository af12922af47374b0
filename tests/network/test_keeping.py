"""What a node keeps beside the blocks: its place among CometBFT's heights, and what waits. A crash may cut either off."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infoharbor.engine.cometbft import order as orders
from infoharbor.engine.cometbft.order import LINE_BYTES, Order, Place, read_places
from infoharbor.engine.cometbft.pending import SPARE_BYTES, Pending
from infoharbor.engine.interface import Damaged

same_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@same_folder
@given(blocks=st.lists(st.booleans(), max_size=30), cut=st.integers(0, 31 * LINE_BYTES))
def test_the_place_is_the_newest_whose_block_is_there(tmp_path: Path, blocks: list[bool], cut: int) -> None:
    file = tmp_path / "order"
    Order.create(file, 5)
    order, places = Order(file, 5), [Place(0, 5)]
    for makes_block in blocks:
        places.append(Place(places[-1].order + 1, places[-1].height + makes_block))
        order.append(places[-1])
    order.close()
    raw = file.read_bytes()
    kept = places[: max(1, min(cut, len(raw)) // LINE_BYTES)]
    file.write_bytes(raw[: max(cut, LINE_BYTES)])
    for height in {place.height for place in kept}:
        file.write_bytes(raw[: max(cut, LINE_BYTES)])
        again = Order(file, height)
        assert again.newest == [place for place in kept if place.height <= height][-1]
        again.close()


def test_a_block_without_its_place_is_damage(tmp_path: Path) -> None:
    Order.create(tmp_path / "order", 5)
    with pytest.raises(Damaged):
        Order(tmp_path / "order", 6)
    with pytest.raises(Damaged):
        Order(tmp_path / "missing", 0)


def test_the_file_of_places_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "LINES_MOST", 10)
    Order.create(tmp_path / "order", 0)
    order = Order(tmp_path / "order", 0)
    for number in range(1, 101):
        order.append(Place(number, 0))
        assert (tmp_path / "order").stat().st_size <= 11 * LINE_BYTES
    order.close()
    assert read_places(tmp_path / "order")[-1] == Place(100, 0)


@same_folder
@given(raws=st.lists(st.binary(min_size=1, max_size=50), max_size=10), cut=st.integers(0, 600))
def test_what_waits_is_there_after_a_restart_up_to_where_it_was_cut_off(
    tmp_path: Path, raws: list[bytes], cut: int
) -> None:
    file = tmp_path / "pending"
    file.unlink(missing_ok=True)
    pending = Pending(file)
    pending.append(raws)
    pending.close()
    file.write_bytes(file.read_bytes()[:cut])
    again = Pending(file)
    assert again.left == raws[: len(again.left)]
    again.append([b"more"])
    again.close()
    assert Pending(file).left == [*again.left, b"more"]


def test_what_is_past_is_dropped(tmp_path: Path) -> None:
    pending = Pending(tmp_path / "pending")
    pending.append([bytes(1024 * 1024)] * 5)
    pending.shrink(2, [b"a", b"b"])
    assert (tmp_path / "pending").stat().st_size < SPARE_BYTES
    pending.close()
    assert Pending(tmp_path / "pending").left == [b"a", b"b"]
