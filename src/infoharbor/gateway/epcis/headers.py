"""The GS1 headers: what this server speaks, and whether that is what a client asks for."""

from importlib.metadata import version
from typing import Final

from infoharbor.contracts.trace.actions import EVENTS_PER_ACTION
from infoharbor.contracts.trace.exchange.document import DOCUMENT_BYTES
from infoharbor.gateway.exchange import Asked
from infoharbor.sdk.problems import Problem

VERSION: Final = "2.0.0"
OURS: Final = (2, 0)
EPC_FORMAT: Final = "Always_GS1_Digital_Link"
EPC_FORMATS: Final = ("No_Preference", EPC_FORMAT)
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
    "GS1-CBV-XML-Format": "No_Preference",
    "GS1-Vendor-Version": f"InfoHarbor-{version('infoharbor')}",
}
CAPTURE_LIMITS: Final = {
    "GS1-EPCIS-Capture-Limit": str(EVENTS_PER_ACTION),
    "GS1-EPCIS-Capture-File-Size-Limit": str(DOCUMENT_BYTES),
}


def ensure_spoken(request: Asked) -> None:
    """Refuse a request for another version, format or media type than this server has (406)."""
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
    wanted = headers.get("gs1-epc-format", EPC_FORMAT)
    if wanted not in EPC_FORMATS:
        raise Problem("trace.epcis_format", field="GS1-EPC-Format", expected=" or ".join(EPC_FORMATS))
    if not accepts_json(headers.get("accept", "*/*")):
        raise Problem("trace.epcis_format", field="Accept", expected=" or ".join(MEDIA_TYPES))


def accepts_json(accept: str) -> bool:
    """Whether an `Accept` header takes JSON (RFC 9110, 12.5.1); what cannot be read asks for nothing in particular."""
    for part in accept[:1000].split(","):
        media_type, *parameters = (each.strip().lower() for each in part.split(";"))
        refused = any(each.replace(" ", "") in ("q=0", "q=0.0", "q=0.00", "q=0.000") for each in parameters)
        if media_type in ("*/*", "application/*", "", *MEDIA_TYPES) and not refused:
            return True
    return False


def error_behaviour(request: Asked) -> str:
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
