"""What may be done with organisations, all of it by vote: admit, suspend, reinstate and expel them, and give seats."""

from infoharbor.contractkit import Action, Ledger, ensure
from infoharbor.contractkit.identifiers import is_country, is_lei, is_slug, is_uscc
from infoharbor.contractkit.types import Code, CountryCode, OrganisationId, ShortText, UserId
from infoharbor.contracts.identity.countries import ensure_seats_shared
from infoharbor.contracts.identity.keys import add_key
from infoharbor.contracts.identity.records import (
    ADMINISTRATOR,
    NewKey,
    Organisation,
    OrganisationStatus,
    Registration,
    User,
    UserKind,
    UserStatus,
    has_seat,
)
from infoharbor.contracts.identity.rules import VOTED
from infoharbor.contracts.identity.users import add_user


class AdmitOrganisation(Action):
    """Take an organisation onto the ledger, with its first administrator and a key. Voted by the members."""

    id: OrganisationId
    name: ShortText
    name_en: ShortText
    country: CountryCode
    registration: Registration
    number: Code
    seat: bool
    administrator: UserId
    key: NewKey

    def apply(self, ledger: Ledger) -> None:
        ensure(
            is_slug(self.id),
            "organisation_id",
            field="id",
            expected="lower-case letters, digits and inner hyphens",
        )
        ensure(is_country(self.country), "country", field="country", expected="two capital letters, ISO 3166-1")
        ensure(ledger.find(Organisation, self.id) is None, "organisation_known", field="id")
        valid = {Registration.USCC: is_uscc, Registration.LEI: is_lei}.get(self.registration, bool)
        right = f"a {self.registration} number with right check digits"
        ensure(valid(self.number), "registration_number", field="number", expected=right)
        for member in ledger.scan(Organisation):
            same = (member.registration, member.number) == (self.registration, self.number)
            taken = same and member.status != OrganisationStatus.EXPELLED
            ensure(not taken, "number_taken", field="number", expected="a number that no other member has")
        admitted = Organisation(
            self.id, self.name, self.name_en, self.country, self.registration, self.number,
            OrganisationStatus.ACTIVE, self.seat, (), b"",
        )  # fmt: skip
        ledger.put(admitted)
        ensure_seats_shared(ledger, admitted, "seat")
        add_user(ledger, User(self.administrator, self.id, UserKind.PERSON, UserStatus.ACTIVE, (ADMINISTRATOR,)))
        add_key(ledger, self.administrator, self.id, UserKind.PERSON, self.key, ())


class SuspendOrganisation(Action):
    """Stop an organisation from acting; its records stay. Voted by the members."""

    organisation: OrganisationId

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Organisation, self.organisation, OrganisationStatus.SUSPENDED)


class ReinstateOrganisation(Action):
    """Let a suspended organisation act again. Voted by the members."""

    organisation: OrganisationId

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Organisation, self.organisation, OrganisationStatus.ACTIVE)
        ensure_seats_shared(ledger, ledger.get(Organisation, self.organisation), "organisation")


class ExpelOrganisation(Action):
    """End an organisation's membership for good; its records and their proofs stay. Voted by the members."""

    organisation: OrganisationId

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Organisation, self.organisation, OrganisationStatus.EXPELLED)


class SetSeat(Action):
    """Give an organisation a seat, with which it votes, or take it away. Voted by the members."""

    organisation: OrganisationId
    seat: bool

    def apply(self, ledger: Ledger) -> None:
        ensure(ledger.actor in VOTED, "not_voted", field="by", expected="an adopted proposal")
        organisation = ledger.get(Organisation, self.organisation, field="organisation").replace(seat=self.seat)
        ledger.put(organisation)
        remain = any(has_seat(member) for member in ledger.scan(Organisation))
        ensure(remain, "last_seat", field="seat", expected="another organisation with a seat")
        ensure_seats_shared(ledger, organisation, "seat")
