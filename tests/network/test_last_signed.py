"""A validator whose key CometBFT does not have signs one thing at each height, round and step, whenever it dies."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infoharbor.crypto.suites import ED25519
from infoharbor.engine.cometbft import last_signed
from infoharbor.engine.cometbft.home import ConsensusHome, new_keys
from infoharbor.engine.cometbft.last_signed import LastSigned, NotSigned, Place, time_of
from infoharbor.engine.cometbft.signing_messages import Proposal, Vote, proposal_bytes, vote_bytes
from infoharbor.engine.folder import write_private
from infoharbor.engine.interface import Damaged

CHAIN = "ih-test"
KEY = ED25519.private_key(bytes(range(32)))
PROPOSE, PREVOTE, PRECOMMIT = 1, 2, 3


def message(place: Place, block: int = 1, seconds: int = 1) -> bytes:
    """What is signed there for a block, or for none with 0."""
    of = {"hash": bytes([block]) * 32, "part_set_header": {"total": 1, "hash": bytes(32)}} if block else {}
    said: Any = {"height": place.height, "round": place.round, "block_id": of, "timestamp": {"seconds": seconds}}
    if place.step == PROPOSE:
        return proposal_bytes(CHAIN, Proposal(type=32, pol_round=-1, **said))
    return vote_bytes(CHAIN, Vote(type=place.step - 1, **said))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Of a validator that has signed nothing yet."""
    home = ConsensusHome(tmp_path)
    home.write_keys(new_keys())
    return home.votes


def opened(file: Path) -> LastSigned:
    return LastSigned(file, KEY.public_key)


AT = Place(5, 2, PREVOTE)
EVERY_STEP = pytest.mark.parametrize("place", [Place(5, 2, step) for step in (PROPOSE, PREVOTE, PRECOMMIT)])


@EVERY_STEP
def test_the_same_gets_the_same_signature_without_the_key(place: Place, file: Path) -> None:
    asked: list[bytes] = []

    def sign(data: bytes) -> bytes:
        asked.append(data)
        return KEY.sign(data)

    last = opened(file)
    first = last.sign(place, message(place), sign)
    assert ED25519.verify(KEY.public_key, first.message, first.signature)
    assert last.sign(place, message(place), sign) == first
    assert opened(file).sign(place, message(place), sign) == first
    assert asked == [message(place)]


@EVERY_STEP
def test_what_differs_in_its_time_alone_gets_the_first_time(place: Place, file: Path) -> None:
    first = opened(file).sign(place, message(place, seconds=7), KEY.sign)
    again = opened(file).sign(place, message(place, seconds=9), KEY.sign)
    assert again == first
    assert time_of(place.step, again.message).seconds == 7


@EVERY_STEP
@pytest.mark.parametrize("block", [0, 2])
def test_another_block_at_the_same_place_is_refused(place: Place, block: int, file: Path) -> None:
    first = opened(file).sign(place, message(place), KEY.sign)
    last = opened(file)
    with pytest.raises(NotSigned):
        last.sign(place, message(place, block), KEY.sign)
    assert last.sign(place, message(place), KEY.sign) == first


@pytest.mark.parametrize("lower", [Place(4, 9, PRECOMMIT), Place(5, 1, PRECOMMIT), Place(5, 2, PROPOSE)])
def test_what_lies_before_is_refused(lower: Place, file: Path) -> None:
    opened(file).sign(AT, message(AT), KEY.sign)
    last = opened(file)
    with pytest.raises(NotSigned):
        last.sign(lower, message(lower), KEY.sign)


@pytest.mark.parametrize("later", [Place(5, 2, PRECOMMIT), Place(5, 3, PROPOSE), Place(6, 0, PROPOSE)])
def test_what_lies_after_is_signed(later: Place, file: Path) -> None:
    opened(file).sign(AT, message(AT), KEY.sign)
    signed = opened(file).sign(later, message(later, 2), KEY.sign)
    assert ED25519.verify(KEY.public_key, message(later, 2), signed.signature)


def test_a_wrong_signature_is_not_kept(file: Path) -> None:
    last = opened(file)
    with pytest.raises(NotSigned):
        last.sign(AT, message(AT), lambda data: bytes(64))
    assert last.sign(AT, message(AT), KEY.sign) == opened(file).sign(AT, message(AT), KEY.sign)


def test_another_key_does_not_vote_on_what_the_old_one_voted_on(file: Path) -> None:
    opened(file).sign(AT, message(AT), KEY.sign)
    new = ED25519.generate()
    last = LastSigned(file, new.public_key)
    for block in (1, 2):
        with pytest.raises(NotSigned):
            last.sign(AT, message(AT, block), new.sign)
    later = Place(5, 2, PRECOMMIT)
    assert ED25519.verify(new.public_key, message(later), last.sign(later, message(later), new.sign).signature)


@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"height": "x", "round": 0, "step": 0}'])
def test_without_its_memory_it_signs_nothing(content: bytes | None, file: Path) -> None:
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Damaged):
        opened(file)


class Crash(Exception):
    """The process is gone."""


def crashing(moment: str) -> Callable[[Path, bytes], None]:
    """Writes the file as far as the process lives."""

    def write(path: Path, data: bytes) -> None:
        if moment == "half of it is written":
            path.with_name(f".{path.name}.1").write_bytes(data[: len(data) // 2])
        if moment == "it is written":
            write_private(path, data)
        raise Crash

    return write


def dead(data: bytes) -> bytes:
    raise Crash


MOMENTS = ("it lives", "before the signature", "before it is written", "half of it is written", "it is written")
ASKED = st.tuples(
    st.builds(Place, st.integers(1, 3), st.integers(0, 2), st.sampled_from([PROPOSE, PREVOTE, PRECOMMIT])),
    st.integers(0, 2),
    st.integers(1, 3),
    st.sampled_from(MOMENTS),
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ASKED, max_size=16))
def test_no_two_different_votes_for_one_place_whenever_it_dies(
    file: Path, monkeypatch: pytest.MonkeyPatch, asked: list[tuple[Place, int, int, str]]
) -> None:
    write_private(file, b'{"height": "0", "round": 0, "step": 0}')
    left: dict[Place, bytes] = {}
    last = opened(file)
    for place, block, seconds, moment in asked:
        wanted, write = message(place, block, seconds), write_private if moment == "it lives" else crashing(moment)
        sign = dead if moment == "before the signature" else KEY.sign
        with monkeypatch.context() as patch:
            patch.setattr(last_signed, "write_private", write)
            try:
                signed = last.sign(place, wanted, sign)
            except Crash:
                last = opened(file)
                continue
            except NotSigned:
                continue
        assert left.setdefault(place, signed.message) == signed.message
        assert place == max(left)
        assert ED25519.verify(KEY.public_key, signed.message, signed.signature)


def test_a_signature_that_is_not_on_the_disk_does_not_leave(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "no space")

    last = opened(file)
    monkeypatch.setattr(last_signed, "write_private", full)
    with pytest.raises(OSError, match="no space"):
        last.sign(AT, message(AT), KEY.sign)
    monkeypatch.undo()
    assert last.sign(AT, message(AT, 2), KEY.sign).message == message(AT, 2)
