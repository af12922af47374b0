"""The limits of devices' and agents' keys: no history of a key leaves its prefixes or passes its quotas."""

import dataclasses

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from infoharbor.contracts.document.actions import IssueDocument, RevokeDocument
from infoharbor.contracts.document.records import RevocationReason
from infoharbor.contracts.identity.actions import AddUser, RotateKey
from infoharbor.contracts.identity.demo import EXPORTER, IMPORTER, PLAYERS, new_key
from infoharbor.contracts.identity.limiting import LimitKey
from infoharbor.contracts.identity.limits import Limits, Quota, Use, Within, values_of
from infoharbor.contracts.identity.records import UserKind
from infoharbor.contracts.trace.actions import CaptureEvents
from infoharbor.contracts.trace.records import CapturedEvent, Quantity
from infoharbor.contracts.trace.test_trace import LOT, said
from infoharbor.edgekit.cast import Signer
from infoharbor.engine.trial import Trial
from infoharbor.kernel.readers import ANONYMOUS, Reader, Readers
from infoharbor.kernel.records import record_type
from infoharbor.kernel.refusal import Refusal
from infoharbor.kernel.state import COUNTED

HOME, OTHER = EXPORTER.id, IMPORTER.id
MINUTE = 60_000
ISSUE, REVOKE, CAPTURE = "document.IssueDocument", "document.RevokeDocument", "trace.CaptureEvents"
SITE = "https://id.gs1.org/414/9501101530003"


def issue(number: str, size: int = 1, *, owner: str = HOME, audience: tuple[str, ...] = ()) -> IssueDocument:
    return IssueDocument(number, "invoice", owner, audience, bytes(32), size, "application/pdf", 0, 0)


def event(place: int, **fields: object) -> CapturedEvent:
    epcs = (f"https://id.gs1.org/01/09521001003032/21/{place}",)
    return said(place, place, action="ADD", biz_step="commissioning", epcs=epcs, **fields)


def hire(trial: Trial, name: str = "agent", scope: tuple[str, ...] = (ISSUE, REVOKE, CAPTURE)) -> Signer:
    agent = trial.cast.signer(HOME, name)
    trial.act(AddUser(agent.user, UserKind.AGENT, (), new_key(agent), scope), by=HOME)
    return agent


def limit(trial: Trial, agent: Signer, *limits: Within | Quota) -> None:
    within = tuple(each for each in limits if isinstance(each, Within))
    quotas = tuple(each for each in limits if isinstance(each, Quota))
    trial.act(LimitKey(agent.key_id.hex(), within, quotas), by=HOME)


@pytest.fixture
def trial() -> Trial:
    return Trial(PLAYERS)


# Properties


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


# Prefixes


def test_a_key_reaches_one_site_only(trial: Trial) -> None:
    agent = hire(trial)
    limit(trial, agent, Within(CAPTURE, "events.read_point", (SITE,)))
    here, there = event(1, read_point=SITE), event(2, read_point="https://id.gs1.org/414/9501101530010")
    nowhere = event(3, read_point="")
    for events in ((there,), (here, there), (nowhere,)):
        action = CaptureEvents(events)
        trial.refuses(action, by=HOME, users=[agent], code="identity.key_within", field="events.read_point")
    trial.act(CaptureEvents((here,)), by=HOME, users=[agent])


def test_an_empty_prefix_lets_a_field_be_empty_and_nothing_else(trial: Trial) -> None:
    agent = hire(trial)
    limit(trial, agent, Within(CAPTURE, "events.read_point", ("", SITE)))
    trial.act(CaptureEvents((event(1, read_point=""), event(2, read_point=SITE))), by=HOME, users=[agent])
    elsewhere = CaptureEvents((event(3, read_point="https://example.com/a"),))
    trial.refuses(elsewhere, by=HOME, users=[agent], code="identity.key_within")


