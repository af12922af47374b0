"""What `MATCH_` parameters accept: an identifier in any notation, or a pattern of EPCs (`urn:epc:idpat:…`); and what
`WD_` ones find below a place."""

from collections.abc import Iterator
from typing import Final

from infoharbor.contractkit import gs1
from infoharbor.gateway.epcis.conditions import Glob
from infoharbor.gateway.epcis.facts import link
from infoharbor.sdk.problems import Problem

START: Final = "urn:epc:idpat:"
EXPECTED: Final = "an identifier, or a pattern such as urn:epc:idpat:sgtin:9521321.012345.*"
DIGIT: Final = "[0-9]"


def patterns(text: str) -> tuple[list[str], list[str]]:
    """The normal forms that fit, and globs of such forms (`*`: anything, `[0-9]`: a digit)."""
    if not text.startswith(START) or "*" not in text:
        return [link(text)], []
    scheme, _, rest = text.removeprefix(START).partition(":")
    company, *others = rest.split(".")
    if not others or not gs1.all_digits(company) or not 6 <= len(company) <= 12:
        raise _no_pattern()
    if set(others) == {"*"}:
        return [], [_of_company(scheme, company)]
    if scheme == "sgln" and others[-1] == "*":
        text = text.replace(START, "urn:epc:id:").removesuffix("*") + "0"
    try:
        key = gs1.read(text)
    except gs1.Gs1Fault:
        raise _no_pattern() from None
    if key is None:
        raise _no_pattern()
    whole = gs1.digital_link(key)
    # A pattern of pieces also stands for their class, one of places for the whole site.
    below = {gs1.GTIN: f"/{gs1.SERIAL}/*", gs1.GLN: f"/{gs1.EXTENSION}/*"}.get(key.ai, "*")
    return [whole], [whole + below]


def below(place: str) -> Iterator[Glob]:
    """The places within a place: a GLN's extension names one (GS1 General Specifications, 3.5.12), and below an address
    of a member's own lie those whose path goes on from it."""
    start = f"{gs1.CANONICAL}/"
    if not place.startswith(start):
        # What stands for other signs in a pattern is left alone: such an address finds itself.
        if not set("*[?#") & set(place):
            yield Glob(f"{place.rstrip('/')}{':' if place.startswith('urn:') else '/'}*")
    elif place.count("/") == f"{start}{gs1.GLN}/0".count("/") and place.startswith(f"{start}{gs1.GLN}/"):
        yield Glob(f"{place}/{gs1.EXTENSION}/*")


def _of_company(scheme: str, company: str) -> str:
    """Every key with this company prefix."""

    def rest(digits: int) -> str:
        return company + DIGIT * (digits - len(company))

    start = f"{gs1.CANONICAL}/"
    match scheme:
        case "sgtin":
            return f"{start}{gs1.GTIN}/{DIGIT}{rest(13)}/{gs1.SERIAL}/*"
        case "sscc":
            return f"{start}{gs1.SSCC}/{DIGIT}{rest(17)}"
        case "sgln":
            return f"{start}{gs1.GLN}/{rest(13)}*"
        case "grai":
            return f"{start}{gs1.GRAI}/0{rest(13)}*"
        case "gdti":
            return f"{start}{gs1.GDTI}/{rest(13)}*"
        case "giai":
            return f"{start}{gs1.GIAI}/{company}*"
    raise _no_pattern()


def _no_pattern() -> Problem:
    return Problem("trace.epcis_query_parameter", field="MATCH", expected=EXPECTED)
