"""No history of a key leaves its prefixes or passes its quotas."""

import dataclasses

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from infoharbor.contracts.identity.conftest import HOME, ISSUE, MINUTE, hire, issue, limit
from infoharbor.contracts.identity.demo import EXPORTER, new_key
from infoharbor.contracts.identity.keys import RotateKey
from infoharbor.contracts.identity.limits import Quota, Use, Within
from infoharbor.edgekit.cast import Signer
from infoharbor.engine.trial import Trial
from infoharbor.kernel.refusal import Refusal


@dataclasses.dataclass
class Spent:
    """What a plain count says of one quota."""

    quota: Quota
    since: int | None = None
    amount: int = 0

    def left(self, now: int) -> int:
        over = self.since is None or (self.quota.period_ms and now >= self.since + self.quota.period_ms)
        return self.quota.most - (0 if over else self.amount)

    def spend(self, taken: int, now: int) -> None:
        if taken:
            if self.since is None or (self.quota.period_ms and now >= self.since + self.quota.period_ms):
                self.since, self.amount = now, 0
            self.amount += taken


quotas = st.lists(
    st.builds(
        Quota, st.sampled_from([ISSUE]), st.sampled_from(["", "size"]), st.integers(0, 12), st.sampled_from([0, MINUTE])
    )
    | st.builds(Quota, st.just(""), st.just(""), st.integers(0, 6), st.sampled_from([0, MINUTE])),
    max_size=3,
)


class LimitedKey(RuleBasedStateMachine):
    """Random bundles of one agent, good and bad, over limits that change, rotation and time."""

    @initialize()
    def found(self) -> None:
        self.trial = Trial((EXPORTER,))
        self.agent = hire(self.trial)
        self.made, self.prefixes, self.spent = 0, ("",), list[Spent]()

    @rule(prefixes=st.sampled_from([("a",), ("a", "b")]), quotas=quotas)
    def set_limits(self, prefixes: tuple[str, ...], quotas: list[Quota]) -> None:
        self.prefixes, self.spent = prefixes, [Spent(quota) for quota in quotas]
        limit(self.trial, self.agent, Within(ISSUE, "number", prefixes), *quotas)

    @rule(parts=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5)), min_size=1, max_size=3))
    def send(self, parts: list[tuple[str, int]]) -> None:
        self._try(parts, [self.agent], broken=False)

    @rule(parts=st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 5)), min_size=1, max_size=2))
    def send_what_is_rolled_back(self, parts: list[tuple[str, int]]) -> None:
        self._try(parts, [self.agent], broken=True)

    @rule(parts=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5)), min_size=1, max_size=2))
    def send_with_a_person(self, parts: list[tuple[str, int]]) -> None:
        self._try(parts, [self.agent, self.trial.cast.signer(HOME)], broken=False)

    @rule()
    def rotate(self) -> None:
        self.made += 1
        fresh = self.trial.cast.signer(HOME, f"agent-{self.made}")
        self.trial.act(RotateKey(self.agent.key_id.hex(), new_key(fresh, self.trial_user())), by=HOME)
        self.agent = fresh

    def trial_user(self) -> str:
        return self.trial.cast.signer(HOME, "agent").user

    @rule(milliseconds=st.sampled_from([1, MINUTE // 2, MINUTE]))
    def wait(self, milliseconds: int) -> None:
        self.trial.advance(milliseconds)

    def _try(self, parts: list[tuple[str, int]], users: list[Signer], *, broken: bool) -> None:
        actions = []
        for prefix, size in parts:
            self.made += 1
            actions.append(issue(f"{prefix}{self.made}", size))
        if broken:
            actions.append(actions[0])
        now = self.trial.now + 1
        taken = [sum(size for _, size in parts) if spent.quota.field else 1 for spent in self.spent]
        reaches = not self.prefixes[0] or all(prefix in self.prefixes for prefix, _ in parts)
        allowed = reaches and all(take <= each.left(now) for each, take in zip(self.spent, taken, strict=True))
        code = ""
        try:
            self.trial.act(*actions, by=HOME, users=users)
        except Refusal as refusal:
            code = refusal.code
        if broken:
            assert code
        elif allowed:
            assert code == ""
            for each, take in zip(self.spent, taken, strict=True):
                each.spend(take, now)
        else:
            assert code in ("identity.key_within", "identity.key_quota")

    @invariant()
    def holds(self) -> None:
        self.trial.audit()
        use = self.trial.find(Use, self.agent.key_id.hex())
        counted = [each.amount for each in use.counted] if use is not None else []
        assert counted == [each.amount for each in self.spent]


LimitedKey.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
test_no_history_of_a_key_passes_its_quotas_or_leaves_its_prefixes = LimitedKey.TestCase
