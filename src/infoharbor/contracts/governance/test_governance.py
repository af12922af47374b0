"""The rules of governance: votes, lapses, parameters, code tables, activations."""

import pytest

from infoharbor.contracts.governance.actions import (
    ActivateContract,
    CastVote,
    Propose,
    SetCodes,
    SetParameter,
    WithdrawProposal,
)
from infoharbor.contracts.governance.conftest import CHANGE, DAY, PERIOD, SEATS, propose, status
from infoharbor.contracts.governance.demo import story
from infoharbor.contracts.governance.records import (
    ActiveContract,
    CodeEntry,
    Proposal,
    ProposalStatus,
    Vote,
    VotedParameter,
)
from infoharbor.contracts.identity.demo import PLAYERS
from infoharbor.contracts.identity.demo import story as identity_story
from infoharbor.contracts.identity.organisations import SetSeat, SuspendOrganisation
from infoharbor.engine.trial import Trial
from infoharbor.kernel.activation import Inactive

# Votes


def test_the_story_is_told_as_it_stands() -> None:
    trial = Trial().tell(identity_story, story)
    trial.audit()
    assert trial.get(VotedParameter, PERIOD).value == 14 * DAY
    assert status(trial, "unanimity") == ProposalStatus.REJECTED
    assert status(trial, "one-day") == ProposalStatus.WITHDRAWN
    assert trial.get(CodeEntry, "demo-holidays", "2026-02-17").value == "closed"


def test_the_deciding_vote_runs_the_decision(trial: Trial) -> None:
    propose(trial)
    for member in SEATS[:2]:
        trial.act(CastVote("proposal", True), by=member)
    assert trial.find(VotedParameter, PERIOD) is None
    trial.act(CastVote("proposal", True), by=SEATS[2])
    assert status(trial) == ProposalStatus.ADOPTED
    assert trial.get(VotedParameter, PERIOD).value == DAY
    trial.refuses(CastVote("proposal", True), by=SEATS[3], code="governance.proposal_closed")


@pytest.mark.parametrize(("seats", "majority"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 4), (6, 4), (7, 5), (9, 6)])
def test_at_least_two_thirds_of_the_seats_decide(seats: int, majority: int) -> None:
    trial = Trial([player._replace(seat=place < seats - 1) for place, player in enumerate(PLAYERS)])
    propose(trial)
    assert trial.get(Proposal, "proposal").majority == majority


def test_a_proposal_is_rejected_once_no_majority_can_be_reached(trial: Trial) -> None:
    propose(trial)
    trial.act(CastVote("proposal", False), by=SEATS[0])
    assert status(trial) == ProposalStatus.OPEN
    trial.act(CastVote("proposal", False), by=SEATS[1])
    assert status(trial) == ProposalStatus.REJECTED


def test_a_proposal_lapses_when_its_time_has_come(trial: Trial) -> None:
    propose(trial)
    closes = trial.get(Proposal, "proposal").closes
    trial.advance(closes - trial.now - 1)
    assert status(trial) == ProposalStatus.OPEN
    trial.advance(1)
    assert status(trial) == ProposalStatus.LAPSED
    trial.refuses(CastVote("proposal", True), by=SEATS[0], code="governance.proposal_closed", field="proposal")


def test_a_vote_stands_once_given(trial: Trial) -> None:
    propose(trial)
    trial.refuses(CastVote("proposal", False), by="harbor", code="governance.voted_already", field="proposal")
    assert trial.get(Vote, "proposal", "harbor").in_favour


def test_only_seats_propose_and_vote(trial: Trial) -> None:
    outsider = PLAYERS[7].id
    trial.refuses(Propose.to(CHANGE, id="p", reason=""), by=outsider, code="governance.no_seat", field="by")
    propose(trial)
    trial.refuses(CastVote("proposal", True), by=outsider, code="governance.no_seat", field="by")


def test_a_seat_counts_only_if_held_at_the_proposal_and_at_the_vote(trial: Trial) -> None:
    propose(trial)
    trial.decide(SetSeat(SEATS[3], False))
    trial.decide(SetSeat(PLAYERS[7].id, True))
    for member in (SEATS[3], PLAYERS[7].id):
        trial.refuses(CastVote("proposal", True), by=member, code="governance.no_seat")
    assert trial.get(Proposal, "proposal").majority == 4


def test_a_suspended_member_cannot_vote(trial: Trial) -> None:
    propose(trial)
    trial.decide(SuspendOrganisation(SEATS[0]))
    trial.refuses(CastVote("proposal", True), by=SEATS[0], code="identity.organisation_not_active")


def test_only_the_proposer_withdraws_and_only_while_open(trial: Trial) -> None:
    propose(trial)
    trial.refuses(WithdrawProposal("proposal"), by=SEATS[0], code="ledger.not_entitled")
    trial.act(WithdrawProposal("proposal"), by="harbor")
    trial.refuses(WithdrawProposal("proposal"), by="harbor", code="ledger.move_undeclared")


