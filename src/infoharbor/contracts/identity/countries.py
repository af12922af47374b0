"""That no country can stop what the members decide, or the network, alone: where they have voted so."""

from collections.abc import Iterable

from infoharbor.contractkit import Ledger, Parameter, ensure
from infoharbor.contracts.identity.records import Organisation, has_seat

COUNTRY_CAP = Parameter("identity.country_cap", 0, "1: capped, 0: not", 0, 1)
"""Not from the start: with organisations of fewer than four countries, one of them always holds more than a third."""


def blocking(of: int) -> int:
    """With how many of so many who vote nothing goes without them: more than a third."""
    return (of - 1) // 3 + 1


def ensure_shared(ledger: Ledger, voters: Iterable[Organisation], country: str, field: str) -> None:
    """Refuse that, with who has just come, the country's voters could stop the others. One of each country may always
    vote."""
    if ledger.parameter(COUNTRY_CAP):
        countries = [each.country for each in voters]
        most = max(1, blocking(len(countries)) - 1)
        ensure(
            countries.count(country) <= most,
            "identity.country_cap",
            field=field,
            expected=f"at most {most} of {len(countries)} from {country}",
        )


def ensure_seats_shared(ledger: Ledger, newcomer: Organisation, field: str) -> None:
    """The same of those who have a seat, if the newcomer has one."""
    if has_seat(newcomer):
        ensure_shared(ledger, filter(has_seat, ledger.scan(Organisation)), newcomer.country, field)
