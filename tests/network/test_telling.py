"""Transactions are told to other nodes many as one, and nothing that is told does harm."""

from hypothesis import given, settings
from hypothesis import strategies as st

from infoharbor.engine.cometbft.telling import TOGETHER_BYTES, TOGETHER_MOST, TOLD_BYTES, apart, together
from infoharbor.kernel import limits
from infoharbor.kernel.encoding import encode


@given(st.lists(st.binary(min_size=1, max_size=TOGETHER_BYTES // 3), max_size=8))
@settings(deadline=None)
def test_what_is_told_together_comes_apart_as_it_was(transactions: list[bytes]) -> None:
    told = list(together(transactions))
    assert [raw for each in told for raw in apart(each)] == transactions
    assert all(len(each) <= TOLD_BYTES for each in told)


def test_the_largest_transaction_is_told_and_few_of_the_smallest_at_once() -> None:
    assert len(*together([bytes(limits.TRANSACTION_BYTES)])) <= TOLD_BYTES
    assert list(map(len, map(apart, together([b"x"] * (TOGETHER_MOST + 1))))) == [TOGETHER_MOST, 1]


@given(st.binary(max_size=100))
def test_whatever_another_node_tells_comes_apart_into_bytes_or_nothing(told: bytes) -> None:
    assert all(type(raw) is bytes for raw in apart(told))


def test_who_tells_of_too_many_or_too_much_tells_nothing() -> None:
    assert apart(encode([b"x"] * (TOGETHER_MOST + 1))) == ()
    assert apart(encode([bytes(TOLD_BYTES)])) == ()
