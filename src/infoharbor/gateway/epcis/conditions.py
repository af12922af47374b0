"""What a query asks of an event's facts, and in which order it wants the events."""

import re
from collections.abc import Callable
from decimal import Decimal
from functools import cached_property
from typing import Any, Final, NamedTuple

from infoharbor.gateway.epcis.facts import Facts
from infoharbor.gateway.epcis.units import Number

EVENT_TIMES: Final = ("eventTime", "recordTime")
COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "GT": lambda found, bound: found > bound,
    "GE": lambda found, bound: found >= bound,
    "LT": lambda found, bound: found < bound,
    "LE": lambda found, bound: found <= bound,
}


class Glob:
    """A pattern of texts: `*` stands for any characters, `[0-9]` for a digit."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        parts = re.split(r"(\*|\[0-9\])", self.pattern)
        return re.compile(
            "".join({"*": ".*", "[0-9]": "[0-9]"}.get(part) or re.escape(part) for part in parts), re.DOTALL
        )

    def fits(self, text: str) -> bool:
        return self._compiled.fullmatch(text) is not None


class AnyOf(NamedTuple):
    """One of these fields has one of these values, or one that a pattern fits."""

    fields: tuple[str, ...]
    texts: frozenset[str] = frozenset()
    numbers: frozenset[Number] = frozenset()
    globs: tuple[Glob, ...] = ()

    def holds(self, facts: Facts) -> bool:
        for field in self.fields:
            for value in facts.get(field, ()):
                if isinstance(value, str):
                    if value in self.texts or any(glob.fits(value) for glob in self.globs):
                        return True
                elif value is not None and value in self.numbers:
                    return True
        return False


class Exists(NamedTuple):
    """The field is there."""

    field: str

    def holds(self, facts: Facts) -> bool:
        return self.field in facts


class Compared(NamedTuple):
    """A number, or a moment, of this field is larger (`GT`, `GE`) or smaller (`LT`, `LE`) than the bound."""

    field: str
    comparison: str
    bound: Number

    def holds(self, facts: Facts) -> bool:
        compare = COMPARISONS[self.comparison]
        return any(
            isinstance(value, (int, Decimal)) and compare(value, self.bound) for value in facts.get(self.field, ())
        )


Condition = AnyOf | Exists | Compared


class Order(NamedTuple):
    """By one of the two times that every event has, or by the fact of an extension field."""

    field: str
    descending: bool

    @property
    def is_indexed(self) -> bool:
        return self.field in EVENT_TIMES

    def key(self, facts: Facts) -> tuple[int, Any]:
        """Sorts events by the field: numbers and moments first, then texts by the codes of their characters; of several
        values the one that comes first. What has none comes last, whichever the direction."""
        values = [each for each in facts.get(self.field, ()) if each is not None]
        numbers = [each for each in values if not isinstance(each, str)]
        texts = [each for each in values if isinstance(each, str)]
        first = max if self.descending else min
        rank = 1 if self.descending else 0
        if numbers:
            return rank, first(numbers)
        if texts:
            return 1 - rank, first(texts)
        return -1 if self.descending else 2, 0


class EventQuery(NamedTuple):
    """All conditions hold. With `first` only so many events are wanted; with `most`, more than so many are refused.
    Without an order, events come as they were recorded."""

    conditions: tuple[Condition, ...] = ()
    order: Order | None = None
    first: int | None = None
    most: int | None = None

    def fits(self, facts: Facts) -> bool:
        return all(condition.holds(facts) for condition in self.conditions)

    def also(self, *conditions: Condition) -> "EventQuery":
        return self._replace(conditions=(*self.conditions, *conditions))


EVERYTHING: Final = EventQuery()
