"""The identifiers of one document in normal form, each read once however often it is named."""

from infoharbor.contractkit import gs1


class Links:
    """Canonical Digital Links by the URI as written: one pallet stands in many events of a document."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, str, gs1.Gs1Fault | None]] = {}
        self.checked: set[str] = set()
        """Those that may stand where an identifier is asked for."""

    def normal(self, uri: str) -> str:
        """The canonical Digital Link with all qualifiers; other URIs as they are; raises `Gs1Fault`."""
        link, _, fault = self._known.get(uri) or self._read(uri)
        if fault is not None:
            raise fault
        return link

    def finest(self, uri: str) -> str:
        """The link at its finest level for the event hash; a text that is no GS1 key stays as it is."""
        return (self._known.get(uri) or self._read(uri))[1]

    def _read(self, uri: str) -> tuple[str, str, gs1.Gs1Fault | None]:
        entry: tuple[str, str, gs1.Gs1Fault | None]
        try:
            key = gs1.read(uri)
        except gs1.Gs1Fault as fault:
            entry = (uri, uri, fault)
        else:
            both = (uri, uri) if key is None else (gs1.digital_link(key), gs1.digital_link(gs1.finest(key)))
            entry = (*both, None)
        self._known[uri] = entry
        return entry
