"""The rules of keys over their whole life: which sign, and what devices and agents may sign."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from infoharbor.contracts.identity.conftest import HOME, HOUR, OTHER, PROPOSE, SEAL, add_person
from infoharbor.contracts.identity.demo import EXPORTER, new_key
from infoharbor.contracts.identity.keys import AddKey, RevokeKey, RotateKey
from infoharbor.contracts.identity.policies import SetSealingKey
from infoharbor.contracts.identity.records import Key, KeyStatus, NewKey, UserKind
from infoharbor.contracts.identity.users import AddUser, DisableUser, EnableUser
from infoharbor.edgekit.cast import Signer
from infoharbor.engine.trial import Trial
from infoharbor.kernel.refusal import Refusal

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
