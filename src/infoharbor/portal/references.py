"""What fields point to: the records behind identifiers, under the names that people know them by."""

import itertools
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from infoharbor.contracts.farm.land import Site
from infoharbor.contracts.trace.pages import label_of
from infoharbor.edgekit.json_form import is_instant, shape_of
from infoharbor.edgekit.pages import Refer
from infoharbor.kernel.records import PUBLIC, Record, Status, record_type
from infoharbor.portal.codes import measure_name
from infoharbor.portal.naming import code_word, status_word
from infoharbor.portal.shell import Page, record_url

OFFERED: Final = 200
"""Of more records than these a form offers the first; any other is typed."""
CHOSEN: Final = 50
"""Up to so many, if they are all that there are, are chosen from a list that takes nothing else."""


JURISDICTION: Final = "jurisdiction"
NAMED: Final = Refer(Site, by=("name",))


def referred(page: Page, contract: str, field: str, beside: Mapping[str, Any], value: Any) -> tuple[str, str] | None:
    """The address and the name of the record that the field points to; None where the reader may read none."""
    found = pointed(page, contract, field, beside, value)
    if found is None:
        return None
    refer, record = found
    return record_url(record_type(refer.of).path_of(record)), name_of(page, refer, record)


def pointed(
    page: Page, contract: str, field: str, beside: Mapping[str, Any], value: Any
) -> tuple[Refer, Record] | None:
    """The record that the field points to; None where the reader may read none. `beside` is the fields that stand with
    it."""
    refer = page.ledger.references.get((contract, field))
    while refer is not None:
        key = [value if name == field else _beside(page, refer, name, beside) for name in refer.key or (field,)]
        if all(part not in (None, "") for part in key):
            with page.ledger.sight(page.client.reader) as sight:
                found = sight.find(refer.of, *key)
            if found is not None:
                return refer, found
        refer = refer.otherwise
    return None


def _beside(page: Page, refer: Refer, name: str, beside: Mapping[str, Any]) -> Any:
    """The part of the key that the field of this name says; of a jurisdiction that none says, the home's country."""
    at_home = page.organisations.get(beside.get(refer.home, "")) if refer.home and name == JURISDICTION else None
    return at_home.country if name not in beside and at_home is not None else beside.get(name)


def placed(page: Page, key: str) -> tuple[str, str] | None:
    """The address and the name of the place with this key; None where nobody has named it."""
    with page.ledger.sight(page.client.reader) as sight:
        found = sight.find(Site, key)
    return None if found is None else (record_url(record_type(Site).path_of(found)), name_of(page, NAMED, found))


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
    said = [_said(page, refer.of, name, getattr(record, name)) for name in refer.by]
    if "name" in refer.by and page.language != "zh":
        said[refer.by.index("name")] = getattr(record, "name_en", "") or said[refer.by.index("name")]
    key = str(msgspec.structs.asdict(record)[record_type(refer.of).key[-1]])
    return " · ".join(each for each in said if each) or label_of(key)


def _said(page: Page, of: type[Record], field: str, value: Any) -> str:
    contract, kind = record_type(of).contract, next(each.type for each in shape_of(of).fields if each.name == field)
    if isinstance(value, Status):
        return status_word(page, contract, value)
    if is_instant(kind):
        return page.moment(value)
    if value in page.organisations:
        return page.organisation_name(value)
    return measure_name(value, page.texts) if field == "unit" else code_word(page, contract, str(value))
