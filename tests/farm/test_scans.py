"""Scans of one piece: counts alone are kept, they end after a month, and far regions are a sign."""

import sqlite3
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infoharbor.gateway import scans
from infoharbor.gateway.scans import DAY_MS, DAYS, FILE, NEIGHBOURS, REGIONS, Scans, Seen

TODAY = 20_000


class Clock:
    def __init__(self) -> None:
        self.day = TODAY

    def __call__(self) -> int:
        return self.day * DAY_MS + 1


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(scans, "now_ms", found)
    return found


@pytest.fixture
def kept(tmp_path: Path, clock: Clock) -> Iterator[Scans]:
    found = Scans(tmp_path)
    yield found
    found.close()


@given(st.sets(st.sampled_from(REGIONS)))
def test_only_regions_that_are_no_neighbours_are_a_sign(told: set[str]) -> None:
    far = any(frozenset(pair) not in NEIGHBOURS for pair in combinations(told, 2))
    assert Seen(100, dict.fromkeys(told, 1)).is_suspect == far


def test_counts_are_of_one_piece_and_of_the_last_month(kept: Scans, clock: Clock) -> None:
    for region in ("", "", "guangxi"):
        kept.count("one", region)
    kept.count("other", "thailand")
    assert kept.seen("one") == Seen(2, {"guangxi": 1})
    clock.day += DAYS - 1
    kept.count("one", "vietnam")
    assert kept.seen("one") == Seen(2, {"guangxi": 1, "vietnam": 1})
    clock.day += 1
    kept.count("one", "vietnam")
    assert kept.seen("one") == Seen(0, {"vietnam": 2})


def test_what_is_kept_is_numbers_and_bounded(
    kept: Scans, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scans, "ROWS_MAX", 3)
    for number in range(5):
        kept.count(str(number))
        kept.count("0")
    rows = sqlite3.connect(tmp_path / FILE).execute("SELECT * FROM scans").fetchall()
    assert sorted(rows) == [("0", TODAY, "", 6), ("1", TODAY, "", 1), ("2", TODAY, "", 1)]
    clock.day += DAYS + 1
    kept.count("later")
    assert kept.seen("later").opened == 1


def test_counts_survive_a_restart(tmp_path: Path, clock: Clock) -> None:
    for opened in (1, 2):
        found = Scans(tmp_path)
        found.count("one")
        assert found.seen("one").opened == opened
        found.close()
