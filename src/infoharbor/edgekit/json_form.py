"""Records and actions as JSON objects and back: named fields, exact integers, times in ISO 8601, bytes in hex."""

import datetime
import functools
import math
from typing import Any, Final, TypeVar

import msgspec
from msgspec import inspect

from infoharbor.contractkit.types import INSTANT_MAX
from infoharbor.kernel.encoding import Malformed
from infoharbor.kernel.limits import INTEGER_MAX, INTEGER_MIN

Kind = TypeVar("Kind", bound=msgspec.Struct)
EXACT: Final = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly; a field that may pass it is written as a string."""
EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
MILLISECOND: Final = datetime.timedelta(milliseconds=1)


def to_json(value: msgspec.Struct) -> dict[str, Any]:
    """The struct's fields by name, in declared order."""
    shape = shape_of(type(value))
    return {field.name: _out(field.type, getattr(value, field.name)) for field in shape.fields}


def from_json(of: type[Kind], value: Any, field: str = "") -> Kind:
    """The struct that the object describes; raises `Malformed` with the path of the field and what would be right.

    Every field has to be there and no other one may be. An integer may come as a number or as its decimal digits.
    """
    made: Kind = _struct(shape_of(of), value, field)
    return made


@functools.cache
def shape_of(of: type) -> inspect.StructType:
    """The fields of a struct with the bounds that their types declare."""
    shape = inspect.type_info(of)
    if not isinstance(shape, inspect.StructType):
        raise TypeError(f"{of!r} is no struct")
    return shape


def is_instant(kind: inspect.Type) -> bool:
    """Whether the field is a time: the bound is `contractkit.types.Instant`'s alone."""
    return isinstance(kind, inspect.IntType) and kind.le == INSTANT_MAX


def is_wide(kind: inspect.IntType) -> bool:
    """Whether the field may hold an integer that JSON readers would round."""
    return kind.ge is None or kind.le is None or kind.ge < -EXACT or kind.le > EXACT


def iso(milliseconds: int) -> str:
    """Milliseconds since 1970 UTC as ISO 8601, such as 2026-01-01T00:00:00.000Z."""
    at = EPOCH + milliseconds * MILLISECOND
    return at.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def from_iso(text: str, field: str) -> int:
    """Milliseconds since 1970 UTC; raises `Malformed` for a time without an offset, or finer than a millisecond."""
    wanted = Malformed("input.time", field, "ISO 8601 with an offset, such as 2026-01-01T08:00:00.000+08:00")
    try:
        at = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise wanted from None
    if at.tzinfo is None or at.microsecond % 1000 or len(text) > 35:
        raise wanted
    try:
        milliseconds = (at - EPOCH) // MILLISECOND
    except OverflowError:
        raise wanted from None
    if not 0 <= milliseconds <= INSTANT_MAX:
        raise Malformed("input.range", field, "a time from 1970 to 9999")
    return milliseconds


def _out(kind: inspect.Type, value: Any) -> Any:
    if value is None:
        return None
    match kind:
        case inspect.UnionType():
            return _out(without_none(kind), value)
        case inspect.IntType():
            if is_instant(kind):
                return iso(value) if value else None
            return str(value) if is_wide(kind) else value
        case inspect.BytesType():
            return value.hex()
        case inspect.EnumType():
            return value.value
        case inspect.StructType():
            return to_json(value)
        case inspect.VarTupleType():
            return [_out(kind.item_type, each) for each in value]
        case inspect.TupleType():
            return [_out(part, each) for part, each in zip(kind.item_types, value, strict=True)]
    return value


def _in(kind: inspect.Type, value: Any, field: str) -> Any:
    match kind:
        case inspect.UnionType():
            return None if value is None else _in(without_none(kind), value, field)
        case inspect.IntType():
            return _instant(kind, value, field) if is_instant(kind) else _integer(kind, value, field)
        case inspect.StrType():
            return _text(kind, value, field)
        case inspect.BytesType():
            return _bytes(kind, value, field)
        case inspect.BoolType():
            return _of_type(bool, value, field, "true or false")
        case inspect.EnumType():
            return _choice(kind, value, field)
        case inspect.StructType():
            return _struct(kind, value, field)
        case inspect.VarTupleType():
            items = _of_type(list, value, field, "a list")
            return tuple(_in(kind.item_type, each, f"{field}[{at}]") for at, each in enumerate(items))
        case inspect.TupleType():
            items = _of_type(list, value, field, f"a list of {len(kind.item_types)}")
            if len(items) != len(kind.item_types):
                raise Malformed("input.length", field, f"a list of {len(kind.item_types)}")
            pairs = enumerate(zip(kind.item_types, items, strict=True))
            return tuple(_in(part, each, f"{field}[{at}]") for at, (part, each) in pairs)
    raise TypeError(f"{kind!r} has no form in JSON")


