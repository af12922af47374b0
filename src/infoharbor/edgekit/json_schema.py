"""JSON Schemas of records and actions in their JSON form."""

from typing import Any

from msgspec import inspect

from infoharbor.edgekit.json_form import describe, is_instant, is_wide, shape_of, without_none


def schema(of: type) -> dict[str, Any]:
    """JSON Schema (2020-12) of the struct's JSON form; nothing beyond its fields is allowed."""
    return _schema(shape_of(of))


def _schema(kind: inspect.Type) -> dict[str, Any]:
    match kind:
        case inspect.UnionType():
            return {"anyOf": [_schema(without_none(kind)), {"type": "null"}]}
        case inspect.IntType():
            return _integer_schema(kind)
        case inspect.StrType():
            return _bounds({"type": "string"}, "minLength", kind.min_length, "maxLength", kind.max_length)
        case inspect.BytesType():
            twice = [None if each is None else 2 * each for each in (kind.min_length, kind.max_length)]
            hex_text = {"type": "string", "pattern": "^([0-9a-f]{2})*$", "description": "Bytes in lower-case hex."}
            return _bounds(hex_text, "minLength", twice[0], "maxLength", twice[1])
        case inspect.BoolType():
            return {"type": "boolean"}
        case inspect.EnumType():
            return {"type": "string", "enum": [member.value for member in kind.cls]}
        case inspect.VarTupleType():
            return {"type": "array", "items": _schema(kind.item_type)}
        case inspect.TupleType():
            return {"type": "array", "prefixItems": [_schema(each) for each in kind.item_types], "items": False}
        case inspect.StructType():
            return {
                "type": "object",
                "properties": {each.name: _schema(each.type) for each in kind.fields},
                "required": [each.name for each in kind.fields],
                "additionalProperties": False,
            }
    raise TypeError(f"{kind!r} has no form in JSON")


def _integer_schema(kind: inspect.IntType) -> dict[str, Any]:
    if is_instant(kind):
        text = {"format": "date-time", "description": "A time with an offset."}
        optional = {"format": "date-time", "description": "A time with an offset; null for none."}
        return {"type": "string"} | text if kind.ge else {"type": ["string", "null"]} | optional
    if is_wide(kind):
        return {
            "type": ["string", "integer"],
            "pattern": "^(0|-?[1-9][0-9]*)$",
            "description": describe(kind) + ", in digits",
        }
    return _bounds({"type": ["integer", "string"]}, "minimum", kind.ge, "maximum", kind.le)


def _bounds(base: dict[str, Any], least: str, low: int | None, most: str, high: int | None) -> dict[str, Any]:
    return base | ({} if low is None else {least: low}) | ({} if high is None else {most: high})
