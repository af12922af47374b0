"""JSON as it arrives: bounded, without repeated names, and with numbers kept as decimals, never as floats."""

import re
from decimal import Context, Decimal
from typing import Any, Final

import msgspec

from infoharbor.contracts.trace.exchange.faults import EventFault
from infoharbor.kernel import limits

NUMBER_CHARACTERS: Final = 40
EXPONENT: Final = 30

# The closing quote is optional, so that an unterminated string is consumed once and the scan stays linear.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_NOT_STRUCTURE = bytes(set(range(256)) - set(b"{}[]:"))


_EXACT = Context(prec=NUMBER_CHARACTERS + EXPONENT)


def decimal(text: str) -> int | Decimal:
    """A JSON number with a fraction or exponent, exactly, in its shortest form: 26.0 is the integer 26."""
    if len(text) > NUMBER_CHARACTERS:
        raise ValueError(f"a number of at most {NUMBER_CHARACTERS} characters")
    number = Decimal(text)
    if abs(number.adjusted()) > EXPONENT:
        raise ValueError(f"a number of an exponent up to {EXPONENT}")
    number = number.normalize(_EXACT)
    return int(number) if number == int(number) else number


_encoder = msgspec.json.Encoder(decimal_format="number")
_canonical = msgspec.json.Encoder(decimal_format="number", order="sorted")
_decoder = msgspec.json.Decoder(float_hook=decimal)
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_items = msgspec.json.Decoder(list[msgspec.Raw])


def structure(raw: bytes, *, bytes_max: int) -> int:
    """How many object members `raw` has; refuses what is too large or nested too deep."""
    if len(raw) > bytes_max:
        raise EventFault("epcis_too_large", f"at most {bytes_max} bytes")
    skeleton = _STRING.sub(b"", raw).translate(None, _NOT_STRUCTURE)
    depth = members = 0
    for sign in skeleton:
        if sign in b"{[":
            depth += 1
            if depth > limits.NESTING:
                raise EventFault("epcis_depth", f"at most {limits.NESTING} levels")
        elif sign in b"}]":
            depth -= 1
        else:
            members += 1
    return members


def members(raw: bytes | msgspec.Raw) -> dict[str, msgspec.Raw]:
    """The members of an object, their values still as they were written."""
    return _decoded(_members, raw)  # type: ignore[no-any-return]


def items(raw: bytes | msgspec.Raw) -> list[msgspec.Raw]:
    """The items of an array, still as they were written."""
    return _decoded(_items, raw)  # type: ignore[no-any-return]


def value(raw: bytes | msgspec.Raw) -> Any:
    """The value: dict, list, str, bool, None, int or `Decimal`."""
    return _decoded(_decoder, raw)


def recorded(text: str) -> Any:
    """The value of a JSON text that stands on the ledger; None for an empty one, and for one that a member wrote past
    every gateway and that is no JSON: it must not take the others' events down with it."""
    try:
        return value(text.encode()) if text else None
    except EventFault:
        return None


def _decoded(decoder: Any, raw: bytes | msgspec.Raw) -> Any:
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as fault:
        wanted = "a list" if decoder is _items else "an object"
        raise EventFault("epcis_type", wanted) from fault
    except (ValueError, RecursionError) as fault:  # DecodeError and UnicodeDecodeError are ValueErrors
        raise EventFault("epcis_json", str(fault)[:200]) from None


def count_members(tree: Any) -> int:
    """How many object members `tree` has; fewer than its text shows means that a name was repeated."""
    total, waiting = 0, [tree]
    while waiting:
        one = waiting.pop()
        if type(one) is dict:
            total += len(one)
            waiting.extend(one.values())
        elif type(one) is list:
            waiting.extend(one)
        elif type(one) is int and abs(one) >= 10**EXPONENT:
            raise EventFault("epcis_number", f"an integer of at most {EXPONENT} digits")
    return total


def number_text(number: int | Decimal) -> str:
    """The plain decimal text of a number that this module has read: no exponent, no trailing zeros."""
    return str(number) if type(number) is int else format(number, "f")


def scaled(number: int | Decimal) -> tuple[int, int]:
    """A number as an integer and a power of ten: 200.50 is (2005, -1)."""
    text = number_text(number)
    whole, _, fraction = text.partition(".")
    return int(whole + fraction), -len(fraction)


def unscaled(mantissa: int, exponent: int) -> int | Decimal:
    """The number of which `scaled` gave `mantissa` and `exponent`."""
    return mantissa if exponent == 0 else Decimal(mantissa).scaleb(exponent)


def write(tree: Any) -> bytes:
    """JSON of a document that may hold decimals: they are written as numbers, exactly."""
    return _encoder.encode(tree)


def canonical(tree: Any) -> str:
    """One text for one value: names sorted, no spaces, numbers in the short form that `value` gives."""
    return _canonical.encode(tree).decode()
