"""Check digits of the identifiers that rules rely on, in integers only."""

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SLUG_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789-"


def is_slug(text: str) -> bool:
    """Lower-case ASCII letters, digits and inner hyphens."""
    return bool(text) and all(each in SLUG_ALPHABET for each in text) and text[0] != "-" and text[-1] != "-"


def is_uscc(text: str) -> bool:
    """Unified social credit code (统一社会信用代码): GB 32100-2015, 18 characters, weights 3ⁱ mod 31."""
    if len(text) != 18 or any(each not in USCC_ALPHABET for each in text):
        return False
    total = sum(USCC_ALPHABET.index(each) * pow(3, place, 31) for place, each in enumerate(text[:17]))
    return USCC_ALPHABET[-total % 31] == text[17]


def is_lei(text: str) -> bool:
    """Legal entity identifier: ISO 17442-1, 20 characters, ISO 7064 mod 97-10."""
    if len(text) != 20 or any(each not in ALPHANUMERIC for each in text) or not text[18:].isdigit():
        return False
    return int("".join(str(ALPHANUMERIC.index(each)) for each in text)) % 97 == 1


def is_country(text: str) -> bool:
    """The form of an ISO 3166-1 alpha-2 code; which codes there are is checked at the door."""
    return len(text) == 2 and text.isascii() and text.isalpha() and text.isupper()
