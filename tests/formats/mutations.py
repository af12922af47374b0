"""Evidence files that somebody changed: in one part, in one bit, or in the encoding of what is encoded in them."""

import base64
import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import msgspec

from infoharbor.evidence.file import Evidence, encode_evidence

LONG_FORMS = (
    lambda first: bytes((0xCC, first)) if first < 0x80 else None,
    lambda first: bytes((0xCD, 0, first)) if first < 0x80 else None,
    lambda first: bytes((0xDC, 0, first & 15)) if 0x90 <= first < 0xA0 else None,
    lambda first: bytes((0xD9, first & 31)) if 0xA0 <= first < 0xC0 else None,
    lambda first: bytes((0xD0, first)) if first < 0x80 or first >= 0xE0 else None,
    lambda first: bytes((0xC5, 0)) if first == 0xC4 else None,
)
"""Longer headers that mean the same as a short one."""


def sealed_again(changed: bytes) -> bytes | None:
    """The changed file with the digest that fits it, if it still has the form of one."""
    document = json.loads(changed)
    if not isinstance(document, dict) or "digest" not in document:
        return None
    try:
        return encode_evidence(msgspec.json.decode(changed, type=Evidence))
    except (msgspec.DecodeError, UnicodeError):
        return None


def to_json(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def mutations(value: Any) -> Iterator[Any]:
    """The document with one part removed, repeated, swapped with its neighbour, or replaced; at every depth."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield {key: each for key, each in value.items() if key != name}
            yield from ({**value, name: changed} for changed in mutations(part))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield value[:index] + value[index + 1 :]
            yield [*value[:index], part, *value[index:]]
            yield [*value[:index], *reversed(value[index : index + 2]), *value[index + 2 :]]
            yield from ([*value[:index], changed, *value[index + 1 :]] for changed in mutations(part))
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1, value + 2**64, 2**53)
    elif isinstance(value, str):
        yield from ("", value[:-4], value + "AAAA")
    else:
        yield from ([], {"path_hash": "", "leaf_hash": ""})


def changed_inside(document: Any, chance: random.Random) -> Any:
    """The document with one of its base64 values changed: a bit, a byte more or less, or a longer form of a number."""
    changed = copy.deepcopy(document)
    places = list(_binaries(changed))
    holder, place = chance.choice(places)
    raw = bytearray(base64.b64decode(holder[place]))
    at = chance.randrange(len(raw))
    match chance.randrange(5):
        case 0:
            raw[at] ^= 1 << chance.randrange(8)
        case 1:
            del raw[at]
        case 2:
            raw.insert(at, chance.randrange(256))
        case 3:
            raw[at] = chance.choice((0, 0x7F, 0x80, 0xC0, 0xC1, 0xC3, 0xCA, 0xCF, 0xD3, 0xDD, 0xFF))
        case _:
            longer = [form(raw[at]) for form in LONG_FORMS]
            raw[at : at + 1] = next((each for each in longer if each is not None), b"\xcc\x01")
    holder[place] = base64.b64encode(raw).decode()
    return changed


def _binaries(value: Any) -> Iterator[tuple[Any, Any]]:
    """Where base64 stands that is not empty: the holder and the key or index in it."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, part in list(pairs):
        if isinstance(part, dict | list):
            yield from _binaries(part)
        elif isinstance(part, str) and part and key not in ("infoharbor", "checkpoint", "hash_suite"):
            try:
                base64.b64decode(part, validate=True)
            except ValueError:
                continue
            yield value, key
