"""The soak tells what grows from what does not."""

from pathlib import Path

import pytest
from bench.soak import Sample, Soak, growing

from bench import soak


def flat(count: int) -> list[Sample]:
    return [Sample(1_000 * number, 100.0, 20, 4, 500_000 * number, 300_000 * number) for number in range(1, count + 1)]


def test_a_ledger_that_only_holds_more_does_not_grow() -> None:
    assert growing(flat(12)) == []
    assert growing(flat(2)) == []


@pytest.mark.parametrize("field", ["memory_mb", "open_files", "threads", "log_bytes", "state_bytes"])
def test_what_grows_is_named(field: str) -> None:
    samples = [each._replace(**{field: getattr(each, field) * (number + 1)}) for number, each in enumerate(flat(12))]
    assert [found.split()[0] for found in growing(samples)] == [field]


def test_reports_over_many_lots_that_take_too_long_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for most, named in ((60, False), (0, True)):
        monkeypatch.setattr(soak, "REPORT_S", most)
        folder = tmp_path / str(most)
        folder.mkdir()
        assert any(each.startswith("balance took") for each in soak.slow_reports(folder, 300)) == named


def test_a_short_soak_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(soak, "CUSTOMERS", 10)
    monkeypatch.setattr(soak, "RECORDS", 10)
    monkeypatch.setattr(soak, "BUNDLES", 50)
    monkeypatch.setattr(soak, "NETWORKS", ((4, 1),))
    short = Soak(seed=1, until=0)
    assert short.run(tmp_path / "ledger") == 0
    assert [each.transactions for each in short.samples] == [50]
