"""A rehearsal: history by the installed files comes out as it is or names what does not; the next version's difference."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lending_versions import change, environment, infoharbor, install
from world import World

from infoharbor.engine import rehearsing
from infoharbor.engine.differences import Difference, changed_records, first_difference
from infoharbor.engine.node import NodeEngine
from infoharbor.engine.reader import open_reader
from infoharbor.engine.rehearsing import rehearse
from infoharbor.engine.trial import MemoryView
from infoharbor.kernel.block import header_codec, receipt_codec
from infoharbor.kernel.encoding import encode
from infoharbor.kernel.records import Entry

HISTORY = Path(__file__).parent / "lending_history.py"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(tmp_path_factory.mktemp("version-1"), 1)


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(tmp_path_factory.mktemp("version-2"), 2)


@pytest.fixture(scope="module")
def told(first: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data folder of a node that runs, with a history under version 1."""
    data = tmp_path_factory.mktemp("told") / "data"
    node = subprocess.Popen(
        [sys.executable, HISTORY, data], env=environment(first), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with node:
        try:
            assert node.stdout is not None
            assert node.stdout.readline() == b"told\n"
            yield data
        finally:
            node.stdin.close()  # type: ignore[union-attr]
            node.wait(60)


def rehearsed(data: Path, installed: Path, *more: str, code: int = 0) -> Any:
    return infoharbor("governance", "rehearse", "--data", data, *more, installed=installed, code=code)


def test_what_is_in_force_has_nothing_to_rehearse(told: Path, first: Path) -> None:
    found = rehearsed(told, first)
    assert (found["identical"], found["upgrades"], found["as_if"], found["offending"]) == (True, [], None, [])


def test_the_next_version_leaves_history_as_it_is_and_its_difference_is_told(told: Path, second: Path) -> None:
    before = {file: file.read_bytes() for file in told.rglob("*.log")}
    found = rehearsed(told, second)
    assert found["identical"]
    assert [(each["contract"], each["before"], each["after"]) for each in found["upgrades"]] == [("lending", 1, 2)]
    as_if = found["as_if"]
    assert as_if["records"] == {"lending/loans": 9}
    changed = {each["path"].rpartition("/")[2]: each for each in as_if["changed_records"]}
    assert changed["for-long"]["after"] is None
    assert (changed["loan-0"]["before"]["status"], changed["loan-0"]["after"]["status"]) == ("overdue", "lost")
    assert set(changed["loan-7"]["after"]) == {"lost_at"}
    assert as_if["receipts"] == {
        "calendar": 3, "lending.AcceptLoan": 1, "lending.ConfirmReturn": 1, "lending.OfferLoan": 1,
    }  # fmt: skip
    refused = next(each for each in as_if["changed_receipts"] if each["actions"] == "lending.OfferLoan")
    assert (refused["before"], refused["after"]) == ("", "lending.too_long")
    assert {file: file.read_bytes() for file in told.rglob("*.log")} == before


def test_from_a_height_on_only_what_follows_can_differ(told: Path, second: Path) -> None:
    height = rehearsed(told, second)["height"]
    later = rehearsed(told, second, "--from", str(height))["as_if"]
    assert all(each["height"] == height for each in later["changed_receipts"])
    assert "loan-7" not in str(later["changed_records"])
    refused = rehearsed(told, second, "--from", str(height + 1), code=1)
    assert refused["code"] == "ledger.height_unknown"


CHANGES = {
    "a table that forgets how it was": (
        "records.py", "    earlier_schemas = ((1, LOANS_1),)\n", "", "lending/loans/loan-0", "record.schema",
    ),
    "a move that does not say since when": (
        "records.py", 'by=("lender", CALENDAR), since=2)', 'by=("lender", CALENDAR))', "", "receipt.expected",
    ),
    "a due move changed in place": (
        "actions.py", "@when_due(Loan, status=LoanStatus.LENT,", "@when_due(Loan, status=LoanStatus.OFFERED,",
        "lending/loans/loan-0", "calendar",
    ),
    "an action changed in place": (
        "actions.py", 'ensure(self.due > ledger.now, "due', 'ensure(self.due > YEAR * 999, "due',
        "lending/loans/loan-0", "record",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_files_that_would_have_made_another_history_are_named(
    name: str, told: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file, old, new, record, part = CHANGES[name]
    installed = install(tmp_path_factory.mktemp("changed"), 2)
    change(installed, file, old, new)
    found = rehearsed(told, installed, code=1)
    assert not found["identical"]
    difference = found["difference"]
    assert (difference["record"], difference["part"]) == (record, part)
    assert len(bytes.fromhex(difference["transaction"])) == (0 if part == "calendar" else 32)
    assert 0 < difference["height"] <= found["height"]


def test_a_record_that_breaks_a_new_invariant_is_named(told: Path, tmp_path: Path) -> None:
    installed = install(tmp_path / "changed", 2)
    change(installed, "actions.py", "if loan.lender == loan.borrower:", 'if loan.thing == "crane":')
    found = rehearsed(told, installed, code=1)
    assert found["identical"]
    assert found["offending"] == ["lending.nobody_lends_to_themselves: lending/loans/for-long"]


def test_older_files_than_are_in_force_cannot_rehearse(first: Path, second: Path, tmp_path: Path) -> None:
    infoharbor(
        "init", "--data", tmp_path / "data", "--name", "x.example", "--organisation", "port", "--organisation-name",
        "Port", "--country", "CN", "--registration", "registry", "--number", "1", installed=second,
    )  # fmt: skip
    refused = rehearsed(tmp_path / "data", first, code=1)
    assert refused["code"] == "node.rules_differ"
    assert "lending version 2" in refused["expected"]


# In one process


@pytest.fixture
def told_here(engine: NodeEngine, world: World, data: Path) -> Path:
    for _ in range(8):
        assert engine.submit(world.transfer("bank", "firm-1")).result(10).code == ""
    engine.close()
    return data


def test_a_rehearsal_is_followed_and_keeps_only_the_newest_blocks_in_memory(
    told_here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infoharbor.engine.machine.FLUSH_LAYERS", 3)
    layers, heights = [], []
    accept = rehearsing.Shadow._accept

    def accepted(shadow: rehearsing.Shadow, *executed: Any) -> None:
        accept(shadow, *executed)
        layers.append(len(shadow._machine.state.layers))  # type: ignore[union-attr]

    monkeypatch.setattr(rehearsing.Shadow, "_accept", accepted)
    reader = open_reader(told_here)
    found = rehearse(reader, progress=heights.append)
    reader.close()
    assert heights == list(range(found.height + 1))
    assert len(layers) == found.height + 1 > 3 * 3
    assert max(layers) <= 3


def test_a_change_of_any_part_of_a_block_is_named(engine: NodeEngine, world: World, data: Path) -> None:
    engine.submit(world.transfer("bank", "firm-1")).result(10)
    block = engine.block(engine.status().height)
    (receipt,) = map(receipt_codec.decode, block.receipts)
    path, entry, position = block.written[0]
    transaction = receipt.transaction.hex()

    def otherwise(**changes: Any) -> Difference | None:
        return first_difference(7, block, msgspec.structs.replace(block, **changes))

    assert otherwise() is None
    changed = msgspec.structs.replace(msgspec.msgpack.decode(entry, type=Entry), value=b"x")
    written = ((path, encode(changed), position), *block.written[1:])
    assert otherwise(written=written) == Difference(7, transaction, path, "record.value")
    assert otherwise(written=block.written[1:]) == Difference(7, transaction, path, "record")
    refused = encode(msgspec.structs.replace(receipt, code="ledger.expired"))
    assert otherwise(receipts=(refused,)) == Difference(7, transaction, "", "receipt.code")
    assert otherwise(receipts=()) == Difference(7, transaction, "", "receipt")
    assert otherwise(calendar=((1, path, True),)) == Difference(7, "", path, "calendar")
    header = msgspec.structs.replace(header_codec.decode(block.header_bytes), state_root=bytes(32))
    assert otherwise(header_bytes=encode(header)) == Difference(7, "", "", "header.state_root")


values = st.dictionaries(st.sampled_from([f"a/b/{key}" for key in "uvwxyz"]), st.sampled_from([b"", b"1", b"2"]))


@given(before=values, after=values)
def test_exactly_the_records_whose_values_differ_are_told(before: dict[str, bytes], after: dict[str, bytes]) -> None:
    def view(records: dict[str, bytes]) -> Any:
        made = MemoryView()
        made.entries = {path: Entry(1, 1, b"", b"", 0, b"", value, b"") for path, value in records.items()}
        made._paths = sorted(records)
        return made

    told = {each.path: (each.before, each.after) for each in changed_records(view(before), view(after))}
    assert list(told) == sorted(told)
    assert told == {
        path: (before.get(path, b""), after.get(path, b""))
        for path in before.keys() | after.keys()
        if before.get(path, b"") != after.get(path, b"")
    }
