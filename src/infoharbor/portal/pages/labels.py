"""Labels to be printed: of a lot with its Digital Link, of a logistic unit with its SSCC."""

from typing import Any, Final

from litestar import Response, get

from infoharbor.contractkit import gs1
from infoharbor.contracts.trace.rules import uri_of
from infoharbor.edgekit.labels import LABELS_MAX, TEXT_MAX, Label, pdf_file, zpl_file
from infoharbor.gateway.exchange import Asked
from infoharbor.portal.origin import Origin, in_words, origin_of
from infoharbor.portal.pages.lot import address_of
from infoharbor.portal.pages.trace import below, identified, link_of, name_of
from infoharbor.portal.shell import Page
from infoharbor.portal.wording import PUBLIC_LANGUAGES
from infoharbor.sdk.problems import Problem

KINDS: Final = {"pdf": (pdf_file, "application/pdf"), "zpl": (zpl_file, "application/zpl")}
LABEL_COST: Final = 20


@get("/labels/{object_id:path}", sync_to_thread=True)
def get_labels(request: Asked) -> Response[bytes]:
    """Labels of a lot, a piece or a unit that the ledger knows; `format` pdf or zpl, `copies` of each, `lang` as ever."""
    page = Page(request, PUBLIC_LANGUAGES, cost=LABEL_COST)
    kind = page.asked.text("format") or "pdf"
    copies = page.asked.integer("copies", 1, 1, LABELS_MAX)
    page.asked.end()
    if kind not in KINDS:
        raise Problem("input.choice", field="format", expected=" or ".join(KINDS))
    write, media_type = KINDS[kind]
    identifier = identified(page, below(request, "/labels/"))
    lot = page.client.query("trace", "lot", {"object": identifier})
    if not link_of(lot["uri"]):
        raise Problem("trace.identifier", field="object", expected="/01/GTIN/10/LOT or /00/SSCC")
    with page.ledger.explained():
        content = write([label_of(page, request, lot)] * copies)
    headers = {"Content-Disposition": f'attachment; filename="label.{kind}"'}
    return Response(content, media_type=media_type, headers=headers)


def label_of(page: Page, request: Asked, lot: dict[str, Any]) -> Label:
    """What is printed: the name, the numbers, what is inside, and the address of the public page."""
    origin = origin_of(page, lot)
    is_unit = lot["key"] == gs1.SSCC
    lines = [] if is_unit else [("GTIN", lot["value"])]
    lines += [(page.texts(f"label.{name}"), lot[name]) for name in ("lot", "serial") if lot[name]]
    lines += _of_lots(page, origin, single=not is_unit)
    named = _short(_name(page, origin) or name_of(page, lot))
    short = tuple((caption, _short(value)) for caption, value in lines if value)
    return Label(named, short[:8], address_of(page, request, uri_of(lot["id"])), lot["value"] if is_unit else "")


def _name(page: Page, origin: Origin) -> str:
    """The indication and the class of the goods, as far as they are known."""
    first = origin.first
    if first is None or first["class"] is None:
        return ""
    field = "name" if page.language == "zh" else "name_en"
    claim = first["claim"]
    protected = claim["indication"][field] if claim is not None and claim["indication"] is not None else ""
    return " · ".join(filter(None, (protected, first["class"][field])))


def _of_lots(page: Page, origin: Origin, *, single: bool) -> list[tuple[str, str]]:
    if not single:
        return [(page.texts("label.inside"), each["lot"]["id"].rpartition("~")[2]) for each in origin.lots[:4]]
    first = origin.first
    if first is None:
        return []
    words = in_words(page)
    harvested = sorted({words["when"](each["at"])[:10] for each in first["harvests"]})
    when = harvested[0] if len(harvested) == 1 else f"{harvested[0]} – {harvested[-1]}" if harvested else ""
    maker = page.organisation_name(first["lot"]["producer"])
    return [(page.texts("label.harvested"), when), (page.texts("label.maker"), maker)]


def _short(text: str) -> str:
    return text if len(text) <= TEXT_MAX else f"{text[: TEXT_MAX - 1]}…"


ROUTES = [get_labels]
