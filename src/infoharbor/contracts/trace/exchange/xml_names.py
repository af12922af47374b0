"""Names between the bindings: XML's namespaces as the prefixes that a JSON-LD context declares."""

from collections.abc import Iterator
from typing import Any, Final

from infoharbor.contracts.trace.exchange.faults import EventFault
from infoharbor.contracts.trace.exchange.names import CONTEXT_ENTRIES, FIXED, IMPLICIT, Names

EPCIS_1: Final = "urn:epcglobal:epcis:xsd:1"
EPCIS_2: Final = "urn:epcglobal:epcis:xsd:2"
QUERY_1: Final = "urn:epcglobal:epcis-query:xsd:1"
QUERY_2: Final = "urn:epcglobal:epcis-query:xsd:2"
STANDARD: Final = ("", EPCIS_1, EPCIS_2, QUERY_1, QUERY_2)
"""Where the standard's own elements are: in no namespace, as it has them, or in its own, as many write them."""
INSTANCE: Final = "http://www.w3.org/2001/XMLSchema-instance"
OF_XML: Final = (INSTANCE, "http://www.w3.org/XML/1998/namespace")
"""Attributes of these namespaces speak of the XML, not of the event."""
_OF_STANDARD: Final = {meaning.rstrip(":"): prefix for prefix, meaning in (IMPLICIT | FIXED).items()}


class Prefixes:
    """The prefixes of one event: those in force around it, and one for each namespace that comes up inside."""

    def __init__(self, scope: dict[str, str]) -> None:
        self._own = {prefix: namespace for prefix, namespace in scope.items() if prefix}
        for namespace in self._own.values():
            _check(namespace)
        self._by_namespace = {namespace: prefix for prefix, namespace in self._own.items()}

    @property
    def names(self) -> Names:
        """What a JSON-LD context of the event would declare."""
        return Names(dict(self._own))

    def name(self, namespace: str, local: str, prefix: str) -> str:
        """`prefix:local`, or the local name alone for one of no namespace."""
        if not namespace:
            return local
        return f"{self._by_namespace.get(namespace) or self._given(namespace, prefix)}:{local}"

    def _given(self, namespace: str, prefix: str) -> str:
        _check(namespace)
        standard = _OF_STANDARD.get(namespace.rstrip(":"), "")
        wanted = standard or prefix
        if not wanted or self._own.get(wanted, namespace) != namespace or (not standard and wanted in IMPLICIT | FIXED):
            wanted = next(each for each in _numbered() if each not in self._own)
        if len(self._own) >= CONTEXT_ENTRIES:
            raise EventFault("epcis_context", f"at most {CONTEXT_ENTRIES} namespaces in one event")
        self._own[wanted] = namespace
        self._by_namespace[namespace] = wanted
        return wanted


def used(tree: Any, own: dict[str, str]) -> dict[str, str]:
    """Those of an event's own prefixes that its names or compact URIs begin with."""
    found = {text.partition(":")[0] for text in _texts(tree) if ":" in text}
    return {prefix: namespace for prefix, namespace in own.items() if prefix in found}


def _texts(tree: Any) -> Iterator[str]:
    waiting = [tree]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield from one
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
        elif isinstance(one, str):
            yield one


def _check(namespace: str) -> None:
    if ":" not in namespace:
        raise EventFault("epcis_context", "a namespace that is a URI")


def _numbered() -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"n{number}"
