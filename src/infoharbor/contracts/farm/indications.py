"""What a geographical indication is: its manager, licensees, seasons, the plots that count, and how much may carry it."""

from infoharbor.contractkit import NEW, PUBLIC, Action, Ledger, Move, Record, Status, ensure
from infoharbor.contractkit.types import (
    Amount,
    Code,
    Count,
    CountryCode,
    Identifier,
    Instant,
    Moment,
    OrganisationId,
    ShortText,
)
from infoharbor.contracts.farm.land import Plot, ProductClass
from infoharbor.contracts.farm.records import SUPERVISOR
from infoharbor.contracts.identity.records import Organisation

SQUARE_METRES_PER_HECTARE = 10_000
CLASSES_MAX = 50


class Indication(Record, table="indications", visible=PUBLIC):
    """A protected name. `manager` licenses its use; goods of `classes` may carry it. Stock from before the ledger may
    be declared until `opening_until`."""

    id: Code
    name: ShortText
    name_en: ShortText
    jurisdiction: CountryCode
    manager: OrganisationId
    classes: tuple[Code, ...]
    opening_until: Instant


class LicenceStatus(Status):
    GRANTED = "granted"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"


class Licence(Record, table="licences", key=("indication", "licensee"), visible=PUBLIC):
    """Leave to sell under an indication. `until` 0: no end."""

    indication: Code
    licensee: OrganisationId
    manager: OrganisationId
    number: ShortText
    valid_from: Instant
    until: Instant
    status: LicenceStatus

    moves = (
        Move(NEW, LicenceStatus.GRANTED, by="manager"),
        Move(LicenceStatus.GRANTED, LicenceStatus.SUSPENDED, by="manager"),
        Move(LicenceStatus.SUSPENDED, LicenceStatus.GRANTED, by="manager"),
        Move(LicenceStatus.GRANTED, LicenceStatus.WITHDRAWN, by="manager"),
        Move(LicenceStatus.SUSPENDED, LicenceStatus.WITHDRAWN, by="manager"),
    )

    def is_in_force(self, now: int) -> bool:
        in_period = self.valid_from <= now and (self.until == 0 or now < self.until)
        return in_period and self.status == LicenceStatus.GRANTED


class Season(Record, table="seasons", key=("indication", "code"), visible=PUBLIC):
    """A harvest season, and the grams that a hectare of it may bring under the indication. At `closes_at` the season's
    own quota closes: later claims draw on what was carried over. It never changes."""

    indication: Code
    code: Code
    starts_at: Instant
    ends_at: Instant
    closes_at: Instant
    grams_per_hectare: Amount


class Allotment(Record, table="allotments", key=("indication", "season", "plot"), visible=PUBLIC):
    """A plot inside the area counts in a season, for one licensee."""

    indication: Code
    season: Code
    plot: Identifier
    licensee: OrganisationId
    square_metres: Amount


class Quota(Record, table="quotas", key=("indication", "season", "licensee")):
    """What a licensee may claim of a season's harvest, and has claimed or carried over."""

    indication: Code
    season: Code
    licensee: OrganisationId
    manager: OrganisationId
    square_metres: Count
    claimed: Count
    carried: Count

    readers = ("licensee", "manager", SUPERVISOR.of("licensee"))

    def remaining(self, season: Season) -> int:
        """Grams; rounded down."""
        return allowance(self.square_metres, season) - self.claimed - self.carried


class Cellar(Record, table="cellars", key=("indication", "licensee")):
    """What a licensee may claim of older goods: stock declared at the start, and what was carried over from seasons."""

    indication: Code
    licensee: OrganisationId
    manager: OrganisationId
    opening: Count
    carried: Count
    claimed: Count

    readers = ("licensee", "manager", SUPERVISOR.of("licensee"))

    @property
    def remaining(self) -> int:
        return self.opening + self.carried - self.claimed


