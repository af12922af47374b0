"""Reads a stored record by the description in its schema: names beside values, without the contract's code."""

import json
from typing import Any

import msgspec

from infoharbor.kernel.encoding import Malformed


class Schema:
    """A table's description: `record` is `CONTRACT/TABLE`, `key` the names of its key's fields."""

    def __init__(self, text: str) -> None:
        description = json.loads(text)
        self.record: str = description["record"]
        self.key: list[str] = description["key"]
        self._fields: list[list[Any]] = description["fields"]

    def read(self, value: bytes) -> dict[str, Any]:
        """The record's fields by name; integers stay integers, bytes become hex."""
        named: dict[str, Any] = named_fields(self._fields, msgspec.msgpack.decode(value))
        return named

    def path(self, named: dict[str, Any]) -> str:
        return f"{self.record}/" + "/".join(str(named[part]) for part in self.key)


def named_fields(fields: list[list[Any]], values: list[Any]) -> dict[str, Any]:
    if len(values) > len(fields):
        raise Malformed("evidence.schema", "schemas", "a description of every field")
    return {name: readable(kind, value) for (name, kind), value in zip(fields, values, strict=False)}


def readable(kind: Any, value: Any) -> Any:
    """One value in a form for people and JSON."""
    if isinstance(kind, dict) and value is not None:
        if "struct" in kind:
            return named_fields(kind["struct"], value)
        if "list" in kind:
            return [readable(kind["list"], each) for each in value]
        if "tuple" in kind:
            return [readable(each, part) for each, part in zip(kind["tuple"], value, strict=True)]
        if "optional" in kind:
            return readable(kind["optional"], value)
    return value.hex() if isinstance(value, bytes) else value
