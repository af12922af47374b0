"""How the room for waiting transactions is shared."""

import contextlib
from concurrent.futures import Future

import pytest
from hypothesis import given
from hypothesis import strategies as st
from world import World

from infoharbor.engine.interface import Refused
from infoharbor.engine.mempool import Mempool, Waiting
from infoharbor.kernel.room import BlockRoom
from infoharbor.kernel.transaction import Opened, open_transaction

WORLD = World()
TEMPLATE = open_transaction(WORLD.suite, WORLD.transfer("bank", "firm-1"))


def waiting(number: int, organisation: str, size: int = 100) -> Waiting:
    opened = TEMPLATE._replace(id=number.to_bytes(32, "big"), raw=bytes(size))
    assert isinstance(opened, Opened)
    return Waiting(opened, organisation, Future())


def room_for(transactions: int, most_bytes: int = 10**9) -> BlockRoom:
    return BlockRoom((transactions, most_bytes, *([10**12] * 4)))


def test_organisations_take_turns_however_much_one_sends() -> None:
    mempool = Mempool()
    for number in range(100):
        mempool.add(waiting(number, "loud"))
    for number in range(100, 103):
        mempool.add(waiting(number, "quiet"))
    taken = [each.organisation for each in mempool.take(room_for(6))]
    assert taken.count("quiet") == 3


def test_one_organisation_cannot_take_all_the_room() -> None:
    mempool = Mempool(room_transactions=10)
    for number in range(5):
        mempool.add(waiting(number, "loud"))
    with pytest.raises(Refused) as caught:
        mempool.add(waiting(5, "loud"))
    assert caught.value.code == "node.busy"
    mempool.add(waiting(6, "quiet"))


@given(st.lists(st.sampled_from("abcd"), max_size=300))
def test_whoever_comes_next_finds_room_however_much_the_others_send(sent: list[str]) -> None:
    mempool = Mempool(room_transactions=50, room_bytes=5_000)
    for number, organisation in enumerate(sent):
        with contextlib.suppress(Refused):
            mempool.add(waiting(number, organisation))
    assert len(mempool) <= 50
    mempool.add(waiting(1000, "newcomer"))


@given(
    sent=st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, 300)), max_size=60),
    most=st.integers(2, 20),
    room=st.integers(600, 2000),
)
def test_everything_taken_in_comes_out_once_and_in_each_ones_order(
    sent: list[tuple[str, int]], most: int, room: int
) -> None:
    mempool = Mempool()
    for number, (organisation, size) in enumerate(sent):
        mempool.add(waiting(number, organisation, size))
    taken: list[Waiting] = []
    while len(mempool):
        block = mempool.take(room_for(most, room))
        assert 0 < len(block) <= most
        assert sum(len(each.opened.raw) for each in block) <= room
        taken.extend(block)
    assert mempool.bytes == 0
    assert len(taken) == len(sent)
    for organisation in "abcd":
        numbers = [int.from_bytes(each.opened.id, "big") for each in taken if each.organisation == organisation]
        assert numbers == [number for number, (by, _) in enumerate(sent) if by == organisation]


def test_a_second_sender_of_the_same_waits_for_the_same_receipt() -> None:
    mempool = Mempool()
    first, second = waiting(1, "one"), waiting(1, "one")
    mempool.add(first)
    mempool.add(second)
    assert len(mempool) == 1
    assert len(mempool.take()[0].futures) == 2


def test_one_organisation_takes_half_of_a_block_at_most() -> None:
    mempool = Mempool()
    for number in range(100):
        mempool.add(waiting(number, "loud"))
    assert len(mempool.take(room_for(10))) == 5


def test_what_a_bundle_declares_counts_and_not_what_it_needs() -> None:
    mempool = Mempool()
    for number in range(10):
        mempool.add(waiting(number, "one" if number % 2 else "two"))
    reads = TEMPLATE.body.ceilings.reads
    room = BlockRoom((10**6, 10**9, 4 * reads, *([10**12] * 3)))
    assert len(mempool.take(room)) == 4


def test_who_was_not_served_comes_first_in_the_next_block() -> None:
    mempool = Mempool()
    for number, organisation in enumerate("abcdefgh"):
        mempool.add(waiting(number, organisation))
    served: list[str] = []
    for number in range(3):
        for taken in mempool.take(room_for(3)):
            served.append(taken.organisation)
            mempool.add(waiting(100 + 10 * number + len(served), taken.organisation))
    assert set(served) == set("abcdefgh")
