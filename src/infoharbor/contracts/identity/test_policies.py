"""The rules of policies: who must sign what for an organisation."""

import pytest

from infoharbor.contracts.governance.records import Proposal
from infoharbor.contracts.identity.conftest import HOME, OTHER, PROPOSE, SEAL, add_person
from infoharbor.contracts.identity.organisations import SetSeat
from infoharbor.contracts.identity.policies import SetPolicy
from infoharbor.contracts.identity.records import CHECKER, MAKER, PolicyRule, User, UserKind, UserStatus, are_met
from infoharbor.contracts.identity.users import DisableUser
from infoharbor.engine.trial import Trial
from infoharbor.kernel.refusal import Refusal


def test_needs_are_met_by_different_users() -> None:
    def user(name: str, *roles: str) -> User:
        return User(name, HOME, UserKind.PERSON, UserStatus.ACTIVE, roles)

    both, maker = user("both", MAKER, CHECKER), user("maker", MAKER)
    assert not are_met((MAKER, CHECKER), [both])
    assert not are_met((MAKER, CHECKER), [maker, user("another", MAKER)])
    assert are_met((MAKER, CHECKER), [both, maker])
    assert are_met(("", ""), [both, maker])
    assert not are_met(("", ""), [maker])


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
