"""Hashes, tags, base64 and canonical MessagePack, by sections 1 and 2 of `docs/reference/formats.md` alone."""

import base64
import hashlib

from cryptography.hazmat.primitives import hashes


class Refused(Exception):
    """The file does not prove what it says."""


def need(condition, what):
    if not condition:
        raise Refused(what)


def sha256(data):
    return hashlib.sha256(data).digest()


def sm3(data):
    hashing = hashes.Hash(hashes.SM3())
    hashing.update(data)
    return hashing.finalize()


def tag(name):
    return b"infoharbor/" + name.encode() + b"/1\0"


def u64(number):
    return number.to_bytes(8, "big")


def unbase64(encoded):
    try:
        data = base64.b64decode(encoded, validate=True)
    except (ValueError, TypeError):
        raise Refused("base64") from None
    need(base64.b64encode(data).decode() == encoded, "canonical base64")
    return data


# §2: read any form, write the shortest, refuse what differs


def pack(value):
    if value is None or isinstance(value, bool):
        return {None: b"\xc0", False: b"\xc2", True: b"\xc3"}[value]
    if isinstance(value, int):
        if -32 <= value < 128:
            return value.to_bytes(1, "big", signed=value < 0)
        sizes = [size for size in (1, 2, 4, 8) if (-1 << 8 * size - 1 if value < 0 else 0) <= value < 1 << 8 * size]
        need(sizes, "an integer of at most 64 bits")
        first = (0xD0 if value < 0 else 0xCC) + sizes[0].bit_length() - 1
        return bytes([first]) + value.to_bytes(sizes[0], "big", signed=value < 0)
    if isinstance(value, list):
        return head(len(value), 0x90, 15, (None, 0xDC, 0xDD)) + b"".join(map(pack, value))
    if isinstance(value, str):
        raw = value.encode()
        return head(len(raw), 0xA0, 31, (0xD9, 0xDA, 0xDB)) + raw
    return head(len(value), 0, -1, (0xC4, 0xC5, 0xC6)) + value


def head(length, fixed, fixed_max, firsts):
    if length <= fixed_max:
        return bytes([fixed + length])
    size = next(size for size, first in zip((1, 2, 4), firsts, strict=True) if first and length < 1 << 8 * size)
    return bytes([firsts[size.bit_length() - 1]]) + length.to_bytes(size, "big")


def unpack(raw):
    value, end = item(raw, 0, 0)
    need(end == len(raw) and pack(value) == raw, "canonical MessagePack")
    return value


def item(raw, at, depth):
    need(at < len(raw) and depth <= 16, "whole MessagePack, at most 16 deep")
    first, at = raw[at], at + 1
    if first < 0x80 or first >= 0xE0:
        return first - (256 if first >= 0xE0 else 0), at
    if first in (0xC0, 0xC2, 0xC3):
        return {0xC0: None, 0xC2: False, 0xC3: True}[first], at
    if 0x90 <= first < 0xA0:
        return items(raw, at, first & 15, depth)
    if 0xA0 <= first < 0xC0:
        return text(raw[at : at + (first & 31)], first & 31), at + (first & 31)
    sizes = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8,
             0xD9: 1, 0xDA: 2, 0xDB: 4, 0xDC: 2, 0xDD: 4}  # fmt: skip
    need(first in sizes and at + sizes[first] <= len(raw), "a MessagePack type that is allowed")
    number = int.from_bytes(raw[at : at + sizes[first]], "big", signed=0xD0 <= first <= 0xD3)
    at += sizes[first]
    if first >= 0xDC:
        return items(raw, at, number, depth)
    if 0xCC <= first <= 0xD3:
        return number, at
    content = raw[at : at + number]
    need(len(content) == number, "whole MessagePack")
    return (content if first <= 0xC6 else text(content, number)), at + number


def items(raw, at, count, depth):
    need(count <= len(raw) - at, "whole MessagePack")
    values = []
    for _ in range(count):
        value, at = item(raw, at, depth + 1)
        values.append(value)
    return values, at


def text(raw, length):
    need(len(raw) == length, "whole MessagePack")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise Refused("UTF-8") from None
