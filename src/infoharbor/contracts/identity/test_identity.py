"""The rules of identity: admissions, users, keys over their whole life, policies, accreditations."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from infoharbor.contracts.governance.actions import Propose
from infoharbor.contracts.governance.records import Proposal
from infoharbor.contracts.identity.actions import (
    AddKey,
    AddUser,
    AdmitOrganisation,
    DisableUser,
    EnableUser,
    ExpelOrganisation,
    GrantRole,
    ReinstateOrganisation,
    RevokeKey,
    RotateKey,
    SetPolicy,
    SetSealingKey,
    SetSeat,
    SetUserRoles,
    SuspendOrganisation,
    WithdrawRole,
)
from infoharbor.contracts.identity.demo import (
    BANK,
    CERTIFIER_CN,
    CERTIFIER_VN,
    EXPORTER,
    IMPORTER,
    PLAYERS,
    admission,
    new_key,
    story,
)
from infoharbor.contracts.identity.records import (
    CHECKER,
    MAKER,
    Accreditation,
    Key,
    KeyStatus,
    NewKey,
    Organisation,
    OrganisationStatus,
    PolicyRule,
    User,
    UserKind,
    UserStatus,
    are_met,
)
from infoharbor.edgekit.cast import Player, Signer
from infoharbor.engine.trial import Trial
from infoharbor.kernel.refusal import Refusal

HOME, OTHER = EXPORTER.id, IMPORTER.id
HOUR = 60 * 60 * 1000
SEAL = SetSealingKey(bytes(32))
"""Something that only an administrator may do, at no cost."""
PROPOSE = Propose.to(SetSeat(HOME, True), id="proposal", reason="")
"""Something that a policy of `governance.*` decides on."""


def add_person(trial: Trial, name: str, *roles: str, organisation: str = HOME, until: int = 0) -> Signer:
    signer = trial.cast.signer(organisation, name)
    trial.act(AddUser(signer.user, UserKind.PERSON, roles, new_key(signer, until=until), ()), by=organisation)
    return signer


@pytest.fixture
def trial() -> Trial:
    return Trial(PLAYERS)


# Properties


class Keyring(RuleBasedStateMachine):
    """Random users and keys of one organisation, against a model of who may sign."""

    @initialize()
    def found(self) -> None:
        self.trial = Trial((EXPORTER,))
        self.made = 0
        self.keys: dict[str, dict[str, Any]] = {}
        self.disabled: set[str] = set()
        self.administrators = {self.trial.cast.signer(HOME).user}
        self._keep(self.trial.cast.signer(HOME), self.trial.cast.signer(HOME).user, 0)

    def _keep(self, signer: Signer, user: str, until: int) -> None:
        self.keys[signer.key_id.hex()] = {"signer": signer, "user": user, "until": until, "revoked": False}

    def _fresh(self) -> Signer:
        self.made += 1
        return self.trial.cast.signer(HOME, f"user-{self.made}")

    def _pick(self, data: st.DataObject) -> dict[str, Any]:
        return self.keys[data.draw(st.sampled_from(sorted(self.keys)))]

    def _alive(self, key: dict[str, Any]) -> bool:
        """Whether the key will sign in the next block, which comes a millisecond later."""
        in_time = key["until"] == 0 or self.trial.now + 1 < key["until"]
        return in_time and not key["revoked"] and key["user"] not in self.disabled

    def _administers(self, key: dict[str, Any]) -> bool:
        return self._alive(key) and key["user"] in self.administrators

    def _try(self, action: Any, key: dict[str, Any]) -> bool:
        try:
            self.trial.act(action, by=HOME, users=[key["signer"]])
        except Refusal:
            return False
        return True

    @rule(data=st.data(), administrator=st.booleans(), hours=st.integers(0, 3))
    def add_user(self, data: st.DataObject, administrator: bool, hours: int) -> None:
        key, signer = self._pick(data), self._fresh()
        until = self.trial.now + hours * HOUR if hours else 0
        roles = ("administrator",) if administrator else ()
        add = AddUser(signer.user, UserKind.PERSON, roles, new_key(signer, until=until), ())
        expected = self._administers(key)
        assert self._try(add, key) == expected
        if expected:
            self._keep(signer, signer.user, until)
            self.administrators |= {signer.user} if administrator else set()

    @rule(data=st.data())
    def rotate(self, data: st.DataObject) -> None:
        key, old, signer = self._pick(data), self._pick(data), self._fresh()
        itself = key is old and not key["revoked"] and key["user"] not in self.disabled
        own = key["user"] == old["user"] or key["user"] in self.administrators
        expected = itself or (self._alive(key) and own and not old["revoked"])
        assert self._try(RotateKey(old["signer"].key_id.hex(), new_key(signer, old["user"])), key) == expected
        if expected:
            old["revoked"] = True
            self._keep(signer, old["user"], 0)

    @rule(data=st.data())
    def revoke(self, data: st.DataObject) -> None:
        key, old = self._pick(data), self._pick(data)
        expected = self._administers(key) and key is not old and not old["revoked"]
        assert self._try(RevokeKey(old["signer"].key_id.hex()), key) == expected
        old["revoked"] = old["revoked"] or expected

    @rule(data=st.data(), enable=st.booleans())
    def switch_user(self, data: st.DataObject, enable: bool) -> None:
        key, user = self._pick(data), self._pick(data)["user"]
        expected = self._administers(key) and user != key["user"] and (user in self.disabled) == enable
        assert self._try((EnableUser if enable else DisableUser)(user), key) == expected
        if expected:
            self.disabled ^= {user}

    @rule(hours=st.integers(1, 2))
    def wait(self, hours: int) -> None:
        self.trial.advance(hours * HOUR)

    @invariant()
    def holds(self) -> None:
        self.trial.audit()
        for identifier, key in self.keys.items():
            assert (self.trial.get(Key, identifier).status == KeyStatus.REVOKED) == key["revoked"]


Keyring.TestCase.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)
test_only_keys_in_force_sign_whatever_happened_before = Keyring.TestCase


def test_needs_are_met_by_different_users() -> None:
    def user(name: str, *roles: str) -> User:
        return User(name, HOME, UserKind.PERSON, UserStatus.ACTIVE, roles)

    both, maker = user("both", MAKER, CHECKER), user("maker", MAKER)
    assert not are_met((MAKER, CHECKER), [both])
    assert not are_met((MAKER, CHECKER), [maker, user("another", MAKER)])
    assert are_met((MAKER, CHECKER), [both, maker])
    assert are_met(("", ""), [both, maker])
    assert not are_met(("", ""), [maker])


# Admission


def test_the_story_is_told_as_it_stands() -> None:
    trial = Trial().tell(story)
    trial.audit()
    assert {player.id for player in PLAYERS} <= {member.id for member in trial.all(Organisation)}
    manager = trial.cast.signer(HOME, "manager")
    assert trial.get(Key, manager.key_id.hex()).status == KeyStatus.REVOKED
    assert trial.get(Accreditation, BANK.id, "money-issuer", "VN").granted_by == "contract:governance"


def test_nobody_admits_alone() -> None:
    trial = Trial((EXPORTER,))
    trial.refuses(admission(BANK, trial.cast.signer(BANK.id)), by=HOME, code="ledger.not_entitled", field="by")


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"id": "Harbor:Bank"}, "identity.organisation_id", "id"),
        ({"id": HOME}, "identity.organisation_known", "id"),
        ({"country": "cn"}, "identity.country", "country"),
        ({"number": "DEMO00HARBORBANK0185"}, "identity.registration_number", "number"),
        ({"registration": "uscc", "number": EXPORTER.number}, "identity.number_taken", "number"),
    ],
)
def test_admission_checks_who_comes(trial: Trial, changes: dict[str, str], code: str, field: str) -> None:
    player = Player("new-bank", "新银行", "New Bank", "CN", "lei", "DEMO00HARBORBANK0184")._replace(**changes)
    if "number" not in changes:
        player = player._replace(registration="registry", number="DEMO-0100")
    with pytest.raises(Refusal) as refused:
        trial.decide(admission(player, trial.cast.signer(player.id, "first")))
    assert (refused.value.code, refused.value.field) == (code, field)


def test_admission_wants_a_fresh_user_id(trial: Trial) -> None:
    player = Player("new-bank", "新银行", "New Bank", "CN", "registry", "DEMO-0100")
    known = trial.cast.signer(HOME)
    for user, code in ((known.user, "identity.user_known"), ("With Space", "identity.user_id")):
        decision = admission(player, known)
        fields = {name: getattr(decision, name) for name in decision.__struct_fields__} | {"administrator": user}
        with pytest.raises(Refusal) as refused:
            trial.decide(AdmitOrganisation(**fields))
        assert refused.value.code == code


def test_an_expelled_members_number_may_come_back_under_a_new_id(trial: Trial) -> None:
    trial.decide(ExpelOrganisation(HOME))
    again = EXPORTER._replace(id="nanning-exporter-2")
    trial.decide(admission(again, trial.cast.signer(again.id)))
    assert trial.get(Organisation, again.id).status == OrganisationStatus.ACTIVE


def test_a_suspended_organisation_cannot_act_until_it_is_reinstated(trial: Trial) -> None:
    trial.decide(SuspendOrganisation(HOME))
    trial.refuses(SEAL, by=HOME, code="identity.organisation_not_active", field="by")
    trial.decide(ReinstateOrganisation(HOME))
    trial.act(SEAL, by=HOME)
    trial.decide(ExpelOrganisation(HOME))
    with pytest.raises(Refusal) as refused:
        trial.decide(ReinstateOrganisation(HOME))
    assert refused.value.code == "ledger.move_undeclared"


def test_only_a_vote_suspends_expels_or_seats(trial: Trial) -> None:
    for action in (SuspendOrganisation(OTHER), ExpelOrganisation(OTHER)):
        trial.refuses(action, by=HOME, code="ledger.not_entitled")
    trial.refuses(SetSeat(HOME, True), by=HOME, code="identity.not_voted")


def test_somebody_keeps_a_seat(trial: Trial) -> None:
    with pytest.raises(Refusal) as refused:
        trial.decide(SetSeat("harbor", False))
    assert refused.value.code == "identity.last_seat"


# Users


def test_an_organisation_reaches_its_own_users_only(trial: Trial) -> None:
    theirs = trial.cast.signer(OTHER)
    for action in (DisableUser(theirs.user), EnableUser(theirs.user), SetUserRoles(theirs.user, ())):
        trial.refuses(action, by=HOME, code="identity.not_your_user", field="user")
    fresh = trial.cast.signer(HOME, "fresh")
    trial.refuses(AddKey(theirs.user, new_key(fresh, theirs.user), ()), by=HOME, code="identity.not_your_user")
    trial.refuses(RevokeKey(theirs.key_id.hex()), by=HOME, code="ledger.not_entitled")
    rotation = RotateKey(theirs.key_id.hex(), new_key(fresh, theirs.user))
    trial.refuses(rotation, by=HOME, code="ledger.not_entitled")


def test_no_organisation_administers_together_with_another(trial: Trial) -> None:
    theirs, fresh = trial.cast.signer(OTHER), trial.cast.signer(HOME, "fresh")
    for action in (
        RotateKey(theirs.key_id.hex(), new_key(fresh, theirs.user)),
        RevokeKey(theirs.key_id.hex()),
        DisableUser(theirs.user),
        SEAL,
        SetPolicy(()),
    ):
        trial.refuses(action, by=(HOME, OTHER), code="identity.one_organisation", field="by")


def test_an_administrator_cannot_stop_being_one(trial: Trial) -> None:
    own = trial.cast.signer(HOME)
    trial.refuses(DisableUser(own.user), by=HOME, code="identity.not_yourself")
    trial.refuses(SetUserRoles(own.user, ()), by=HOME, code="identity.not_yourself")
    trial.refuses(RevokeKey(own.key_id.hex()), by=HOME, code="identity.own_key", field="key")


def test_a_disabled_user_signs_nothing_until_enabled(trial: Trial) -> None:
    second = add_person(trial, "second", "administrator")
    trial.act(DisableUser(second.user), by=HOME)
    trial.refuses(SEAL, by=HOME, users=[second], code="identity.user_disabled", field="keys")
    trial.act(EnableUser(second.user), by=HOME)
    trial.act(SEAL, by=HOME, users=[second])
    trial.act(SetUserRoles(second.user, ()), by=HOME)
    trial.refuses(SEAL, by=HOME, users=[second], code="identity.policy")


def test_roles_are_few_and_for_people(trial: Trial) -> None:
    signer = trial.cast.signer(HOME, "device")
    many = tuple(f"role-{number}" for number in range(21))
    add = AddUser(signer.user, UserKind.PERSON, many, new_key(signer), ())
    trial.refuses(add, by=HOME, code="identity.too_many_roles", field="roles")
    add = AddUser(signer.user, UserKind.DEVICE, (MAKER,), new_key(signer), ("trace.CaptureEvents",))
    trial.refuses(add, by=HOME, code="identity.roles_of_people", field="roles")


# Keys


def test_a_key_shows_that_who_registers_it_holds_it(trial: Trial) -> None:
    signer, stranger = trial.cast.signer(HOME, "new"), trial.cast.signer(OTHER, "stranger")
    for key in (new_key(signer, "someone-else"), new_key(stranger)):
        add = AddUser(signer.user, UserKind.PERSON, (), key, ())
        trial.refuses(add, by=HOME, code="identity.possession", field="key.proof")


def test_one_public_key_serves_one_user_for_ever(trial: Trial) -> None:
    first = add_person(trial, "first")
    trial.act(RevokeKey(first.key_id.hex()), by=HOME)
    for organisation in (HOME, OTHER):
        user = trial.cast.signer(organisation).user
        add = AddKey(user, new_key(first, user), ())
        trial.refuses(add, by=organisation, code="identity.key_known", field="key.public_key")


def test_keys_of_different_suites_stand_side_by_side(trial: Trial) -> None:
    signer = trial.cast.signer(HOME, "sm2-user", suite="sm2")
    trial.act(AddUser(signer.user, UserKind.PERSON, ("administrator",), new_key(signer), ()), by=HOME)
    trial.act(SEAL, by=HOME, users=[signer])
    unknown = new_key(signer)
    fields = {name: getattr(unknown, name) for name in unknown.__struct_fields__} | {"suite": "none"}
    add = AddKey(signer.user, NewKey(**fields), ())
    trial.refuses(add, by=HOME, code="identity.possession", field="key.proof")


def test_a_key_is_judged_at_block_time(trial: Trial) -> None:
    signer = trial.cast.signer(HOME, "timed")
    key = new_key(signer, valid_from=trial.now + HOUR, until=trial.now + 2 * HOUR)
    trial.act(AddUser(signer.user, UserKind.PERSON, ("administrator",), key, ()), by=HOME)
    trial.refuses(SEAL, by=HOME, users=[signer], code="identity.key_early")
    trial.advance(HOUR)
    trial.act(SEAL, by=HOME, users=[signer])
    trial.advance(HOUR)
    trial.refuses(SEAL, by=HOME, users=[signer], code="identity.key_expired")


def test_an_expired_key_only_rotates_itself(trial: Trial) -> None:
    signer = add_person(trial, "timed", "administrator", until=trial.now + HOUR)
    second, fresh = trial.cast.signer(HOME, "second"), trial.cast.signer(HOME, "fresh")
    trial.act(AddKey(signer.user, new_key(second, signer.user), ()), by=HOME)
    trial.advance(HOUR)
    for old, user in ((second, signer.user), (trial.cast.signer(HOME), trial.cast.signer(HOME).user)):
        rotation = RotateKey(old.key_id.hex(), new_key(fresh, user))
        trial.refuses(rotation, by=HOME, users=[signer], code="identity.key_expired", field="old")
    trial.act(RotateKey(signer.key_id.hex(), new_key(fresh, signer.user)), by=HOME, users=[signer])
    trial.act(SEAL, by=HOME, users=[fresh])
    trial.refuses(SEAL, by=HOME, users=[signer], code="identity.key_revoked")


def test_a_key_that_a_bundle_revokes_signs_nothing_later_in_it(trial: Trial) -> None:
    own, fresh = trial.cast.signer(HOME), trial.cast.signer(HOME, "fresh")
    rotation = RotateKey(own.key_id.hex(), new_key(fresh, own.user))
    trial.refuses(rotation, SEAL, by=HOME, code="identity.key_revoked")
    trial.act(rotation, by=HOME)


def test_users_replace_their_own_keys_only(trial: Trial) -> None:
    clerk, fresh = add_person(trial, "clerk"), trial.cast.signer(HOME, "fresh")
    administrator = trial.cast.signer(HOME)
    rotation = RotateKey(administrator.key_id.hex(), new_key(fresh, administrator.user))
    trial.refuses(rotation, by=HOME, users=[clerk], code="identity.not_your_key", field="old")
    trial.act(RotateKey(clerk.key_id.hex(), new_key(fresh, clerk.user)), by=HOME, users=[clerk])


def test_a_key_ends_after_it_begins_and_in_the_future(trial: Trial) -> None:
    signer = trial.cast.signer(HOME, "new")
    for key in (
        new_key(signer, until=trial.now),
        new_key(signer, valid_from=HOUR**2, until=trial.now + HOUR),
    ):
        add = AddUser(signer.user, UserKind.PERSON, (), key, ())
        trial.refuses(add, by=HOME, code="identity.period", field="key.until")


def test_an_unknown_key_signs_nothing(trial: Trial) -> None:
    stranger = trial.cast.signer(HOME, "stranger")
    trial.refuses(SEAL, by=HOME, users=[stranger], code="identity.key_unknown")


def test_a_sealing_key_has_32_bytes(trial: Trial) -> None:
    trial.refuses(SetSealingKey(bytes(31)), by=HOME, code="identity.sealing_key", field="sealing_key")


# Devices and agents


@pytest.mark.parametrize(
    ("kind", "scope", "code"),
    [
        (UserKind.PERSON, ("trace.CaptureEvents",), "identity.scope"),
        (UserKind.AGENT, (), "identity.scope"),
        (UserKind.DEVICE, ("trace.A",) * 21, "identity.scope"),
        (UserKind.AGENT, ("identity.RotateKey",), "identity.scope_closed"),
        (UserKind.AGENT, ("governance.CastVote",), "identity.scope_closed"),
        (UserKind.DEVICE, ("asset.Transfer",), "identity.scope_closed"),
        (UserKind.AGENT, ("trace.*",), "identity.scope_closed"),
        (UserKind.AGENT, ("*",), "identity.scope_closed"),
    ],
)
def test_a_scope_is_closed_to_what_binds(trial: Trial, kind: UserKind, scope: tuple[str, ...], code: str) -> None:
    signer = trial.cast.signer(HOME, "agent")
    trial.refuses(AddUser(signer.user, kind, (), new_key(signer), scope), by=HOME, code=code, field="scope")


def test_an_agent_signs_nothing_outside_its_scope(trial: Trial) -> None:
    agent = trial.cast.signer(HOME, "agent")
    add = AddUser(agent.user, UserKind.AGENT, (), new_key(agent), ("trace.CaptureEvents",))
    trial.act(add, by=HOME)
    for action in (SEAL, PROPOSE, DisableUser(agent.user)):
        trial.refuses(action, by=HOME, users=[agent], code="identity.not_signed", field="by")


# Policies


def test_without_a_policy_an_administrator_administers_and_anyone_else_does_not(trial: Trial) -> None:
    clerk = add_person(trial, "clerk")
    for action in (SEAL, PROPOSE):
        trial.refuses(action, by=HOME, users=[clerk], code="identity.policy", field="keys")
    trial.act(SEAL, by=HOME)


def test_maker_and_checker_are_two_people(trial: Trial) -> None:
    maker, checker = add_person(trial, "maker", MAKER), add_person(trial, "checker", CHECKER)
    both = add_person(trial, "both", MAKER, CHECKER)
    trial.act(SetPolicy((PolicyRule("governance.*", (MAKER, CHECKER)),)), by=HOME)
    trial.decide(SetSeat(HOME, True))
    for users in ([maker], [checker], [both], [trial.cast.signer(HOME)]):
        trial.refuses(PROPOSE, by=HOME, users=users, code="identity.policy")
    trial.act(PROPOSE, by=HOME, users=[both, checker])
    assert trial.get(Proposal, "proposal").proposer == HOME


def test_the_first_rule_that_fits_holds(trial: Trial) -> None:
    clerk = add_person(trial, "clerk", "administrator")
    rules = (PolicyRule("identity.SetSealingKey", ("nobody-has-this",)), PolicyRule("*", ("",)))
    trial.act(SetPolicy(rules), by=HOME)
    trial.refuses(SEAL, by=HOME, users=[clerk], code="identity.policy")
    trial.act(SetPolicy(rules[1:]), by=HOME, users=[clerk])
    trial.act(SEAL, by=HOME, users=[clerk])


def test_no_policy_lets_others_than_administrators_administer(trial: Trial) -> None:
    clerk = add_person(trial, "clerk")
    trial.act(SetPolicy((PolicyRule("*", ("",)),)), by=HOME)
    administrator = trial.cast.signer(HOME)
    trial.refuses(DisableUser(administrator.user), by=HOME, users=[clerk], code="identity.policy")


def test_a_policy_must_let_its_signers_change_it_again(trial: Trial) -> None:
    locking = SetPolicy((PolicyRule("*", (MAKER, CHECKER)),))
    trial.refuses(locking, by=HOME, code="identity.policy_locks_out", field="rules")


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ((PolicyRule("*", ("",)),) * 51, "identity.too_many_rules"),
        ((PolicyRule("*", ()),), "identity.policy_needs"),
        ((PolicyRule("*", ("",) * 5),), "identity.policy_needs"),
    ],
)
def test_a_policy_is_bounded(trial: Trial, rules: tuple[PolicyRule, ...], code: str) -> None:
    trial.refuses(SetPolicy(rules), by=HOME, code=code, field="rules")


def test_another_organisations_signature_does_not_count(trial: Trial) -> None:
    trial.refuses(SEAL, by=HOME, users=[trial.cast.signer(OTHER)], code="identity.not_signed", field="by")
    with pytest.raises(Refusal) as refused:
        trial.act(SEAL, by="nobody-here", users=[trial.cast.signer(OTHER)])
    assert refused.value.code == "identity.organisation_unknown"


# Accreditations


def grant(role: str, country: str, *, organisation: str = OTHER, since: int = 0, until: int = 0) -> GrantRole:
    return GrantRole(organisation, role, country, since, until, "DEMO")


def test_an_accreditor_grants_its_role_in_its_country_only(trial: Trial) -> None:
    trial.refuses(grant("lab", "CN"), by=CERTIFIER_CN.id, code="ledger.role_missing", field="by")
    trial.decide(grant("accreditor:lab", "CN", organisation=CERTIFIER_CN.id))
    trial.act(grant("lab", "CN"), by=CERTIFIER_CN.id)
    trial.refuses(grant("lab", "VN"), by=CERTIFIER_CN.id, code="ledger.role_missing")
    trial.refuses(grant("court", "CN"), by=CERTIFIER_CN.id, code="ledger.role_missing")
    trial.refuses(grant("lab", "CN"), by=CERTIFIER_VN.id, code="ledger.role_missing")
    trial.refuses(grant("accreditor:lab", "CN"), by=CERTIFIER_CN.id, code="identity.not_voted")
    trial.act(WithdrawRole(OTHER, "lab", "CN", "DEMO-2"), by=CERTIFIER_CN.id)
    trial.act(grant("lab", "CN"), by=CERTIFIER_CN.id)
    assert trial.get(Accreditation, OTHER, "lab", "CN").granted_by == CERTIFIER_CN.id


def test_an_accreditation_counts_in_its_period_and_while_its_holder_is_active(trial: Trial) -> None:
    start = trial.now + HOUR
    trial.decide(grant("accreditor:lab", "CN", organisation=HOME, since=start, until=start + HOUR))
    trial.refuses(grant("lab", "CN"), by=HOME, code="ledger.role_missing")
    trial.advance(HOUR)
    receipt = trial.act(grant("lab", "CN"), by=HOME)
    assert receipt.relied == (f"identity/accreditations/{HOME}/accreditor:lab/CN",)
    find, holds = trial.find, trial.registry.authority.accreditation
    assert holds(find, HOME, "accreditor:lab", "CN", trial.now)
    trial.decide(SuspendOrganisation(HOME))
    assert not holds(find, HOME, "accreditor:lab", "CN", trial.now)
    trial.decide(ReinstateOrganisation(HOME))
    trial.advance(HOUR)
    trial.refuses(grant("lab", "CN"), by=HOME, code="ledger.role_missing")


@pytest.mark.parametrize(
    ("decision", "code"),
    [
        (grant("lab", "CN", since=2, until=1), "identity.period"),
        (grant("a/b", "CN"), "identity.role_name"),
        (grant("lab", "c/"), "identity.country"),
        (grant("lab", "CN", organisation="nobody"), "ledger.record_unknown"),
    ],
)
def test_a_grant_is_well_formed(trial: Trial, decision: GrantRole, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        trial.decide(decision)
    assert refused.value.code == code
