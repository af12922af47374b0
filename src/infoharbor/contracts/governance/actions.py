"""How the members decide: proposals, votes, and the decisions that only votes make."""

from collections.abc import Collection, Iterator

from infoharbor.contractkit import (
    ENGINE,
    GENESIS,
    Action,
    Ledger,
    Parameter,
    Refusal,
    contract_actor,
    ensure,
    invariant,
    when_due,
)
from infoharbor.contractkit.arithmetic import divide_up
from infoharbor.contractkit.encoding import decode_action, encode_action
from infoharbor.contractkit.types import Code, Count, Hash, Identifier, Instant, Integer, ShortText
from infoharbor.contracts.governance.records import (
    ActiveContract,
    CodeEntry,
    Misbehaviour,
    Proposal,
    ProposalStatus,
    Vote,
    VotedParameter,
)
from infoharbor.contracts.identity.accreditations import GrantRole, WithdrawRole
from infoharbor.contracts.identity.attesting import BeginAttesting
from infoharbor.contracts.identity.countries import ensure_shared
from infoharbor.contracts.identity.organisations import (
    AdmitOrganisation,
    ExpelOrganisation,
    ReinstateOrganisation,
    SetSeat,
    SuspendOrganisation,
)
from infoharbor.contracts.identity.records import Organisation, has_seat

DAY = 24 * 60 * 60 * 1000
MAJORITY = Parameter("governance.majority_twelfths", 8, "twelfths of the seats", 7, 12)
"""Twelfths, so that two thirds and three quarters are exact."""
VOTING_PERIOD = Parameter("governance.voting_period_ms", 30 * DAY, "ms", 1, 366 * DAY)
ACTIVATION_DELAY = Parameter("governance.activation_delay_ms", 7 * DAY, "ms", 0, 366 * DAY)
CODES_PER_DECISION = 500
VALIDATORS = "network-validators"
"""The code table of those who vote on blocks: a code is an organisation, its value the validator's key."""


class SetParameter(Action):
    """Give a parameter another value, within the bounds that its contract declares. Voted by the members."""

    name: Code
    value: Integer

    def apply(self, ledger: Ledger) -> None:
        ensure_voted(ledger)
        known = ledger.known_parameter(self.name)
        if known is None:
            raise Refusal("parameter_unknown", field="name", expected="a parameter that a contract declares")
        bounds = f"{known.least} to {known.most} {known.unit}"
        ensure(known.least <= self.value <= known.most, "parameter_bounds", field="value", expected=bounds)
        ledger.put(VotedParameter(self.name, self.value))


class SetCodes(Action):
    """Add to a code table, or change entries of it. Voted by the members."""

    entries: tuple[CodeEntry, ...]

    def apply(self, ledger: Ledger) -> None:
        ensure_voted(ledger)
        count = len(self.entries)
        ensure(
            1 <= count <= CODES_PER_DECISION,
            "codes_count",
            field="entries",
            expected=f"1 to {CODES_PER_DECISION}",
        )
        concerns_validators = any(entry.code_table == VALIDATORS for entry in self.entries)
        before = {each.code for each in validator_entries(ledger)} if concerns_validators else set()
        for entry in self.entries:
            in_order = entry.until == 0 or entry.until > entry.valid_from
            ensure(in_order, "codes_period", field="entries", expected="until after valid_from, or 0 for no end")
            ledger.put(entry)
        if concerns_validators:
            ensure_own_keys(ledger)
            ensure_validators_shared(ledger, before)


class ActivateContract(Action):
    """Let a contract's version hold, once the activation delay has passed. Voted by the members."""

    contract: Code
    version: Count
    rules_hash: Hash

    def apply(self, ledger: Ledger) -> None:
        ensure_voted(ledger)
        ensure(
            "/" not in self.contract,
            "contract_name",
            field="contract",
            expected="a contract's name, without slash",
        )
        newest = max((each.version for each in ledger.scan(ActiveContract, self.contract)), default=0)
        ensure(self.version >= newest, "version_backwards", field="version", expected=f"at least {newest}")
        delay = 0 if ledger.is_genesis else ledger.parameter(ACTIVATION_DELAY)
        ledger.put(ActiveContract(self.contract, self.version, self.rules_hash, ledger.now + delay))


class NoteMisbehaviour(Action):
    """Keep that a validator was at fault. Told by the engine, which has checked the proof in the block; never by anyone."""

    validator: Code
    fault: Code
    order: Count
    time: Instant

    def apply(self, ledger: Ledger) -> None:
        ensure(ledger.actor == ENGINE, "not_told", field="by", expected="proof in a block of the network")
        ledger.put(Misbehaviour(self.validator, self.fault, self.order, self.time))


Decision = (
    AdmitOrganisation
    | SuspendOrganisation
    | ReinstateOrganisation
    | ExpelOrganisation
    | SetSeat
    | GrantRole
    | WithdrawRole
    | SetParameter
    | SetCodes
    | ActivateContract
    | BeginAttesting
)
DECISIONS = {f"{kind.__action__.contract}.{kind.__action__.name}": kind for kind in Decision.__args__}


