"""The GS1 headers: what this server speaks, and whether that is what a client asks for."""

import re
from importlib.metadata import version
from typing import Any, Final, NamedTuple

from litestar.connection import ASGIConnection

from infoharbor.contracts.trace.actions import EVENTS_PER_ACTION
from infoharbor.contracts.trace.exchange.document import DOCUMENT_BYTES
from infoharbor.contracts.trace.exchange.xml_writing import URN, WEB
from infoharbor.gateway.exchange import XML
from infoharbor.sdk.problems import Problem

VERSION: Final = "2.0.0"
OURS: Final = (2, 0)
Connection = ASGIConnection[Any, Any, Any, Any]
EPC_FORMAT: Final = "Always_GS1_Digital_Link"
EPC_URN: Final = "Always_EPC_URN"
NEVER: Final = "Never_Translates"
NO_PREFERENCE: Final = "No_Preference"
EPC_FORMATS: Final = (NO_PREFERENCE, EPC_FORMAT, EPC_URN, NEVER)
WORD_FORMATS: Final = (NO_PREFERENCE, WEB, URN)
ROLLBACK: Final = "rollback"
PROCEED: Final = "proceed"
MEDIA_TYPES: Final = ("application/json", "application/ld+json")
ANSWERED: Final = {"GS1-EPCIS-Version": VERSION, "GS1-CBV-Version": VERSION, "GS1-EPC-Format": EPC_FORMAT}
"""What every answer carries."""
DISCOVERED: Final = ANSWERED | {
    "GS1-EPCIS-Min": VERSION,
    "GS1-EPCIS-Max": VERSION,
    "GS1-CBV-Min": VERSION,
    "GS1-CBV-Max": VERSION,
    "GS1-CBV-XML-Format": NO_PREFERENCE,
    "GS1-Vendor-Version": f"InfoHarbor-{version('infoharbor')}",
}
_WEIGHT = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")
CAPTURE_LIMITS: Final = {
    "GS1-EPCIS-Capture-Limit": str(EVENTS_PER_ACTION),
    "GS1-EPCIS-Capture-File-Size-Limit": str(DOCUMENT_BYTES),
}


class Manner(NamedTuple):
    """How a client wants events: in which binding, and how identifiers and words are written."""

    xml: bool
    epcs: str
    words: str

    @property
    def told(self) -> dict[str, str]:
        """The headers that say so."""
        return ANSWERED | {"GS1-EPC-Format": self.epcs} | ({"GS1-CBV-XML-Format": self.words} if self.xml else {})


USUAL: Final = Manner(False, EPC_FORMAT, WEB)
"""What a client gets that asks for nothing in particular."""


def ensure_spoken(request: Connection, *, xml: bool = False) -> None:
    """Refuse a request for another version, format or media type than there is (406); `xml` says that XML is."""
    headers = request.headers
    for standard in ("EPCIS", "CBV"):
        exact = _version(headers.get(f"gs1-{standard}-version", ""), f"GS1-{standard}-Version")
        least = _version(headers.get(f"gs1-{standard}-min", ""), f"GS1-{standard}-Min")
        most = _version(headers.get(f"gs1-{standard}-max", ""), f"GS1-{standard}-Max")
        if (
            (exact and exact[:2] != OURS[: len(exact)])
            or (least and least[:2] > OURS)
            or (most and most < OURS[: len(most)])
        ):
            raise Problem("trace.epcis_version", field=f"GS1-{standard}-Version", expected=VERSION)
    for name, known in (("GS1-EPC-Format", EPC_FORMATS), ("GS1-CBV-XML-Format", WORD_FORMATS)):
        if headers.get(name.lower(), NO_PREFERENCE) not in known:
            raise Problem("trace.epcis_format", field=name, expected=" or ".join(known))
    spoken = (*MEDIA_TYPES, *XML) if xml else MEDIA_TYPES
    if not quality(headers.get("accept", "*/*"), spoken):
        raise Problem("trace.epcis_format", field="Accept", expected=" or ".join(spoken))


def manner_of(request: Connection) -> Manner:
    """What an admitted request asks for; JSON where it takes both alike."""
    headers, accept = request.headers, request.headers.get("accept", "*/*")
    epcs, words = (headers.get(name, NO_PREFERENCE) for name in ("gs1-epc-format", "gs1-cbv-xml-format"))
    return Manner(
        quality(accept, XML) > quality(accept, MEDIA_TYPES),
        USUAL.epcs if epcs == NO_PREFERENCE else epcs,
        USUAL.words if words == NO_PREFERENCE else words,
    )


def quality(accept: str, media_types: tuple[str, ...]) -> float:
    """How much an `Accept` header wants the one of these that it wants most."""
    return max(_quality(accept, each) for each in media_types)


def _quality(accept: str, wanted: str) -> float:
    """RFC 9110, 12.5.1; what cannot be read asks for nothing in particular."""
    exact, wide = [], []
    for part in accept[:1000].split(","):
        media_type, *parameters = (each.strip().lower() for each in part.split(";"))
        weights = [each.removeprefix("q=") for each in (one.replace(" ", "") for one in parameters) if each[:2] == "q="]
        weight = float(weights[0]) if weights and _WEIGHT.fullmatch(weights[0]) else 1.0
        if media_type == wanted:
            exact.append(weight)
        elif media_type in ("*/*", "application/*" if wanted.startswith("application/") else "text/*", ""):
            wide.append(weight)
    return max(exact or wide, default=0.0)


def error_behaviour(request: Connection) -> str:
    """What a capture does with its valid events when others are not: `rollback` unless the client says `proceed`."""
    behaviour = request.headers.get("gs1-capture-error-behaviour", ROLLBACK)
    if behaviour not in (ROLLBACK, PROCEED):
        raise Problem("trace.epcis_behaviour", field="GS1-Capture-Error-Behaviour", expected=f"{ROLLBACK} or {PROCEED}")
    return behaviour


def _version(text: str, field: str) -> tuple[int, ...]:
    parts = text.strip().split(".") if text else []
    if any(not (part.isascii() and part.isdigit() and len(part) <= 6) for part in parts):
        raise Problem("trace.epcis_version", field=field, expected=VERSION)
    return tuple(map(int, parts))
