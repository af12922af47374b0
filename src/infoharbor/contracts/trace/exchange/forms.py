"""How an event's identifiers are written: as GS1 Digital Links, as EPC URNs, or as they came."""

from collections.abc import Callable
from typing import Any, Final

from infoharbor.contractkit import gs1
from infoharbor.contracts.trace.exchange.faults import EventFault

Writing = Callable[[dict[str, Any]], dict[str, Any]]
PrefixLength = Callable[[str], int | None]
"""How many digits the company prefix in a Digital Link has, if anyone here knows: a link itself does not tell."""

_LISTS: Final = ("epcList", "childEPCs", "inputEPCList", "outputEPCList")
_SINGLE: Final = ("parentID", "transformationID")
_ITEMS: Final = {
    **dict.fromkeys(("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList"), "epcClass"),
    "bizTransactionList": "bizTransaction",
    "sourceList": "source",
    "destinationList": "destination",
}
_PLACES: Final = ("readPoint", "bizLocation")


def as_written(event: dict[str, Any]) -> dict[str, Any]:
    """The event as it is."""
    return event


def with_links(event: dict[str, Any]) -> dict[str, Any]:
    """The event with each GS1 key as a canonical Digital Link; other identifiers stay."""
    return _translated(event, _link)


def with_urns(event: dict[str, Any], prefix_length: PrefixLength) -> dict[str, Any]:
    """The event with each GS1 key as an EPC URN. Raises `EventFault` where nobody knows how long a company prefix is:
    a wrong guess would name someone else's goods."""

    def urn(uri: str) -> str:
        key = None if uri.startswith("urn:") else _key(uri)
        if key is None:
            return uri
        length = prefix_length(gs1.digital_link(key))
        if length is None:
            expected = f"Always_GS1_Digital_Link: the length of the company prefix in {uri} is not on this ledger"
            raise EventFault("epcis_prefix_length", expected, "GS1-EPC-Format")
        return gs1.epc_uri(key, length)

    return _translated(event, urn)


def _translated(event: dict[str, Any], one: Callable[[str], str]) -> dict[str, Any]:
    event = dict(event)
    for name in _LISTS:
        if name in event:
            event[name] = _each(event[name], one)
    for name in _SINGLE:
        if name in event:
            event[name] = one(event[name])
    for name in _PLACES:
        if name in event:
            event[name] = event[name] | {"id": one(event[name]["id"])}
    for name, key in _ITEMS.items():
        if name in event:
            event[name] = [item | {key: one(item[key])} for item in event[name]]
    return event


def _link(uri: str) -> str:
    key = _key(uri)
    return uri if key is None else gs1.digital_link(key)


def _key(uri: str) -> gs1.Key | None:
    """The GS1 key, if it is one: what a member wrote past every gateway may be a broken one."""
    try:
        return gs1.read(uri)
    except gs1.Gs1Fault:
        return None


def _each(uris: list[str], one: Callable[[str], str]) -> list[str]:
    """The list in one notation, unless it names one thing in two: items are unique."""
    written = [one(each) for each in uris]
    return written if len(set(written)) == len(written) else uris
