"""The characters of GS1 keys, and how a URI writes those that it cannot hold as they are."""

from typing import Final

DIGITS: Final = "0123456789"
LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CHARACTERS_82: Final = DIGITS + LETTERS + "!\"%&'()*+,-./_:;<=>?"
CHARACTERS_39: Final = DIGITS + LETTERS[:26] + "#-/"
PLAIN: Final = DIGITS + LETTERS + "-._!'()*+,:;="
"""What EPC URIs and Digital Links write as it is; every other character of a key is percent-encoded."""


class Gs1Fault(ValueError):
    """A text that means to be a GS1 key and is none; `expected` says what would be right."""

    def __init__(self, code: str, expected: str) -> None:
        super().__init__(f"{code}: {expected}")
        self.code, self.expected = code, expected


def only(text: str, characters: str) -> bool:
    """Whether `text` is not empty and made of `characters` alone."""
    return bool(text) and not text.strip(characters)


def all_digits(text: str) -> bool:
    """Whether `text` is one or more ASCII digits."""
    return only(text, DIGITS)


def encode(text: str) -> str:
    """`text` percent-encoded as EPC URIs and Digital Links write it, hexadecimal in capitals."""
    if not text.strip(PLAIN):
        return text
    return "".join(one if one in PLAIN else f"%{ord(one):02X}" for one in text)


def decode(text: str) -> str:
    """The plain text of a percent-encoded ASCII part; raises `Gs1Fault`."""
    if "%" not in text:
        return text
    first, *rest = text.split("%")
    plain = [first]
    for part in rest:
        if len(part) < 2 or not only(part[:2], DIGITS + "ABCDEFabcdef"):
            raise Gs1Fault("gs1_encoding", "% and two hexadecimal digits")
        plain.append(chr(int(part[:2], 16)) + part[2:])
    return "".join(plain)
