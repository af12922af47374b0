"""Integer arithmetic for amounts: every division says which way it rounds, and nothing is lost in sharing."""

from collections.abc import Iterable, Sequence

from infoharbor.kernel.limits import INTEGER_MAX
from infoharbor.kernel.refusal import ensure


def total(amounts: Iterable[int]) -> int:
    """The sum; refused as `amount_overflow` beyond what a record can hold."""
    added = sum(amounts)
    ensure(added <= INTEGER_MAX, "amount_overflow", field="amount", expected=f"at most {INTEGER_MAX}")
    return added


def divide_down(dividend: int, divisor: int) -> int:
    """The quotient, rounded towards minus infinity; `divisor` is positive."""
    ensure_positive(divisor)
    return dividend // divisor


def divide_up(dividend: int, divisor: int) -> int:
    """The quotient, rounded towards plus infinity; `divisor` is positive."""
    ensure_positive(divisor)
    return -(-dividend // divisor)


def divide_half_up(dividend: int, divisor: int) -> int:
    """The quotient to the nearest integer; a half goes towards plus infinity. `divisor` is positive."""
    ensure_positive(divisor)
    return (2 * dividend + divisor) // (2 * divisor)


def share(amount: int, weights: Sequence[int]) -> tuple[int, ...]:
    """`amount` (not negative) in parts as `weights` (not negative, not all zero), which add up to it exactly.

    Largest remainder: each gets its share rounded down, and what is left goes one by one to the largest
    remainders, of equal ones to the earlier.
    """
    whole = sum(weights)
    ensure(amount >= 0, "amount_negative", field="amount", expected="zero or more")
    ensure(min(weights, default=0) >= 0 and whole > 0, "weights", field="weights", expected="not all zero")
    parts = [amount * weight // whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda place: (-(amount * weights[place] % whole), place))
    for place in order[: amount - sum(parts)]:
        parts[place] += 1
    return tuple(parts)


def ensure_positive(divisor: int) -> None:
    ensure(divisor > 0, "divisor", field="divisor", expected="a positive number")
