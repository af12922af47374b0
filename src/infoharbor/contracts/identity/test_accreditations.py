"""The rules of accreditations: who grants which role, where it counts, and for how long."""

import pytest

from infoharbor.contracts.identity.accreditations import GrantRole, WithdrawRole
from infoharbor.contracts.identity.conftest import HOME, HOUR, OTHER
from infoharbor.contracts.identity.demo import CERTIFIER_CN, CERTIFIER_VN
from infoharbor.contracts.identity.organisations import ReinstateOrganisation, SuspendOrganisation
from infoharbor.contracts.identity.records import Accreditation
from infoharbor.engine.trial import Trial
from infoharbor.kernel.refusal import Refusal


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
