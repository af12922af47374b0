"""What members vote for each country: its working days, how long claims may run, what its law asks and allows."""

from infoharbor.contractkit import Ledger, Parameter, ensure
from infoharbor.contractkit.days import DAY_MS, day_at, is_weekend, iso_day, next_working_day, start_of
from infoharbor.contracts.governance.records import CodeEntry
from infoharbor.contracts.receivable.records import Receivable

TENOR_NORMAL = Parameter("receivable.tenor_normal_days", 184, "days", 1, 366)
"""银发〔2025〕77号: normally at most six months; a longer tenor gives its reason."""
TENOR_MOST = Parameter("receivable.tenor_most_days", 366, "days", 1, 366)
OVERDUE_AFTER = Parameter("receivable.overdue_after_ms", 0, "ms", 0, 30 * DAY_MS)
"""Counted from the end of the day on which payment is due."""
DEFAULT_AFTER = Parameter("receivable.default_after_ms", 30 * DAY_MS, "ms", DAY_MS, 366 * DAY_MS)

WORKING_DAYS = "working-days-"
"""The code table of a country, such as `working-days-CN`: an ISO day is `closed`, or a weekend day is `open`."""
PROFILES = "receivable-profile"
"""The code table of what jurisdictions ask and allow; a code such as `SG:tokens` is `yes` or `no`."""
TOKENS, SEARCH = "tokens", "search"
PROFILE_DEFAULTS = {"CN:search": "yes"}
"""Tokens settle nothing until voted (for China's mainland 银发〔2026〕42号); China asks for a search at 中登网 first."""


def is_closed(ledger: Ledger, country: str, day: int) -> bool:
    """Whether banks rest on a day: weekends, unless voted open; other days if voted closed."""
    entry = ledger.find(CodeEntry, WORKING_DAYS + country, iso_day(day))
    return is_weekend(day) if entry is None else entry.value == "closed"


def payment_begins(ledger: Ledger, receivable: Receivable) -> int:
    """The instant at which the due day, or the first working day after it by the calendar as voted now, begins."""
    country = ledger.jurisdiction(receivable.debtor)
    day = next_working_day(receivable.due_on, lambda each: is_closed(ledger, country, each))
    return start_of(day, country)


def overdue_from(ledger: Ledger, receivable: Receivable) -> int:
    """The instant from which an unpaid debtor is late."""
    return payment_begins(ledger, receivable) + DAY_MS + ledger.parameter(OVERDUE_AFTER)


def today(ledger: Ledger, debtor: str) -> int:
    """Which day it is where the debtor is."""
    return day_at(ledger.now, ledger.jurisdiction(debtor))


def ensure_tenor(ledger: Ledger, receivable: Receivable) -> None:
    """Refuses a due day that has come, is too far away, or is far and says not why."""
    days = receivable.due_on - today(ledger, receivable.debtor)
    most = ledger.parameter(TENOR_MOST)
    ensure(1 <= days <= most, "tenor", field="due_on", expected=f"1 to {most} days from now")
    normal = ledger.parameter(TENOR_NORMAL)
    explained = days <= normal or receivable.tenor_reason.strip()
    ensure(explained, "tenor_reason", field="tenor_reason", expected=f"why it runs longer than {normal} days")


def allows(ledger: Ledger, country: str, what: str) -> bool:
    """Whether a jurisdiction's voted profile says yes."""
    code = f"{country}:{what}"
    entry = ledger.find(CodeEntry, PROFILES, code)
    in_force = entry is not None and entry.valid_from <= ledger.now and (entry.until == 0 or ledger.now < entry.until)
    said = entry.value if entry is not None and in_force else PROFILE_DEFAULTS.get(code, "no")
    return said == "yes"
