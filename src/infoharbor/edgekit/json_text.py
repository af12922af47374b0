"""How JSON comes in: within a size and a depth, every name once, no number that is not exact."""

import json
import re
from typing import Any, Final, NoReturn

from infoharbor.kernel import limits
from infoharbor.kernel.encoding import Malformed

# A string is passed over whole, also one that never ends, so that the scan is linear in the text.
_BRACKETS: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"?|([{\[])|([}\]])', re.DOTALL)
INTEGER_DIGITS: Final = 40


def parse_json(raw: bytes, *, most: int) -> Any:
    """The value of a JSON text of at most `most` bytes, nested at most 16 deep; raises `Malformed`.

    Integers stay exact at any size up to 40 digits; a number with a fraction or an exponent is refused, since nothing
    on the ledger is one.
    """
    if len(raw) > most:
        raise Malformed("input.too_large", "body", f"at most {most} bytes")
    _ensure_shallow(raw)
    try:
        return json.loads(
            raw.decode(), object_pairs_hook=_members, parse_int=_integer, parse_float=_inexact, parse_constant=_inexact
        )
    except UnicodeDecodeError:
        raise Malformed("input.not_json", "body", "UTF-8") from None
    except json.JSONDecodeError as fault:
        where = f"JSON; line {fault.lineno}, column {fault.colno}: {fault.msg}"
        raise Malformed("input.not_json", "body", where) from None


def _ensure_shallow(raw: bytes) -> None:
    depth = 0
    for found in _BRACKETS.finditer(raw):
        if found.group(1):
            depth += 1
            if depth > limits.NESTING:
                raise Malformed("input.too_deep", "body", f"at most {limits.NESTING} levels")
        elif found.group(2):
            depth -= 1


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Malformed("input.name_twice", twice[:100], "each name once")
    return members


def _integer(text: str) -> int:
    if len(text) > INTEGER_DIGITS:
        raise Malformed("input.range", "body", f"an integer of at most {INTEGER_DIGITS} digits")
    return int(text)


def _inexact(text: str) -> NoReturn:
    raise Malformed("input.not_exact", "body", f"an integer, or a text; not {text[:40]}")
