"""A worker process that checks signatures: batches on standard input, a byte a check on standard output."""

import sys
from typing import BinaryIO

import msgspec

from infoharbor.crypto.suites import SUITES

Check = tuple[str, bytes, bytes, bytes]
"""Suite, public key, message, signature."""

decode_batch = msgspec.msgpack.Decoder(list[Check]).decode


def check(batch: list[Check]) -> bytes:
    """One byte a check: 1 if the signature is valid."""
    return bytes(SUITES[suite].verify(key, message, signature) for suite, key, message, signature in batch)


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer until the parent closes its end, or dies."""
    while length := requests.read(4):
        raw = requests.read(int.from_bytes(length, "big"))
        replies.write(check(decode_batch(raw)))
        replies.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
