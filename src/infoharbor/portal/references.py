"""What fields point to: the records behind identifiers, under the names that people know them by."""

import itertools
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from infoharbor.contracts.trace.pages import label_of
from infoharbor.edgekit.pages import Refer
from infoharbor.kernel.records import PUBLIC, Record, record_type
from infoharbor.portal.codes import measure_name
from infoharbor.portal.shell import Page, record_url

OFFERED: Final = 200
"""Of more records than these a form offers the first; any other is typed."""
CHOSEN: Final = 50
"""Up to so many, if they are all that there are, are chosen from a list that takes nothing else."""


def referred(page: Page, contract: str, field: str, beside: Mapping[str, Any], value: Any) -> tuple[str, str] | None:
    """The address and the name of the record that the field points to; None where the reader may read none. `beside` is
    the fields that stand with it."""
    refer = page.ledger.references.get((contract, field))
    if refer is None:
        return None
    key = [value if name == field else beside.get(name) for name in refer.key or (field,)]
    if any(part is None or part == "" for part in key):
        return None
    with page.ledger.sight(page.client.reader) as sight:
        found = sight.find(refer.of, *key)
    return None if found is None else (record_url(record_type(refer.of).path_of(found)), name_of(page, refer, found))


def known(page: Page, contract: str, field: str) -> tuple[list[tuple[str, str]], bool]:
    """The keys, with names, of the records that the field may point to, and whether they are all that there are; nothing
    where it points nowhere, or where the key has more parts."""
    refer = page.ledger.references.get((contract, field))
    if refer is None or refer.key:
        return [], False
    with page.ledger.sight(page.client.reader) as sight:
        found = list(itertools.islice(sight.scan(refer.of), OFFERED + 1))
    kind = record_type(refer.of)
    named = [(str(getattr(each, kind.key[0])), name_of(page, refer, each)) for each in found[:OFFERED]]
    return named, kind.visible == PUBLIC and len(found) <= CHOSEN


def name_of(page: Page, refer: Refer, record: Record) -> str:
    """What people call it; what a label of it says where it has no name."""
    said = [_said(page, name, getattr(record, name)) for name in refer.by]
    if "name" in refer.by and page.language != "zh":
        said[refer.by.index("name")] = getattr(record, "name_en", "") or said[refer.by.index("name")]
    key = str(msgspec.structs.asdict(record)[record_type(refer.of).key[-1]])
    return " · ".join(each for each in said if each) or label_of(key)


def _said(page: Page, field: str, value: Any) -> str:
    if value in page.organisations:
        return page.organisation_name(value)
    return measure_name(value, page.texts) if field == "unit" else str(value)
