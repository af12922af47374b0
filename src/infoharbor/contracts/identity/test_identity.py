"""The rules of who is on the ledger: organisations, how they come and go, and their users."""

import pytest

from infoharbor.contracts.identity.conftest import HOME, OTHER, SEAL, add_person
from infoharbor.contracts.identity.demo import BANK, EXPORTER, PLAYERS, admission, new_key, story
from infoharbor.contracts.identity.keys import AddKey, RevokeKey, RotateKey
from infoharbor.contracts.identity.organisations import (
    AdmitOrganisation,
    ExpelOrganisation,
    ReinstateOrganisation,
    SetSeat,
    SuspendOrganisation,
)
from infoharbor.contracts.identity.policies import SetPolicy
from infoharbor.contracts.identity.records import (
    MAKER,
    Accreditation,
    Key,
    KeyStatus,
    Organisation,
    OrganisationStatus,
    UserKind,
)
from infoharbor.contracts.identity.users import AddUser, DisableUser, EnableUser, SetUserRoles
from infoharbor.edgekit.cast import Player
from infoharbor.engine.trial import Trial
from infoharbor.kernel.refusal import Refusal

# Organisations


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
