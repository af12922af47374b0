"""What a pilot's ledger says before the pilot is a network: who attests it, decided by those with a seat, in as many tries as
it takes."""

from contextlib import closing, suppress
from pathlib import Path

import pytest
from nodes import as_json, free_port, infoharbor
from tests.cli.test_founding import flags

from infoharbor.cli import growing
from infoharbor.cli.growing import GROWING, growers, let_members_attest
from infoharbor.cli.output import Failure
from infoharbor.cli.trial_members import Member
from infoharbor.contracts.governance.actions import Propose
from infoharbor.contracts.governance.records import Proposal
from infoharbor.contracts.identity.attesters import CURRENT, Attesters, Handover
from infoharbor.contracts.identity.organisations import SetSeat
from infoharbor.contracts.identity.records import Organisation
from infoharbor.crypto.keyfile import write_key
from infoharbor.engine.attester import AttesterKeys
from infoharbor.engine.lifecycle import open_engine
from infoharbor.engine.reader import open_reader
from infoharbor.sdk.building import Chain, build_signed
from infoharbor.sdk.keys import Signer


@pytest.fixture
def pilot(tmp_path: Path) -> Path:
    as_json("init", "--data", "pilot", *flags(), cwd=tmp_path)
    return tmp_path / "pilot"


def attesters(pilot: Path) -> Attesters | None:
    with closing(open_reader(pilot)) as reader, reader.snapshot() as snapshot:
        return snapshot.find(Attesters, CURRENT)


def act(pilot: Path, signer: Signer, *actions: object) -> None:
    with closing(open_engine(pilot, workers=0)) as engine:
        raw = build_signed(Chain(engine.chain.id, engine.chain.suite), actions, signer)  # type: ignore[arg-type]
        receipt = engine.submit(raw).result(60)
        assert not receipt.code, receipt


def test_the_operator_and_the_newcomers_attest(pilot: Path) -> None:
    let_members_attest(pilot, growers(pilot, "", None, ""), ["member-2", "member-3"])
    found = attesters(pilot)
    assert found is not None
    assert [each.organisation for each in found.members] == ["member-2", "member-3", "port"]
    assert AttesterKeys.read(pilot / "keys").public("port") in found.members
    assert AttesterKeys.read(pilot / GROWING / "member-2/keys").public("member-2") in found.members
    assert as_json("audit", "--data", "pilot", cwd=pilot.parent)["clean"]
    alone = infoharbor("run", "--data", "pilot", "--port", free_port(), cwd=pilot.parent, fails=True)
    assert "node.not_alone" in alone.stderr


@pytest.mark.parametrize("acts", range(8))
def test_what_was_cut_off_anywhere_goes_on(pilot: Path, monkeypatch: pytest.MonkeyPatch, acts: int) -> None:
    class CutOff(Exception):
        pass

    left = [acts]
    whole = growing._Pilot.act

    def cut(ledger: growing._Pilot, action: object, signer: Signer) -> None:
        if not left[0]:
            raise CutOff
        left[0] -= 1
        whole(ledger, action, signer)  # type: ignore[arg-type]

    voters = growers(pilot, "", None, "")
    with monkeypatch.context() as cutting:
        cutting.setattr(growing._Pilot, "act", cut)
        with suppress(CutOff):
            let_members_attest(pilot, voters, ["member-2"])
    let_members_attest(pilot, voters, ["member-2"])
    found = attesters(pilot)
    assert found is not None
    assert (found.era, [each.organisation for each in found.members]) == (1, ["member-2", "port"])


def test_it_waits_for_the_votes_of_others_with_a_seat(pilot: Path) -> None:
    [port] = growers(pilot, "", None, "")
    bank = Member.new(9)
    act(pilot, port, Propose.to(bank.admission, id="admit-bank", reason=""))
    for _ in range(2):
        with pytest.raises(Failure) as refused:
            let_members_attest(pilot, [port], [])
        assert refused.value.code == "network.not_adopted"
    found = attesters(pilot)
    assert found is not None
    assert (found.era, len(found.next)) == (0, 1)
    write_key(pilot / "keys" / "member-9-administrator.json", bank.key)
    let_members_attest(pilot, growers(pilot, "port", None, ""), [])
    with closing(open_reader(pilot)) as reader, reader.snapshot() as snapshot:
        assert snapshot.find(Handover, 0) is not None


def test_nobody_is_made_to_vote_for_something_else_under_a_name_that_can_be_guessed(pilot: Path) -> None:
    voters = growers(pilot, "", None, "")
    bank = Member.new(9)
    act(pilot, voters[0], Propose.to(bank.admission, id="admit-bank", reason=""))
    act(pilot, Signer("member-9", bank.key), Propose.to(SetSeat("port", False), id="admit-member-2", reason=""))
    with pytest.raises(Failure) as refused:
        let_members_attest(pilot, voters, ["member-2"])
    assert refused.value.expected.startswith("the other members' votes for admit-member-2-2")
    with closing(open_reader(pilot)) as reader, reader.snapshot() as snapshot:
        guessed, member = snapshot.find(Proposal, "admit-member-2"), snapshot.find(Organisation, "port")
    assert guessed is not None
    assert guessed.in_favour == 1
    assert member is not None
    assert member.seat


def test_only_who_has_a_key_here_can_be_the_first(pilot: Path) -> None:
    for organisation, key in (("bank", None), ("", pilot / "keys" / "port-administrator.json")):
        with pytest.raises(Failure):
            growers(pilot, organisation, key, "")
