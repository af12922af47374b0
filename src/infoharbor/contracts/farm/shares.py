"""How the shares of lots pass into what is made of them: nothing of an indication is ever gained by rounding."""

from collections.abc import Iterable

from infoharbor.contractkit.arithmetic import share
from infoharbor.contracts.farm.records import Share


def portion(shares: Iterable[Share], grams: int) -> tuple[Share, ...]:
    """The shares of `grams` out of a mass made up as `shares`; they add up to `grams`.

    Each indication is rounded down, and what is left belongs to none; within an indication, seasons share its grams
    by largest remainder. A mass of one indication alone therefore stays so to the gram.
    """
    found = joined(shares)
    whole = sum(each.grams for each in found)
    parts: list[Share] = []
    for indication in sorted({each.indication for each in found if each.indication}):
        seasons = [each for each in found if each.indication == indication]
        weights = [each.grams for each in seasons]
        given = share(grams * sum(weights) // whole, weights)
        parts += [each_of(season, part) for season, part in zip(seasons, given, strict=True) if part]
    rest = grams - sum(each.grams for each in parts)
    return (*([Share("", "", rest)] if rest else []), *parts)


def joined(shares: Iterable[Share]) -> tuple[Share, ...]:
    """Shares of one indication and season as one, ascending."""
    sums: dict[tuple[str, str], int] = {}
    for each in shares:
        key = (each.indication, each.season)
        sums[key] = sums.get(key, 0) + each.grams
    return tuple(Share(*key, sums[key]) for key in sorted(sums))


def each_of(season: Share, grams: int) -> Share:
    return Share(season.indication, season.season, grams)


def grams_of(shares: Iterable[Share], indication: str) -> int:
    """The grams that carry an indication."""
    return sum(each.grams for each in shares if each.indication == indication)
