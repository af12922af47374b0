"""JSON-LD names: what a prefix stands for in a document or event, without fetching any context."""

from typing import Any, Final

from infoharbor.contracts.trace.exchange.faults import EventFault

STANDARD_CONTEXT: Final = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
STANDARD_CONTEXT_NAME: Final = "epcis-context.jsonld"
CONTEXT_ENTRIES: Final = 32
FIXED: Final = {"gs1": "https://ref.gs1.org/voc/"}
"""Prefixes that mean the same whatever a document's context says (CBV event hash)."""
IMPLICIT: Final = {
    "cbv": "https://ref.gs1.org/cbv/",
    "epcis": "https://ref.gs1.org/epcis/",
    "cbvmda": "urn:epcglobal:cbv:mda",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
}
"""Prefixes of the standard's own context, which a document may declare again."""
STANDARD: Final = IMPLICIT | FIXED
PUBLIC_NAMESPACES: Final = frozenset({IMPLICIT["cbvmda"]})
"""Whose extensions may stand on the ledger: the standard's own master data, and what the members vote to
`NAMESPACES_TABLE`."""
NAMESPACES_TABLE: Final = "epcis-public-namespaces"


class Names:
    """The prefixes in force at one place; `own` are those declared beyond the standard's context."""

    def __init__(self, own: dict[str, str]) -> None:
        self.own = own
        self._prefixes = IMPLICIT | own | FIXED if own else STANDARD
        self._expanded: dict[str, str] = {}

    def declare(self, context: Any) -> "Names":
        """These names and those of a further `@context`; refuses one whose form is not JSON-LD's."""
        own = dict(self.own)
        for entry in _entries(context):
            if isinstance(entry, dict):
                own.update(_prefixes(entry))
        return Names(own) if own != self.own else self

    def namespace(self, name: str) -> str:
        """The namespace that the prefix of `name` stands for, or an empty text where none is declared."""
        return self._prefixes.get(name.partition(":")[0], "")

    def expand(self, name: str) -> str:
        """`{namespace}local` for a prefixed name; the name itself where its prefix is not declared."""
        expanded = self._expanded.get(name)
        if expanded is None:
            namespace = self.namespace(name) if ":" in name else ""
            expanded = f"{{{namespace}}}{name.partition(':')[2]}" if namespace else name
            self._expanded[name] = expanded
        return expanded


def check_standard(context: Any) -> None:
    """Refuse a document whose `@context` lacks the EPCIS context: bare words would mean nothing."""
    entries = _entries(context)
    if not any(isinstance(entry, str) and entry.endswith(STANDARD_CONTEXT_NAME) for entry in entries):
        raise EventFault("epcis_context", STANDARD_CONTEXT)


def _entries(context: Any) -> list[Any]:
    entries = context if isinstance(context, list) else [context]
    if len(entries) > CONTEXT_ENTRIES or not all(isinstance(entry, (str, dict)) for entry in entries):
        raise EventFault("epcis_context", f"at most {CONTEXT_ENTRIES} URIs and objects of prefixes")
    return entries


def _prefixes(entry: dict[str, Any]) -> dict[str, str]:
    prefixes = {}
    for name, meaning in entry.items():
        iri = meaning.get("@id") if isinstance(meaning, dict) else meaning
        if name.startswith("@") or not isinstance(iri, str):
            continue
        if ":" not in iri:
            raise EventFault("epcis_context", "a namespace that is a URI").below(name)
        prefixes[name] = iri
    if len(prefixes) > CONTEXT_ENTRIES:
        raise EventFault("epcis_context", f"at most {CONTEXT_ENTRIES} prefixes")
    return prefixes
