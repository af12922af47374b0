"""Lists the records of a table: filtered by fields, a page at a time, only what the reader may read."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from infoharbor.edgekit.json_form import shape_of, to_json
from infoharbor.edgekit.sight import Seen, Sight
from infoharbor.kernel.records import RecordType
from infoharbor.sdk.cursors import Cursors
from infoharbor.sdk.problems import Problem

PAGE: Final = 100
PAGE_MAX: Final = 1_000
EXAMINED_MAX: Final = 10_000
"""How many records one request looks through; a page may so be short of its limit, and still have a next one."""


class Page(NamedTuple):
    """Some items, and the cursor of what follows them, if anything may."""

    items: list[Seen]
    next: str | None


def list_records(
    sight: Sight, kind: RecordType, filters: Mapping[str, str], *, limit: int, after: str, cursors: Cursors
) -> Page:
    """Living records whose fields equal the filters, or hold them where the field is a list; ascending by path."""
    fields = {field.name for field in shape_of(kind.of).fields}
    unknown = next((name for name in filters if name not in fields), None)
    if unknown is not None:
        raise Problem("input.field_unknown", field=unknown[:100], expected=f"a field of {kind.contract}/{kind.table}")
    prefix = kind.prefix + _leading(kind, filters)
    place = cursors.open(after) if after else ""
    if place and not place.startswith(kind.prefix):
        raise Problem("input.cursor", field="after", expected="the `next` of an answer for the same table")
    items: list[Seen] = []
    for examined, (path, entry) in enumerate(sight.view.scan(prefix, place), 1):
        if len(items) == limit or examined > EXAMINED_MAX:
            return Page(items, cursors.seal(place))
        place = path
        seen = sight.see(path, entry) if entry.value else None
        if seen is not None and _fits(seen, filters):
            items.append(seen)
    return Page(items, None)


def _leading(kind: RecordType, filters: Mapping[str, str]) -> str:
    """The part of the key that the filters give: only what begins with it is looked through."""
    leading = ""
    for part in kind.key[:-1]:
        if part not in filters or not filters[part]:
            return leading
        leading += f"{filters[part]}/"
    return leading


def _fits(seen: Seen, filters: Mapping[str, str]) -> bool:
    if not filters:
        return True
    form = to_json(seen.record)
    return all(_equals(form[name], wanted) for name, wanted in filters.items())


def _equals(value: Any, wanted: str) -> bool:
    if isinstance(value, list):
        return any(_equals(each, wanted) for each in value)
    if isinstance(value, bool):
        return wanted == ("true" if value else "false")
    return wanted == ("" if value is None else str(value))