def without_none(kind: inspect.Type) -> inspect.Type:
    """The type without its None."""
    if isinstance(kind, inspect.UnionType):
        return next(each for each in kind.types if not isinstance(each, inspect.NoneType))
    return kind


def _struct(kind: inspect.StructType, value: Any, field: str) -> Any:
    members = _of_type(dict, value, field or "body", "an object")
    inside = f"{field}." if field else ""
    names = [each.name for each in kind.fields]
    unknown = next((name for name in members if name not in names), None)
    if unknown is not None:
        raise Malformed(
            "input.field_unknown", f"{inside}{unknown[:100]}", "one of " + ", ".join(names) if names else "no field"
        )
    values = []
    for each in kind.fields:
        if each.name not in members:
            raise Malformed("input.field_missing", f"{inside}{each.name}", describe(each.type))
        values.append(_in(each.type, members[each.name], f"{inside}{each.name}"))
    return kind.cls(*values)


def _of_type(of: type, value: Any, field: str, expected: str) -> Any:
    if type(value) is not of:
        raise Malformed("input.type", field, expected)
    return value


def _instant(kind: inspect.IntType, value: Any, field: str) -> int:
    if value is None and kind.ge:
        raise Malformed("input.field_missing", field, describe(kind))
    if value is None:
        return 0
    at = from_iso(_of_type(str, value, field, describe(kind)), field)
    if at < (kind.ge or 0):
        raise Malformed("input.range", field, "a time from 1970 to 9999")
    return at


def _integer(kind: inspect.IntType, value: Any, field: str) -> int:
    expected = describe(kind)
    if type(value) is str:
        digits = value.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 40) or str(int(value)) != value:
            raise Malformed("input.type", field, expected)
        value = int(value)
    number: int = _of_type(int, value, field, expected)
    least = -math.inf if kind.ge is None else kind.ge
    most = math.inf if kind.le is None else kind.le
    if not (least <= number <= most and -(2**63) <= number < 2**63):
        raise Malformed("input.range", field, expected)
    return number


def _text(kind: inspect.StrType, value: Any, field: str) -> str:
    text: str = _of_type(str, value, field, describe(kind))
    if not text.isascii() and any("\ud800" <= sign <= "\udfff" for sign in text):
        raise Malformed("input.type", field, "whole Unicode characters")
    _ensure_length(kind, len(text), field)
    return text


def _bytes(kind: inspect.BytesType, value: Any, field: str) -> bytes:
    text = _of_type(str, value, field, describe(kind))
    if len(text) % 2 or text.strip("0123456789abcdef"):
        raise Malformed("input.type", field, describe(kind))
    data = bytes.fromhex(text)
    _ensure_length(kind, len(data), field)
    return data


def _ensure_length(kind: inspect.StrType | inspect.BytesType, length: int, field: str) -> None:
    if not (kind.min_length or 0) <= length <= (math.inf if kind.max_length is None else kind.max_length):
        raise Malformed("input.length", field, describe(kind))


def _choice(kind: inspect.EnumType, value: Any, field: str) -> Any:
    try:
        return kind.cls(_of_type(str, value, field, describe(kind)))
    except ValueError:
        raise Malformed("input.choice", field, describe(kind)) from None


def describe(kind: inspect.Type) -> str:
    """What a field takes, in words."""
    match kind:
        case inspect.UnionType():
            return f"{describe(without_none(kind))}, or null"
        case inspect.IntType():
            if is_instant(kind):
                return "a time in ISO 8601 with an offset" if kind.ge else "a time in ISO 8601 with an offset, or null"
            least, most = bounds_of(kind)
            return f"an integer from {least} to {most}"
        case inspect.StrType():
            return f"a text{_lengths(kind, ' characters')}"
        case inspect.BytesType():
            return f"lower-case hex{_lengths(kind, ' bytes')}"
        case inspect.BoolType():
            return "true or false"
        case inspect.EnumType():
            return "one of " + ", ".join(member.value for member in kind.cls)
        case inspect.StructType():
            return "an object of " + ", ".join(each.name for each in kind.fields)
    return "a list"


def bounds_of(kind: inspect.IntType) -> tuple[int, int]:
    """The least and the most that a field takes."""
    return INTEGER_MIN if kind.ge is None else kind.ge, INTEGER_MAX if kind.le is None else kind.le


def _lengths(kind: inspect.StrType | inspect.BytesType, unit: str) -> str:
    least, most = kind.min_length or 0, kind.max_length
    if most is None:
        return f" of at least {least}{unit}" if least else ""
    return f" of {most}{unit}" if least == most else f" of {least} to {most}{unit}"