class RegisterIndication(Action):
    """The market supervisor of a country puts a protected name on the ledger, with who manages it."""

    id: Code
    name: ShortText
    name_en: ShortText
    jurisdiction: CountryCode
    manager: OrganisationId
    classes: tuple[Code, ...]
    opening_until: Instant

    def apply(self, ledger: Ledger) -> None:
        ledger.require(SUPERVISOR, jurisdiction=self.jurisdiction)
        ledger.get(Organisation, self.manager, field="manager")
        few = 1 <= len(self.classes) <= CLASSES_MAX
        ensure(few, "classes_count", field="classes", expected=f"1 to {CLASSES_MAX}")
        for code in self.classes:
            ledger.get(ProductClass, self.jurisdiction, code, field="classes")
        names = (self.id, self.name, self.name_en, self.jurisdiction, self.manager)
        ledger.create(Indication(*names, self.classes, self.opening_until))


class GrantLicence(Action):
    """The manager lets an organisation sell under the indication."""

    indication: Code
    licensee: OrganisationId
    number: ShortText
    valid_from: Instant
    until: Instant

    def apply(self, ledger: Ledger) -> None:
        indication = ledger.get(Indication, self.indication, field="indication")
        ledger.get(Organisation, self.licensee, field="licensee")
        ensure_period(self.valid_from, self.until)
        about = (indication.manager, self.number, self.valid_from, self.until)
        ledger.create(Licence(self.indication, self.licensee, *about, LicenceStatus.GRANTED))


class SetLicenceStatus(Action):
    """The manager suspends a licence, restores it, or withdraws it for good."""

    indication: Code
    licensee: OrganisationId
    status: LicenceStatus

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Licence, (self.indication, self.licensee), self.status)


class SetSeason(Action):
    """The manager announces a harvest season and its yield cap."""

    indication: Code
    code: Code
    starts_at: Moment
    ends_at: Moment
    closes_at: Moment
    grams_per_hectare: Amount

    def apply(self, ledger: Ledger) -> None:
        ensure_manager(ledger, self.indication)
        in_order = self.starts_at < self.ends_at <= self.closes_at
        ensure(in_order, "season_order", field="closes_at", expected="start, then end, then close")
        times = (self.starts_at, self.ends_at, self.closes_at)
        ledger.create(Season(self.indication, self.code, *times, self.grams_per_hectare))


class AllotPlot(Action):
    """The manager certifies that a plot lies inside the area, and counts it in a season for one licensee."""

    indication: Code
    season: Code
    plot: Identifier
    licensee: OrganisationId

    def apply(self, ledger: Ledger) -> None:
        indication = ensure_manager(ledger, self.indication)
        season = ledger.get(Season, self.indication, self.season, field="season")
        plot = ledger.get(Plot, self.plot, field="plot")
        same = plot.jurisdiction == indication.jurisdiction
        ensure(same, "plot_abroad", field="plot", expected=f"a plot in {indication.jurisdiction}")
        ledger.get(Licence, self.indication, self.licensee, field="licensee")
        ensure(ledger.now < season.closes_at, "season_closed", field="season", expected="a season that is still open")
        key = (self.indication, self.season)
        ledger.create(Allotment(*key, self.plot, self.licensee, plot.square_metres))
        quota = ledger.find(Quota, *key, self.licensee) or Quota(*key, self.licensee, indication.manager, 0, 0, 0)
        ledger.put(quota.replace(square_metres=quota.square_metres + plot.square_metres))


def allowance(square_metres: int, season: Season) -> int:
    """The grams that an area may bring in a season, rounded down."""
    return square_metres * season.grams_per_hectare // SQUARE_METRES_PER_HECTARE


def ensure_manager(ledger: Ledger, indication: str) -> Indication:
    found = ledger.get(Indication, indication, field="indication")
    ledger.ensure_actor(found.manager)
    return found


def ensure_period(valid_from: int, until: int) -> None:
    in_order = until == 0 or valid_from < until
    ensure(in_order, "period", field="until", expected="later than valid_from, or 0 for no end")
