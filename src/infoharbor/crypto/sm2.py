"""SM2 signatures (GB/T 32918.2) over SM3, with the default signer id, as 64 bytes r ‖ s."""

from collections.abc import Callable

import gmssl_pyx

from infoharbor.crypto.hashes import SM3

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
ORDER = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
GENERATOR = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
SIGNER_ID = gmssl_pyx.SM2_DEFAULT_SIGNER_ID
IDENTITY = (
    (len(SIGNER_ID) * 8).to_bytes(2, "big")
    + SIGNER_ID
    + b"".join(number.to_bytes(32, "big") for number in (A, B, *GENERATOR))
)
"""What stands before the public key in Z (GB/T 32918.2 clause 5.5): the id behind its length in bits, and the curve."""
Point = tuple[int, int] | None


def verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """An uncompressed point of 65 bytes on the curve; r and s from 1 to below the order, r + s not the order;
    the sum of clause 7.1 is not the infinite point."""
    if len(signature) != 64 or len(public_key) != 65 or public_key[0] != 4:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    # The library prints two lines to standard error for each signature that fails: so nothing reaches it that can
    # be refused here. Its standard error is C's, which only a whole process can close.
    if not 0 < r < ORDER or not 0 < s < ORDER or r + s == ORDER or not is_on_curve(public_key):
        return False
    digest = signed_digest(identity_digest(public_key[1:]), message)
    # The library takes the infinite point for one with x = 0, so that a key's owner could make r = e hold. The one
    # other sum that gives r = e has x = 0 too, and to reach it takes a preimage under SM3.
    if r == int.from_bytes(digest, "big") % ORDER:
        return False
    try:
        return bool(gmssl_pyx.sm2_verify_sm3_digest(public_key[1:], digest, der(r, s)))
    except (gmssl_pyx.GmsslInnerError, gmssl_pyx.InvalidValueError):
        return False


def identity_digest(raw: bytes) -> bytes:
    """Z (clause 5.5) of the default id and a public key of 64 bytes x ‖ y."""
    return SM3.digest(IDENTITY + raw)


def signed_digest(identity: bytes, message: bytes) -> bytes:
    """The 32 bytes that are signed: e of clause 6.1."""
    return SM3.digest(identity + message)


def is_on_curve(public_key: bytes) -> bool:
    x, y = int.from_bytes(public_key[1:33], "big"), int.from_bytes(public_key[33:], "big")
    return x < P and y < P and (y * y - (x * x * x + A * x + B)) % P == 0


def open_scalar(scalar: bytes) -> tuple[bytes, Callable[[bytes], bytes]]:
    """The public key of a private scalar, and what signs with it; ValueError if it is out of range (1 to order − 2)."""
    number = int.from_bytes(scalar, "big")
    if not 0 < number < ORDER - 1:
        raise ValueError("an SM2 scalar from 1 to the order less 2")
    x, y = multiply(number, GENERATOR) or (0, 0)
    raw = x.to_bytes(32, "big") + y.to_bytes(32, "big")
    identity = identity_digest(raw)

    def sign(message: bytes) -> bytes:
        r, s = parse_der(gmssl_pyx.sm2_sign_sm3_digest(scalar, signed_digest(identity, message)))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    return b"\4" + raw, sign


def multiply(number: int, point: Point) -> Point:
    """Double and add; only for making a key's public half, which happens once, by its owner."""
    result: Point = None
    while number:
        if number & 1:
            result = add(result, point)
        point = add(point, point)
        number >>= 1
    return result


def add(first: Point, second: Point) -> Point:
    if first is None or second is None:
        return first or second
    (x1, y1), (x2, y2) = first, second
    if x1 == x2 and (y1 + y2) % P == 0:
        return None
    slope = (3 * x1 * x1 + A) * pow(2 * y1, -1, P) if first == second else (y2 - y1) * pow(x2 - x1, -1, P)
    x = (slope * slope - x1 - x2) % P
    return x, (slope * (x1 - x) - y1) % P


def der(r: int, s: int) -> bytes:
    """The two integers as an ASN.1 SEQUENCE, which is the form that the library takes."""
    body = b"".join(b"\x02" + bytes([len(raw)]) + raw for raw in (_integer(r), _integer(s)))
    return b"\x30" + bytes([len(body)]) + body


def _integer(number: int) -> bytes:
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def parse_der(encoded: bytes) -> tuple[int, int]:
    """What `der` made; the library's own signatures only."""
    r_length = encoded[3]
    r = int.from_bytes(encoded[4 : 4 + r_length], "big")
    s = int.from_bytes(encoded[6 + r_length :], "big")
    return r, s