class Propose(Action):
    """Put a decision to the members. `action` names it, such as `identity.GrantRole`; `decision` is that
    action, encoded. The proposer's own yes is counted at once."""

    id: Identifier
    action: Code
    decision: bytes
    reason: ShortText

    @classmethod
    def to(cls, decision: Action, *, id: str, reason: str) -> "Propose":
        """The proposal of this decision."""
        kind = decision.__action__
        return cls(id, f"{kind.contract}.{kind.name}", encode_action(decision), reason)

    def apply(self, ledger: Ledger) -> None:
        ensure(self.action in DECISIONS, "decision_unknown", field="action", expected=", ".join(DECISIONS))
        decode_action(DECISIONS[self.action], self.decision)
        ensure(ledger.find(Proposal, self.id) is None, "proposal_known", field="id", expected="a fresh id")
        seats = [member.id for member in ledger.scan(Organisation) if has_seat(member)]
        ensure(ledger.actor in seats, "no_seat", field="by", expected="an organisation with a seat")
        majority = divide_up(len(seats) * ledger.parameter(MAJORITY), 12)
        closes = ledger.now + ledger.parameter(VOTING_PERIOD)
        ledger.put(
            Proposal(
                self.id, ledger.actor, self.action, self.decision, self.reason, len(seats), majority, 0, 0,
                closes, ProposalStatus.OPEN, tuple(seats),
            )
        )  # fmt: skip
        cast(ledger, self.id, in_favour=True)


class CastVote(Action):
    """Vote on an open proposal; a vote stands once given. The one that decides runs the decision."""

    proposal: Identifier
    in_favour: bool

    def apply(self, ledger: Ledger) -> None:
        cast(ledger, self.proposal, in_favour=self.in_favour)


class WithdrawProposal(Action):
    """Take back one's own proposal while it is open."""

    proposal: Identifier

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Proposal, self.proposal, ProposalStatus.WITHDRAWN)


def cast(ledger: Ledger, proposal: str, *, in_favour: bool) -> None:
    """Count one vote. A member that lost its seat since can no longer vote; `majority` stays as it was."""
    found = ledger.get(Proposal, proposal, field="proposal")
    is_open = found.status == ProposalStatus.OPEN
    ensure(is_open, "proposal_closed", field="proposal", expected="an open proposal")
    may_vote = ledger.actor in found.voters and has_seat(ledger.get(Organisation, ledger.actor))
    ensure(may_vote, "no_seat", field="by", expected="an organisation with a seat then and now")
    known = ledger.find(Vote, proposal, ledger.actor)
    ensure(known is None, "voted_already", field="proposal", expected="one vote for each organisation")
    ledger.put(Vote(proposal, ledger.actor, in_favour, ledger.now))
    counted = found.replace(in_favour=found.in_favour + in_favour, against=found.against + (not in_favour))
    ledger.put(counted)
    if counted.in_favour >= counted.majority:
        ledger.move(Proposal, proposal, ProposalStatus.ADOPTED)
        ledger.call(decode_action(DECISIONS[counted.action], counted.decision))
    elif counted.against > counted.seats - counted.majority:
        ledger.move(Proposal, proposal, ProposalStatus.REJECTED)


def validator_entries(ledger: Ledger) -> Iterator[CodeEntry]:
    """Who votes on blocks, or will."""
    return (each for each in ledger.scan(CodeEntry, VALIDATORS) if each.until == 0 or each.until > ledger.now)


def ensure_own_keys(ledger: Ledger) -> None:
    """One key is one vote on blocks, whose two organisations would each count on."""
    holders: dict[str, str] = {}
    for entry in validator_entries(ledger):
        own = holders.setdefault(entry.value, entry.code) == entry.code
        ensure(own, "validator_known", field="entries", expected="a validator's key of the organisation's own")


def ensure_validators_shared(ledger: Ledger, before: Collection[str]) -> None:
    """With those who are new, no country can stop the network, where the members have voted so."""
    holders = {each.code for each in validator_entries(ledger)}
    voters = [found for each in sorted(holders) if (found := ledger.find(Organisation, each)) is not None]
    for newcomer in voters:
        if newcomer.id not in before:
            ensure_shared(ledger, voters, newcomer.country, "entries")


def ensure_voted(ledger: Ledger) -> None:
    """Only an adopted proposal, or the genesis, decides."""
    voted = ledger.actor in (GENESIS, contract_actor("governance"))
    ensure(voted, "not_voted", field="by", expected="an adopted proposal")


@when_due(Proposal, status=ProposalStatus.OPEN, at="closes")
def lapse_proposal(ledger: Ledger, proposal: Proposal) -> None:
    """A proposal that found no majority in time is closed."""
    ledger.move(Proposal, proposal.id, ProposalStatus.LAPSED)


@invariant
def counts_match_votes(ledger: Ledger) -> Iterator[str]:
    """A proposal's counts are its votes."""
    for proposal in ledger.scan(Proposal):
        votes = [vote.in_favour for vote in ledger.scan(Vote, proposal.id)]
        if (votes.count(True), votes.count(False)) != (proposal.in_favour, proposal.against):
            yield f"governance/proposals/{proposal.id}"


@invariant
def adopted_means_majority(ledger: Ledger) -> Iterator[str]:
    """Nothing is adopted without its majority."""
    for proposal in ledger.scan(Proposal):
        if proposal.status == ProposalStatus.ADOPTED and proposal.in_favour < proposal.majority:
            yield f"governance/proposals/{proposal.id}"
