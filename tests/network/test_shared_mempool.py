"""The shared mempool is fair, bounded, and keeps what waits until it is taken out."""

import itertools
from concurrent.futures import Future
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infoharbor.engine.cometbft.mempool import FRAMING_BYTES, SharedMempool
from infoharbor.engine.interface import Refused
from infoharbor.engine.mempool import Waiting
from infoharbor.kernel.block import Receipt
from infoharbor.kernel.transaction import Ceilings

SIZE = 10
numbers = itertools.count()


class Body(NamedTuple):
    ceilings: Ceilings


class Opened(NamedTuple):
    id: bytes
    raw: bytes
    body: Body


def waiting(organisation: str) -> Waiting:
    raw = next(numbers).to_bytes(SIZE, "big")
    return Waiting(Opened(b"id" + raw, raw, Body(Ceilings(1, 1, 1))), organisation, Future())  # type: ignore[arg-type]


organisations = st.sampled_from(["a", "b", "c"])


@given(st.lists(organisations, max_size=40), st.integers(0, 60))
def test_everyone_has_a_turn_before_anyone_has_a_second(senders: list[str], most: int) -> None:
    pool = SharedMempool()
    for sender in senders:
        pool.add(waiting(sender))
    chosen = [each.organisation for each in pool.choose(most * (SIZE + FRAMING_BYTES), lambda _: True)]
    assert len(chosen) == min(most, len(senders))
    for organisation in set(senders):
        others = max(chosen.count(other) for other in "abc")
        assert chosen.count(organisation) >= min(senders.count(organisation), others - 1)
    assert len(pool) == len(senders)


@given(st.lists(organisations, min_size=1, max_size=40), st.data())
def test_counts_agree_with_what_is_in_it(senders: list[str], data: st.DataObject) -> None:
    pool, kept = SharedMempool(), {}
    for sender in senders:
        each = waiting(sender)
        pool.add(each)
        kept[each.opened.id] = each
        if data.draw(st.booleans()):
            gone = data.draw(st.sampled_from(sorted(kept)))
            assert pool.remove(gone) is kept.pop(gone)
            assert pool.remove(gone) is None
    assert len(pool) == len(kept)
    assert pool.bytes == SIZE * len(kept)
    assert all(pool.known(each.opened.raw) is each for each in kept.values())
    chosen = pool.choose(10**9, lambda _: True)
    assert {each.opened.id for each in chosen} == set(kept)
    assert {each.opened.id for each in pool.drain()} == set(kept)
    assert (len(pool), pool.bytes) == (0, 0)


def test_one_organisation_has_a_share_of_the_room() -> None:
    pool = SharedMempool(room_transactions=10, room_bytes=10**6)
    for _ in range(5):
        pool.add(waiting("a"))
    with pytest.raises(Refused):
        pool.add(waiting("a"))
    pool.add(waiting("b"))


def test_the_room_is_bounded_in_bytes() -> None:
    pool, refused = SharedMempool(room_bytes=4 * SIZE), 0
    for number in range(5):
        try:
            pool.add(waiting(f"organisation-{number}"))
        except Refused:
            refused += 1
    assert refused > 0
    assert pool.bytes <= 4 * SIZE


def test_one_transaction_sent_twice_waits_once_and_answers_both() -> None:
    pool, each = SharedMempool(), waiting("a")
    again: Future[Receipt] = Future()
    pool.add(each)
    pool.add(Waiting(each.opened, "a", again))
    assert len(pool) == 1
    assert pool.waiting(each.opened.id) is each
    assert again in each.futures


def test_what_may_not_run_does_not_stand_in_the_way() -> None:
    pool = SharedMempool()
    first, second = waiting("a"), waiting("a")
    pool.add(first)
    pool.add(second)
    assert pool.choose(10**9, lambda each: each is not first) == [second]


def test_who_was_served_goes_behind_who_was_not() -> None:
    pool = SharedMempool()
    for organisation in "aabb":
        pool.add(waiting(organisation))
    room_for_one = SIZE + FRAMING_BYTES
    (first,) = pool.choose(room_for_one, lambda _: True)
    pool.remove(first.opened.id)
    (second,) = pool.choose(room_for_one, lambda _: True)
    assert {first.organisation, second.organisation} == {"a", "b"}
