"""Events on their way out: whole to their owner, the public part to every other reader."""

from typing import Any, Final, NamedTuple

from infoharbor.contracts.identity.records import Organisation
from infoharbor.contracts.trace.exchange.capturing import digest_of, held_in, keyed_digest_of, public_part
from infoharbor.contracts.trace.exchange.names import STANDARD_CONTEXT
from infoharbor.contracts.trace.exchange.rebuild import rebuild
from infoharbor.contracts.trace.records import Event
from infoharbor.edgekit.sight import Sight
from infoharbor.engine.interface import Refused
from infoharbor.kernel.readers import Reader
from infoharbor.kernel.records import record_type
from infoharbor.sdk.local import Ledger
from infoharbor.vault.vaults import Vaults

PAGE_BYTES: Final = 4 * 1024 * 1024
"""A page of large events ends early: the standard lets it."""


class Page(NamedTuple):
    """Events, and the key after which the next page begins; empty at the end."""

    events: list[dict[str, Any]]
    next: str


class Events:
    """What readers may see of `trace/events`."""

    def __init__(self, ledger: Ledger, vaults: Vaults) -> None:
        self._ledger, self._vaults = ledger, vaults

    def page(self, reader: Reader, *, after: str, limit: int) -> Page:
        """Up to `limit` events in the order of their keys, from beyond `after`."""
        found: list[dict[str, Any]] = []
        size, last = 0, ""
        prefix = record_type(Event).prefix
        with self._ledger.sight(reader) as sight:
            for seen in sight.living(prefix, after and prefix + after):
                if len(found) == limit or size > PAGE_BYTES:
                    return Page(found, last)
                found.append(self.whole(reader, seen.record))
                size += len(seen.entry.value)
                last = seen.path.removeprefix(prefix)
        return Page(found, "")

    def find(self, reader: Reader, event_id: str) -> dict[str, Any] | None:
        """The event with this id, the reader's own first: an id may have been used by several members."""
        with self._ledger.sight(reader) as sight:
            for owner, digest in self._places(sight, reader, event_id):
                found = sight.find(Event, owner, digest)
                if found is not None:
                    return self.whole(reader, found)
        return None

    def whole(self, reader: Reader, record: Event) -> dict[str, Any]:
        """The event as this reader may have it. The owner's vault gives the rest, unless it was erased or lies
        elsewhere."""
        held = None
        if reader.organisation == record.captured_by and record.commitment:
            try:
                held = held_in(self._vaults.of(reader.organisation).get(record.commitment).content)
            except Refused as refused:
                if refused.code != "vault.unknown":
                    raise
        return rebuild(public_part(record), held, record_time=record.record_time)

    def _places(self, sight: Sight, reader: Reader, event_id: str) -> Any:
        digest = digest_of(event_id)
        if reader.is_member:
            if event_id.startswith("ni:"):
                yield reader.organisation, keyed_digest_of(event_id, self._vaults.digest_secret(reader.organisation))
            yield reader.organisation, digest
        for organisation in sight.scan(Organisation):
            if organisation.id != reader.organisation:
                yield organisation.id, digest


def as_document(event: dict[str, Any]) -> dict[str, Any]:
    """An event that stands alone, with the context that it needs."""
    return event | {"@context": [STANDARD_CONTEXT, *event.get("@context", ())]}
