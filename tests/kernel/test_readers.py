"""Who may read: judged by the version itself, by named organisations, audiences and roles in a jurisdiction."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infoharbor.contractkit import Record
from infoharbor.contracts.asset.records import Balance, Token
from infoharbor.contracts.governance.demo import decide
from infoharbor.contracts.identity.accreditations import GrantRole
from infoharbor.contracts.identity.demo import BANK, EXPORTER, IMPORTER, PLAYERS
from infoharbor.contracts.identity.records import Key
from infoharbor.contracts.trace.records import Audience
from infoharbor.edgekit.sight import Sight
from infoharbor.engine.trial import Trial
from infoharbor.kernel.block import Receipt, Signer
from infoharbor.kernel.encoding import encode
from infoharbor.kernel.readers import ANONYMOUS, EVERYONE, Reader, Readers
from infoharbor.kernel.records import Entry, record_type

NAMES = [player.id for player in PLAYERS]


class Paper(Record, table="papers"):
    """A record with an audience."""

    id: str
    audience: tuple[str, ...]

    readers = ("audience",)


@pytest.fixture(scope="module")
def trial() -> Trial:
    """Every player is on the ledger, and the importer supervises in China."""
    trial = Trial(PLAYERS)
    decide(trial, GrantRole(IMPORTER.id, "supervisor", "CN", 0, 0, "example"), id="supervise", reason="example")
    return trial


def may_read(trial: Trial, record: object, organisation: str) -> bool:
    readers = Readers(trial.registry.authority, trial.find, trial.now)
    return readers.may_read(record_type(type(record)), record, Reader(organisation))


def test_a_field_names_its_reader_and_nobody_else(trial: Trial) -> None:
    balance = Balance("t", EXPORTER.id, BANK.id, 1, 0, 0)
    allowed = {name for name in [*NAMES, "harbor", ""] if may_read(trial, balance, name)}
    assert allowed == {EXPORTER.id, BANK.id, IMPORTER.id}


def test_a_role_reads_in_its_jurisdiction_alone(trial: Trial) -> None:
    assert may_read(trial, Balance("t", EXPORTER.id, "unknown", 1, 0, 0), IMPORTER.id)
    abroad = Balance("t", IMPORTER.id, "unknown", 1, 0, 0)
    assert not any(may_read(trial, abroad, name) for name in NAMES if name != IMPORTER.id)


@given(
    audience=st.lists(st.sampled_from([*NAMES, EVERYONE]), max_size=4).map(tuple), asker=st.sampled_from([*NAMES, ""])
)
def test_an_audience_is_who_it_names_or_everyone(trial: Trial, audience: tuple[str, ...], asker: str) -> None:
    assert may_read(trial, Paper("p", audience), asker) == (EVERYONE in audience or asker in audience)


def test_no_declared_readers_means_every_member_and_public_means_anyone(trial: Trial) -> None:
    readers = Readers(trial.registry.authority, trial.find, trial.now)
    for of, member, stranger in ((Key, True, False), (Token, True, True)):
        kind = record_type(of)
        for record in (None, object()):
            assert readers.may_read(kind, record, Reader(EXPORTER.id)) == member
            assert readers.may_read(kind, record, ANONYMOUS) == stranger


def test_nobody_is_no_organisation_called_nothing(trial: Trial) -> None:
    assert not may_read(trial, Audience("", "*", ("",)), "")


def receipt(signers: tuple[str, ...], *writes: tuple[str, int]) -> Receipt:
    named = tuple(Signer(bytes(32), "u-1", each) for each in signers)
    return Receipt(1, bytes(32), 1, 0, "" if writes else "x.y", 0, "", "", named, (), writes)


def test_a_receipt_is_read_by_its_signers_and_by_who_may_read_all_that_it_wrote(trial: Trial) -> None:
    readers = Readers(trial.registry.authority, trial.find, trial.now)
    written = receipt(("a",), ("p", 1), ("q", 1))
    for readable, expected in (({"p", "q"}, True), ({"p"}, False), (set(), False)):
        assert readers.may_read_receipt(written, Reader("b"), lambda path, _, known=readable: path in known) == expected
    assert readers.may_read_receipt(written, Reader("a"), lambda *_: False)
    assert not readers.may_read_receipt(receipt(("a",)), Reader("b"), lambda *_: True), "a refusal wrote nothing"
    assert not readers.may_read_receipt(receipt(("",)), ANONYMOUS, lambda *_: True)
    counted = receipt(("a",), ("identity/use/k", 1))
    assert not readers.may_read_receipt(counted, Reader("b"), lambda *_: False), "it has nothing else"


def test_a_version_is_judged_by_itself_and_a_tombstone_by_what_it_buried(trial: Trial) -> None:
    path, before = "asset/balances/t/o", Balance("t", EXPORTER.id, "unknown", 1, 0, 0)
    after = before.replace(holder=BANK.id)
    entry = next(iter(trial.view.entries.values()))
    versions = [entry_of(entry, 3, b""), entry_of(entry, 2, encode(after)), entry_of(entry, 1, encode(before))]
    seen = {}
    for name in (EXPORTER.id, BANK.id, ""):
        sight = Sight(trial.view, lambda _: iter(versions), trial.registry, trial.now, Reader(name))
        seen[name] = [each.entry.version for each in sight.versions(path)]
    assert seen == {EXPORTER.id: [1], BANK.id: [3, 2], "": []}


def entry_of(like: Entry, version: int, value: bytes) -> Entry:
    return msgspec.structs.replace(like, version=version, value=value)


@given(
    concerned=st.lists(st.sampled_from([EXPORTER.id, BANK.id, IMPORTER.id, EVERYONE]), max_size=3),
    signers=st.sets(st.sampled_from([EXPORTER.id, BANK.id]), max_size=2),
    asker=st.sampled_from([*NAMES, ""]),
)
def test_a_refusal_is_read_by_its_signers_and_by_members_who_may_read_all_that_it_concerned(
    trial: Trial, concerned: list[str], signers: set[str], asker: str
) -> None:
    readers = Readers(trial.registry.authority, trial.find, trial.now)
    papers = [(record_type(Paper), Paper("p", (each,))) for each in concerned]
    allowed = readers.may_read_refusal(receipt(tuple(signers)), Reader(asker), papers)
    reads_all = bool(concerned) and all(each in (asker, EVERYONE) for each in concerned)
    assert allowed == (asker != "" and (asker in signers or reads_all))