def test_every_item_of_a_list_is_within(trial: Trial) -> None:
    agent = hire(trial)
    limit(trial, agent, Within(ISSUE, "audience", (OTHER,)))
    trial.act(issue("1"), by=HOME, users=[agent])
    trial.act(issue("2", audience=(OTHER,)), by=HOME, users=[agent])
    mixed = issue("3", audience=(OTHER, "harbor-bank"))
    trial.refuses(mixed, by=HOME, users=[agent], code="identity.key_within", field="audience")


@pytest.mark.parametrize("field", ["nothing", "number.nothing", "size", "", "apply", "__doc__"])
def test_what_an_action_has_no_text_at_is_never_within(trial: Trial, field: str) -> None:
    agent = hire(trial)
    limit(trial, agent, Within(ISSUE, field, ("1",)))
    trial.refuses(issue("1"), by=HOME, users=[agent], code="identity.key_within", field=field)


# Quotas


def test_a_bundle_counts_once_and_its_sum_as_a_whole(trial: Trial) -> None:
    agent = hire(trial)
    limit(trial, agent, Quota("", "", 2, 0), Quota(ISSUE, "size", 10, 0))
    over = (issue("1", 6), issue("2", 5))
    trial.refuses(*over, by=HOME, users=[agent], code="identity.key_quota", field="size")
    trial.act(issue("1", 6), issue("2", 4), by=HOME, users=[agent])
    trial.refuses(issue("3", 1), by=HOME, users=[agent], code="identity.key_quota", field="size")
    trial.act(issue("3", 0), by=HOME, users=[agent])
    trial.refuses(issue("4", 0), by=HOME, users=[agent], code="identity.key_quota", field="keys")


def test_a_refusal_names_what_is_left_and_when_there_is_more(trial: Trial) -> None:
    agent = hire(trial)
    limit(trial, agent, Quota(ISSUE, "size", 10, MINUTE))
    trial.act(issue("1", 7), by=HOME, users=[agent])
    until = trial.now + MINUTE
    with pytest.raises(Refusal) as refused:
        trial.act(issue("2", 4), by=HOME, users=[agent])
    assert refused.value.expected == f"at most 3 more until {until}"
    trial.advance(MINUTE)
    trial.act(issue("2", 10), by=HOME, users=[agent])


def test_a_quota_of_one_action_leaves_the_others_alone(trial: Trial) -> None:
    agent = hire(trial)
    limit(trial, agent, Quota(ISSUE, "", 1, 0))
    trial.act(issue("1"), by=HOME, users=[agent])
    trial.act(RevokeDocument(f"{HOME}:1", next(iter(RevocationReason))), by=HOME, users=[agent])
    trial.refuses(issue("2"), by=HOME, users=[agent], code="identity.key_quota")


@pytest.mark.parametrize("field", ["number", "nothing"])
def test_what_is_no_number_passes_every_quota(trial: Trial, field: str) -> None:
    agent = hire(trial)
    limit(trial, agent, Quota(ISSUE, field, 2**63 - 1, 0))
    trial.refuses(issue("1"), by=HOME, users=[agent], code="identity.key_quota", field=field)


def test_a_negative_amount_gives_nothing_back(trial: Trial) -> None:
    agent = hire(trial)
    limit(trial, agent, Quota(CAPTURE, "events.quantities.exponent", 5, 0))
    assert values_of(CaptureEvents((event(1),)), "events.quantities.exponent") == []
    refund = event(1, quantities=(Quantity(LOT, 1, -6, "KGM"),))
    trial.refuses(CaptureEvents((refund,)), by=HOME, users=[agent], code="identity.key_quota")


# Setting them


def test_a_new_key_has_the_limits_of_the_old_one_and_what_is_left(trial: Trial) -> None:
    agent, fresh = hire(trial), trial.cast.signer(HOME, "fresh")
    limit(trial, agent, Quota("", "", 2, 0))
    trial.act(issue("1"), by=HOME, users=[agent])
    trial.act(RotateKey(agent.key_id.hex(), new_key(fresh, agent.user)), by=HOME)
    assert trial.get(Limits, fresh.key_id.hex()).quotas == (Quota("", "", 2, 0),)
    trial.act(issue("2"), by=HOME, users=[fresh])
    trial.refuses(issue("3"), by=HOME, users=[fresh], code="identity.key_quota")


