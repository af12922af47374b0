"""What the register of movable collateral (中登网) says of a leaf, as a financier's clerk enters it: searches, registrations."""

from infoharbor.contractkit import CALENDAR, NEW, Action, Ledger, Move, Parameter, Record, Status, ensure, when_due
from infoharbor.contractkit.days import DAY_MS
from infoharbor.contractkit.types import Count, Hash, Identifier, Instant, Moment, OrganisationId, ShortText
from infoharbor.contracts.receivable.holding import ensure_future
from infoharbor.contracts.receivable.records import SUPERVISOR, Leaf

SEARCH_VALID = Parameter("receivable.search_valid_ms", 3 * DAY_MS, "ms", DAY_MS, 30 * DAY_MS)


class Search(Record, table="searches", key=("receivable", "leaf", "financier")):
    """A search in the register of movable collateral (中登网), as the financier's clerk confirms it: the number of its
    proof, whether it found the claim assigned already, and until when it is fresh."""

    receivable: Identifier
    leaf: Count
    financier: OrganisationId
    proof_number: ShortText
    clear: bool
    searched_at: Instant
    valid_until: Instant
    commitment: Hash

    readers = ("financier", SUPERVISOR.of("financier"))


class RegistrationStatus(Status):
    REGISTERED = "registered"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Registration(Record, table="registrations", key=("receivable", "leaf", "financier")):
    """The assignment as registered at 中登网, by its number there, until it expires, is changed or cancelled."""

    receivable: Identifier
    leaf: Count
    financier: OrganisationId
    number: ShortText
    until: Instant
    status: RegistrationStatus

    readers = ("financier", SUPERVISOR.of("financier"))
    moves = (
        Move(NEW, RegistrationStatus.REGISTERED, by="financier"),
        Move(RegistrationStatus.REGISTERED, RegistrationStatus.REGISTERED, by="financier"),
        Move(RegistrationStatus.REGISTERED, RegistrationStatus.CANCELLED, by="financier"),
        Move(RegistrationStatus.REGISTERED, RegistrationStatus.EXPIRED, by=CALENDAR),
        Move(RegistrationStatus.EXPIRED, RegistrationStatus.REGISTERED, by="financier"),
        Move(RegistrationStatus.CANCELLED, RegistrationStatus.REGISTERED, by="financier"),
    )


class RecordSearch(Action):
    """A financier's clerk confirms a search at 中登网 for a leaf, with the number of its proof."""

    receivable: Identifier
    leaf: Count
    proof_number: ShortText
    clear: bool
    commitment: Hash

    def apply(self, ledger: Ledger) -> None:
        ensure_interested(ledger, self.receivable, self.leaf)
        ensure(self.proof_number.strip(), "proof_number", field="proof_number", expected="the search's own number")
        ledger.put(
            Search(
                self.receivable, self.leaf, ledger.actor, self.proof_number, self.clear, ledger.now,
                ledger.now + ledger.parameter(SEARCH_VALID), self.commitment,
            )
        )  # fmt: skip


class RegisterAssignment(Action):
    """A financier's clerk enters the registration of an assignment at 中登网; again, when it is extended or changed."""

    receivable: Identifier
    leaf: Count
    number: ShortText
    until: Moment

    def apply(self, ledger: Ledger) -> None:
        ensure_interested(ledger, self.receivable, self.leaf)
        ensure(self.number.strip(), "proof_number", field="number", expected="the registration's own number")
        ensure_future(ledger, self.until)
        key = (self.receivable, self.leaf, ledger.actor)
        if ledger.find(Registration, *key) is None:
            ledger.create(Registration(*key, self.number, self.until, RegistrationStatus.REGISTERED))
        else:
            ledger.move(Registration, key, RegistrationStatus.REGISTERED, number=self.number, until=self.until)


class CancelRegistration(Action):
    """A financier's clerk enters that a registration at 中登网 was cancelled."""

    receivable: Identifier
    leaf: Count

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Registration, (self.receivable, self.leaf, ledger.actor), RegistrationStatus.CANCELLED)


@when_due(Registration, status=RegistrationStatus.REGISTERED, at="until")
def expire_registration(ledger: Ledger, registration: Registration) -> None:
    """A registration that was not extended expires."""
    key = (registration.receivable, registration.leaf, registration.financier)
    ledger.move(Registration, key, RegistrationStatus.EXPIRED)


def ensure_interested(ledger: Ledger, receivable: str, number: int) -> None:
    """Only who was asked, was chosen or holds the leaf searches and registers for it."""
    leaf = ledger.get(Leaf, receivable, number, field="leaf")
    ledger.ensure_actor(*leaf.asked, leaf.holder, *((leaf.party,) if leaf.party else ()))


def ensure_searched(ledger: Ledger, leaf: Leaf) -> None:
    """银发〔2025〕77号: who finances searches and registers first."""
    key = (leaf.receivable, leaf.number, leaf.party)
    search, registration = ledger.find(Search, *key), ledger.find(Registration, *key)
    fresh = search is not None and search.clear and search.valid_until > ledger.now
    ensure(fresh, "search_missing", field="leaf", expected="a clear search at 中登网, not older than it may be")
    registered = registration is not None and registration.status == RegistrationStatus.REGISTERED
    ensure(registered, "registration_missing", field="leaf", expected="a registration at 中登网 in force")
