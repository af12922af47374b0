"""A table or an action as plain data, the same under every version of Python and of the libraries."""

import enum
import types
import typing
from typing import Any

import msgspec

if typing.TYPE_CHECKING:
    from infoharbor.kernel.records import RecordType


def describe_record(kind: "RecordType") -> dict[str, Any]:
    """The table as plain data: name, key, readers, fields with their types. Its hash is the schema hash."""
    return {
        "record": f"{kind.contract}/{kind.table}",
        "key": list(kind.key),
        "visible": kind.visible,
        "readers": [str(reader) for reader in kind.readers],
        "fields": describe_fields(kind.of),
    }


def describe_fields(of: type) -> list[list[Any]]:
    """Each field's name and type; raises `TypeError` for a type that the ledger cannot keep."""
    hints = typing.get_type_hints(of, include_extras=True)
    return [
        [field.name, describe_type(hints[field.name], f"{of.__name__}.{field.name}")]
        for field in msgspec.structs.fields(of)
    ]


def describe_type(of: Any, place: str) -> Any:
    """A type as plain data, the same under every version of Python and of the libraries; its bounds are not told."""
    if typing.get_origin(of) is typing.Annotated:
        of, bounded = of.__origin__, any(map(is_bound, of.__metadata__))
        if of is int and bounded:
            return "int"
    if of is int:
        raise TypeError(f"{place} is an int without bounds: say Integer, Count, Amount or Instant")
    if of in (str, bytes, bool):
        return of.__name__
    if isinstance(of, type) and issubclass(of, enum.Enum):
        return {"one_of": [member.value for member in of]}
    if isinstance(of, type) and issubclass(of, msgspec.Struct):
        return {"struct": describe_fields(of)}
    origin, arguments = typing.get_origin(of), typing.get_args(of)
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return {"list": describe_type(arguments[0], place)}
    if origin is tuple:
        return {"tuple": [describe_type(argument, place) for argument in arguments]}
    if origin in (typing.Union, types.UnionType):
        rest = [argument for argument in arguments if argument is not type(None)]
        if len(rest) == 1 and len(rest) < len(arguments):
            return {"optional": describe_type(rest[0], place)}
    raise TypeError(
        f"{place}: {of!r} is no type of the ledger: int, str, bytes, bool, an enum, a tuple, a struct, or one of them | None"
    )


def is_bound(meta: Any) -> bool:
    """Whether an annotation bounds a number on both sides."""
    return isinstance(meta, msgspec.Meta) and {meta.ge, meta.gt} != {None} and {meta.le, meta.lt} != {None}
