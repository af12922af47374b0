"""Whoever votes in whatever order, count and time alone decide."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from infoharbor.contracts.governance.actions import CastVote, SetParameter
from infoharbor.contracts.governance.conftest import DAY, PERIOD, SEATS, propose, seated, status
from infoharbor.kernel.refusal import Refusal


class Assembly(RuleBasedStateMachine):
    """Five members propose, vote, withdraw and wait at random, against a model that counts."""

    @initialize()
    def found(self) -> None:
        self.trial = seated()
        self.members = ["harbor", *SEATS]
        self.votes: dict[str, dict[str, bool]] = {}
        self.closed: dict[str, str] = {}
        self.closes: dict[str, int] = {}
        self.period = 30 * DAY
        self.wanted: dict[str, int] = {}

    def _settle(self, name: str) -> None:
        votes = list(self.votes[name].values())
        if votes.count(True) >= 4:
            self.closed[name] = "adopted"
            self.period = self.wanted[name]
        elif votes.count(False) > 1:
            self.closed[name] = "rejected"

    @rule(who=st.integers(0, 4), days=st.integers(1, 40))
    def propose(self, who: int, days: int) -> None:
        name = f"p-{len(self.votes)}"
        propose(self.trial, SetParameter(PERIOD, days * DAY), id=name, by=self.members[who])
        self.votes[name], self.wanted[name] = {self.members[who]: True}, days * DAY
        self.closes[name] = self.trial.now + self.period

    @rule(who=st.integers(0, 4), in_favour=st.booleans(), data=st.data())
    def vote(self, who: int, in_favour: bool, data: st.DataObject) -> None:
        if not self.votes:
            return
        name, member = data.draw(st.sampled_from(sorted(self.votes))), self.members[who]
        may = name not in self.closed and self.closes[name] > self.trial.now + 1
        try:
            self.trial.act(CastVote(name, in_favour), by=member)
        except Refusal:
            assert not may or member in self.votes[name]
            return
        assert may
        assert member not in self.votes[name]
        self.votes[name][member] = in_favour
        self._settle(name)

    @rule(days=st.integers(1, 20))
    def wait(self, days: int) -> None:
        self.trial.advance(days * DAY)

    @invariant()
    def every_proposal_stands_as_counted(self) -> None:
        self.trial.audit()
        for name in self.votes:
            if name not in self.closed and self.closes[name] <= self.trial.now:
                self.closed[name] = "lapsed"
            assert status(self.trial, name) == self.closed.get(name, "open")


Assembly.TestCase.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)
test_votes_decide_by_count_and_time_alone = Assembly.TestCase
