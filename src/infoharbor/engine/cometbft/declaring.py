"""Message classes of protobuf out of short texts: of each field its name, type and number; a star after the type means a
list.

A field that we never read or set is left out; protobuf keeps what it does not know."""

from collections.abc import Mapping
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_Field = descriptor_pb2.FieldDescriptorProto


def message_classes(package: str, messages: Mapping[str, str], choices: Mapping[str, str]) -> dict[str, Any]:
    """A class for each message, by its name. `choices` are those of which exactly one field, of the group `value`, is set."""
    file = descriptor_pb2.FileDescriptorProto(name=f"infoharbor/{package}.proto", package=package, syntax="proto3")
    texts = {**messages, **choices}
    for name, text in texts.items():
        message = file.message_type.add(name=name)
        if name in choices:
            message.oneof_decl.add(name="value")
        for field, kind, number in map(_split, text.split()):
            label = _Field.LABEL_REPEATED if kind.endswith("*") else _Field.LABEL_OPTIONAL
            kind = kind.removesuffix("*")
            added = message.field.add(name=field, number=int(number), label=label)
            if kind in texts:
                added.type, added.type_name = _Field.TYPE_MESSAGE, f".{package}.{kind}"
            else:
                added.type = _Field.Type.Value(f"TYPE_{kind.upper()}")
            if name in choices:
                added.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}")) for name in texts}


def _split(field: str) -> tuple[str, str, str]:
    name, kind, number = field.split(":")
    return name, kind, number
