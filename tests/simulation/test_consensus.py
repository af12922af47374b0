"""What the simulated consensus takes for a commit, and for its time."""

from hypothesis import given
from hypothesis import strategies as st

from infoharbor.simulation.votes import Block, Kind, Vote, is_commit, median_time, quorum

STAMPS = st.integers(0, 2**47)
BLOCK = Block(1, 0, (b"transaction",), bytes(32), (), 0)


def precommits(stamps: list[int], *, block: bytes = BLOCK.hash, round: int = 0) -> list[Vote]:
    return [Vote(Kind.PRECOMMIT, 1, round, block, voter, stamp) for voter, stamp in enumerate(stamps)]


@given(st.data())
def test_less_than_a_third_cannot_move_the_time_beyond_honest_clocks(data: st.DataObject) -> None:
    members = data.draw(st.integers(1, 16))
    hostile = data.draw(st.lists(STAMPS, max_size=(members - 1) // 3))
    most = members - len(hostile)
    honest = data.draw(st.lists(STAMPS, min_size=quorum(members) - len(hostile), max_size=most))
    stamps = data.draw(st.permutations([*hostile, *honest]))
    assert min(honest) <= median_time(precommits(list(stamps))) <= max(honest)


def test_a_commit_is_a_quorum_of_different_voters_in_one_round() -> None:
    good = precommits([1, 2, 3])
    assert is_commit(good, BLOCK, 4)
    assert not is_commit(good[:2], BLOCK, 4)
    assert not is_commit([*good[:2], good[1]], BLOCK, 4)
    assert not is_commit([*good[:2], good[2]._replace(round=1)], BLOCK, 4)
    assert not is_commit([*good[:2], good[2]._replace(kind=Kind.PREVOTE)], BLOCK, 4)
    assert not is_commit(precommits([1, 2, 3], block=bytes(32)), BLOCK, 4)
    assert not is_commit([], BLOCK, 4)


def test_two_quorums_have_an_honest_member_in_common() -> None:
    for members in range(1, 30):
        assert 2 * quorum(members) - members > (members - 1) // 3