def test_only_a_key_with_a_quota_pays_for_one(trial: Trial) -> None:
    free, bound, counted = hire(trial, "free"), hire(trial, "bound"), hire(trial, "counted")
    limit(trial, bound, Within(ISSUE, "number", ("2",)))
    limit(trial, counted, Quota("", "", 9, 0))
    writes = [len(trial.act(issue(f"2{at}"), by=HOME, users=[user]).writes) for at, user in enumerate((free, bound))]
    assert writes[0] == writes[1]
    assert len(trial.act(issue("29"), by=HOME, users=[counted]).writes) == writes[0] + 1


def test_what_a_key_is_limited_to_and_has_used_is_for_its_organisation_alone(trial: Trial) -> None:
    """Else everyone would see by how much each transaction adds to a sum."""
    agent = hire(trial)
    limit(trial, agent, Quota(ISSUE, "size", 10, 0))
    readers = Readers(trial.registry.authority, trial.find, trial.now)
    for of in (Limits, Use):
        record = trial.get(of, agent.key_id.hex())
        may = [readers.may_read(record_type(of), record, each) for each in (Reader(HOME), Reader(OTHER), ANONYMOUS)]
        assert may == [True, False, False]


def test_a_quota_hides_no_receipt_from_who_reads_what_was_done(trial: Trial) -> None:
    agent = hire(trial)
    limit(trial, agent, Quota(ISSUE, "size", 10, 0))
    receipt = trial.act(issue("1", audience=(OTHER,)), by=HOME, users=[agent])
    assert any(path.startswith(COUNTED) for path, _ in receipt.writes)
    readers = Readers(trial.registry.authority, trial.find, trial.now)
    for known in (True, False):
        may = readers.may_read_receipt(
            receipt, Reader(OTHER), lambda path, _, known=known: known and not path.startswith(COUNTED)
        )
        assert may == known


@pytest.mark.parametrize(
    ("within", "quotas", "code", "field"),
    [
        ((), (Quota("", "", 1, 0),) * 21, "identity.too_many_limits", "quotas"),
        ((Within(ISSUE, "number", ("a",)),) * 21, (), "identity.too_many_limits", "within"),
        ((Within(ISSUE, "number", ()),), (), "identity.limit_prefixes", "within.prefixes"),
        ((Within(ISSUE, "number", ("a",) * 21),), (), "identity.limit_prefixes", "within.prefixes"),
        ((Within("farm.DisposeLot", "lot", ("a",)),), (), "identity.limit_out_of_scope", "within.action"),
        ((), (Quota("farm.DisposeLot", "", 1, 0),), "identity.limit_out_of_scope", "quotas.action"),
        ((), (Quota("", "size", 1, 0),), "identity.limit_field", "quotas.field"),
    ],
)
def test_limits_are_well_formed(
    trial: Trial, within: tuple[Within, ...], quotas: tuple[Quota, ...], code: str, field: str
) -> None:
    agent = hire(trial)
    trial.refuses(LimitKey(agent.key_id.hex(), within, quotas), by=HOME, code=code, field=field)


def test_an_organisation_limits_its_own_devices_and_agents_only(trial: Trial) -> None:
    agent, person = hire(trial), trial.cast.signer(HOME)
    own = LimitKey(person.key_id.hex(), (), ())
    trial.refuses(own, by=HOME, code="identity.limits_of_people", field="key")
    theirs = LimitKey(agent.key_id.hex(), (), ())
    trial.refuses(theirs, by=OTHER, code="identity.not_your_user", field="key")
    trial.refuses(theirs, by=HOME, users=[agent], code="identity.not_signed")
