"""What may be done with accreditations: grant an organisation a role in a jurisdiction, and withdraw it."""

from infoharbor.contractkit import Action, Ledger, Role, ensure
from infoharbor.contractkit.identifiers import is_country
from infoharbor.contractkit.types import Code, CountryCode, Instant, OrganisationId, ShortText
from infoharbor.contracts.identity.records import Accreditation, AccreditationStatus, Organisation
from infoharbor.contracts.identity.rules import VOTED

ACCREDITOR = "accreditor:"


class GrantRole(Action):
    """Accredit an organisation for a role in a jurisdiction, for a period: by an accreditor or by vote."""

    organisation: OrganisationId
    role: Code
    jurisdiction: CountryCode
    valid_from: Instant
    until: Instant
    reference: ShortText

    def apply(self, ledger: Ledger) -> None:
        ensure_may_accredit(ledger, self.role, self.jurisdiction)
        ledger.get(Organisation, self.organisation, field="organisation")
        in_order = self.until == 0 or self.until > self.valid_from
        ensure(in_order, "period", field="until", expected="after valid_from, or 0 for no end")
        ensure("/" not in self.role, "role_name", field="role", expected="no slash")
        known = is_country(self.jurisdiction)
        ensure(known, "country", field="jurisdiction", expected="two capital letters, ISO 3166-1")
        key = (self.organisation, self.role, self.jurisdiction)
        granted = AccreditationStatus.GRANTED
        before = ledger.find(Accreditation, *key)
        if before is not None and before.status == AccreditationStatus.WITHDRAWN:
            ledger.move(Accreditation, key, granted)
        period = (self.valid_from, self.until)
        ledger.put(Accreditation(*key, ledger.actor, *period, self.reference, granted))


class WithdrawRole(Action):
    """End an accreditation before its time. By an accreditor of that role there, or by vote."""

    organisation: OrganisationId
    role: Code
    jurisdiction: CountryCode
    reference: ShortText

    def apply(self, ledger: Ledger) -> None:
        ensure_may_accredit(ledger, self.role, self.jurisdiction)
        key = (self.organisation, self.role, self.jurisdiction)
        ledger.move(Accreditation, key, AccreditationStatus.WITHDRAWN, reference=self.reference)


def accreditor_of(role: str) -> Role:
    """The role whose holders may grant `role`; it is itself given by vote only."""
    return Role(ACCREDITOR + role)


def ensure_may_accredit(ledger: Ledger, role: str, jurisdiction: str) -> None:
    if ledger.actor not in VOTED:
        ensure(not role.startswith(ACCREDITOR), "not_voted", field="role", expected="an adopted proposal")
        ledger.require(accreditor_of(role), jurisdiction=jurisdiction)