def test_a_proposals_id_is_fresh_and_its_decision_known(trial: Trial) -> None:
    propose(trial)
    again = Propose.to(CHANGE, id="proposal", reason="")
    trial.refuses(again, by="harbor", code="governance.proposal_known", field="id")
    unknown = Propose("p", "identity.SetPolicy", b"\x90", "")
    trial.refuses(unknown, by="harbor", code="governance.decision_unknown", field="action")
    broken = Propose("p", "governance.SetParameter", b"\x91\x01", "")
    trial.refuses(broken, by="harbor", code="ledger.malformed", field="decision")
    trial.refuses(Propose.to(CHANGE, id="p/q", reason=""), by="harbor", code="ledger.key")
    trial.refuses(CastVote("nothing", True), by="harbor", code="ledger.record_unknown", field="proposal")


def test_nothing_is_decided_without_a_vote(trial: Trial) -> None:
    entry = CodeEntry("t", "c", "", "", "", 0, 0)
    for action in (CHANGE, SetCodes((entry,)), ActivateContract("identity", 1, bytes(32))):
        trial.refuses(action, by="harbor", code="governance.not_voted", field="by")


# Decisions


@pytest.fixture(name="alone")
def _alone() -> Trial:
    """The operator has the only seat, so that what it proposes is decided at once."""
    return Trial(PLAYERS)


@pytest.mark.parametrize(
    ("decision", "code"),
    [
        (SetParameter("governance.nothing", 1), "governance.parameter_unknown"),
        (SetParameter("governance.majority_twelfths", 6), "governance.parameter_bounds"),
        (SetParameter("governance.majority_twelfths", 13), "governance.parameter_bounds"),
        (SetParameter(PERIOD, 0), "governance.parameter_bounds"),
        (SetCodes(()), "governance.codes_count"),
        (SetCodes((CodeEntry("t", "c", "", "", "", 2, 1),)), "governance.codes_period"),
        (SetCodes((CodeEntry("a/b", "c", "", "", "", 0, 0),)), "ledger.key"),
        (ActivateContract("a/b", 1, bytes(32)), "governance.contract_name"),
        (ActivateContract("identity", 0, bytes(32)), "governance.version_backwards"),
    ],
)
def test_a_decision_that_cannot_hold_is_refused_with_its_deciding_vote(
    alone: Trial, decision: object, code: str
) -> None:
    alone.refuses(Propose.to(decision, id="p", reason=""), by="harbor", code=code)  # type: ignore[arg-type]


def test_no_two_organisations_have_one_validators_key(alone: Trial) -> None:
    def entry(name: str, key: str, until: int = 0) -> CodeEntry:
        return CodeEntry("network-validators", name, key, "", "", 0, until)

    known = "governance.validator_known"
    twice = SetCodes((entry("a", "01" * 32), entry("b", "01" * 32)))
    alone.refuses(Propose.to(twice, id="twice", reason=""), by="harbor", code=known)
    alone.decide(SetCodes((entry("a", "01" * 32), entry("b", "02" * 32))))
    taken = SetCodes((entry("b", "01" * 32),))
    alone.refuses(Propose.to(taken, id="taken", reason=""), by="harbor", code=known)
    alone.decide(SetCodes((entry("a", "01" * 32, until=1),)))
    alone.decide(taken)
    alone.decide(SetCodes((CodeEntry("others", "c", "01" * 32, "", "", 0, 0),)))


def test_a_parameters_bounds_are_its_contracts(alone: Trial) -> None:
    for twelfths in (7, 12):
        alone.decide(SetParameter("governance.majority_twelfths", twelfths))
        assert alone.get(VotedParameter, "governance.majority_twelfths").value == twelfths


def test_codes_are_added_and_changed(alone: Trial) -> None:
    entries = tuple(CodeEntry("demo", f"code-{number}", "1", "码", "code", 0, 0) for number in range(500))
    alone.decide(SetCodes(entries))
    alone.decide(SetCodes((entries[7].replace(value="2"),)))
    assert alone.get(CodeEntry, "demo", "code-7").value == "2"
    assert len(alone.all(CodeEntry)) == 500
    too_many = SetCodes((*entries, CodeEntry("demo", "one-more", "", "", "", 0, 0)))
    alone.refuses(Propose.to(too_many, id="p", reason=""), by="harbor", code="governance.codes_count")


def test_an_activation_waits_its_delay_and_the_version_before_holds_meanwhile(alone: Trial) -> None:
    here = alone.registry.contracts["governance"]
    alone.decide(ActivateContract("governance", 7, here.rules_hash))
    since = [each.since for each in alone.all(ActiveContract) if each.version == 7]
    assert since == [alone.now + 1000]
    alone.act(Propose.to(CHANGE, id="p", reason=""), by="harbor")
    alone.advance(1000)
    alone.act(Propose.to(CHANGE, id="q", reason=""), by="harbor")


def test_a_node_without_the_voted_rules_goes_on_until_they_are_in_force_and_then_stops(alone: Trial) -> None:
    alone.decide(ActivateContract("governance", 1, bytes(32)))
    alone.advance(999)
    with pytest.raises(Inactive, match="governance"):
        alone.advance(1)


def test_a_contract_that_is_not_here_stops_the_node_when_it_comes_into_force(alone: Trial) -> None:
    alone.decide(ActivateContract("customs_of_nowhere", 1, bytes(32)))
    alone.advance(999)
    with pytest.raises(Inactive, match="customs_of_nowhere"):
        alone.advance(1)
