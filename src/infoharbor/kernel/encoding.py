"""One value, one encoding: canonical MessagePack, and hashes that name what they are of."""

from typing import Any, TypeVar

import msgspec

from infoharbor.crypto.hashes import HashSuite

Decoded = TypeVar("Decoded")

encode = msgspec.msgpack.Encoder().encode


class Malformed(ValueError):
    """Bytes that are not the one encoding of a value of the wanted type; `field` names the place, `expected` the form."""

    def __init__(self, code: str, field: str, expected: str) -> None:
        super().__init__(f"{code}: {field}: {expected}")
        self.code, self.field, self.expected = code, field, expected


class Wire(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """A structure that is stored, hashed or sent: a MessagePack array of its fields in declared order."""


class Codec:
    """Encodes and decodes one type; `decode` takes the canonical bytes only.

    MessagePack allows several encodings of a value (long integers, long array headers, left-out defaults).
    Encoding again and comparing refuses all but one, so that equal values have equal hashes.
    """

    def __init__(self, of: type, *, limit: int) -> None:
        self._decoder: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(of, strict=True)
        self._limit = limit
        self._name = of.__name__.lower()

    def decode(self, raw: bytes) -> Any:
        if len(raw) > self._limit:
            raise Malformed("ledger.too_large", self._name, f"at most {self._limit} bytes")
        try:
            value = self._decoder.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
            raise Malformed("ledger.malformed", self._name, str(fault)[:200]) from None
        if encode(value) != raw:
            raise Malformed("ledger.not_canonical", self._name, "the shortest MessagePack encoding")
        return value


def tag(name: str) -> bytes:
    """The prefix that separates the hash or signature `name` from every other: `infoharbor/NAME/1` and a zero byte."""
    return f"infoharbor/{name}/1".encode() + b"\0"


def tagged_hash(suite: HashSuite, name: str, data: bytes) -> bytes:
    """The 32-byte hash of `data` under the domain `name`."""
    return suite.digest(tag(name) + data)
