"""Whether the masses add up: what came, was made, used and is left, by site and season; and each production's yield."""

from collections.abc import Iterator
from typing import Final

from infoharbor.contracts.farm.land import ProductClass, Site
from infoharbor.contracts.farm.pages.units import PRODUCT, UNIT_COLUMN, class_of, mass, named
from infoharbor.contracts.farm.records import Lot, LotStatus, Production, ProductionKind
from infoharbor.contracts.trace.pages import label_of
from infoharbor.contracts.trace.records import Effect, Mention
from infoharbor.contracts.trace.rules import uri_of
from infoharbor.edgekit.indexes import Index
from infoharbor.edgekit.reports import Bars, Column, Kind, Named, Row, report
from infoharbor.edgekit.selecting import Linked
from infoharbor.edgekit.sight import Sight

MADE: Final = {Effect.CREATE, Effect.OUTPUT}
SITE: Final = Linked(Mention, ("place",), {"effect": MADE}, {"captured_by": "producer"})
"""Where a lot came into being: the place that its producer's event gives."""
summed_lots = Index(
    Lot,
    ("holder", "jurisdiction", "product", "status", "producer", "season", "harvested", SITE),
    sums=("grams", "used"),
)
GLN: Final = "(414)"
PRODUCER: Final = Column("producer", Kind.ORGANISATION, "Producer", "生产方")


@report(
    "stock", "Stock by product", "各类产品存量",
    about_en="Lots that were not disposed of, by holder and class: what was made, what went on, what is left.",
    about_zh="未销毁的批次，按持有方与类别：产出、投入使用与余量。",
    columns=(
        Column("holder", Kind.ORGANISATION, "Holder", "持有方"),
        PRODUCT,
        Column("status", Kind.WORD, "Status", "状态"),
        Column("lots", Kind.COUNT, "Lots", "批次数"),
        mass("grams", "Made", "产出"),
        mass("used", "Went into other lots", "投入其他批次"),
        mass("left", "Left", "余量"),
        UNIT_COLUMN,
    ),
    chart=Bars("product", "left", by="holder"),
)  # fmt: skip
def stock(read: Sight, holder: str = "") -> Iterator[Row]:
    asked = {"status": {LotStatus.MADE, LotStatus.RELEASED}} | ({"holder": holder} if holder else {})
    for total in read.totals(Lot, asked, by=("holder", "jurisdiction", "product", "status"), sums=("grams", "used")):
        grams, used = total.sums
        owner, place, product, status = total.by
        yield (owner, class_of(read, place, product), status, total.records, grams, used, grams - used, "kg")


@report(
    "balance", "Mass balance by site and season", "各地点各季物料平衡",
    about_en="Harvested and made, less what went into other lots and what was disposed of, is what is left. The site is "
    "where the producer's events say that the lot came into being; a mixture of seasons stands by itself.",
    about_zh="采收与加工所得，减去投入其他批次及销毁，即为余量。地点以生产方追溯事件所记为准；跨季拼配单列。",
    columns=(
        PRODUCER,
        Column("site", Kind.NAMED, "Site", "地点"),
        Column("season", Kind.WORD, "Season", "采收季"),
        PRODUCT,
        Column("lots", Kind.COUNT, "Lots", "批次数"),
        mass("harvested", "Harvested", "采收"),
        mass("made", "Made", "加工所得"),
        mass("used", "Went into other lots", "投入其他批次"),
        mass("disposed", "Disposed of", "销毁"),
        mass("left", "Left", "余量"),
        UNIT_COLUMN,
    ),
)  # fmt: skip
def balance(read: Sight, producer: str = "", season: str = "") -> Iterator[Row]:
    sums: dict[tuple[str, str, str, str, str], list[int]] = {}
    asked = {name: value for name, value in (("producer", producer), ("season", season)) if value}
    by = ("producer", SITE, "season", "jurisdiction", "product", "status", "harvested")
    for total in read.totals(Lot, asked, by=by, sums=("grams", "used")):
        who, site, harvest, place, product, status, harvested = total.by
        key = (who, site, harvest, place, product)
        grams, used = total.sums
        came = (grams, 0) if harvested else (0, grams)
        left = (grams - used, 0) if status == LotStatus.DISPOSED else (0, grams - used)
        added = (total.records, *came, used, *left)
        row = sums.get(key, [0] * len(added))
        sums[key] = [one + more for one, more in zip(row, added, strict=True)]
    for key in sorted(sums):
        who, site, harvest, place, product = key
        yield (who, _site(read, site), harvest, class_of(read, place, product), *sums[key], "kg")


@report(
    "yields", "Productions and their yield", "生产记录与得率",
    about_en="What went in and what came out, beside the most that the class yields.",
    about_zh="投入与产出，以及该类产品的最高得率。",
    columns=(
        Column("happened_at", Kind.INSTANT, "Happened at", "发生时间"),
        Column("recorded_by", Kind.ORGANISATION, "Recorded by", "登记方"),
        Column("kind", Kind.WORD, "Kind", "种类"),
        Column("first", Kind.TEXT, "First lot made", "首个产出批次"),
        mass("inputs", "Went in", "投入"),
        mass("outputs", "Came out", "产出"),
        UNIT_COLUMN,
        Column("yield", Kind.SHARE, "Yield", "得率"),
        Column("most", Kind.SHARE, "At most", "最高"),
        Column("conforms", Kind.FLAG, "Conforms", "合规"),
    ),
)  # fmt: skip
def yields(read: Sight, recorded_by: str = "") -> Iterator[Row]:
    for each in read.select(Production, {"recorded_by": recorded_by} if recorded_by else {}, order_by="-happened_at"):
        lots = [lot for output in each.outputs if (lot := read.find(Lot, output)) is not None]
        went, came = sum(part.grams for part in each.inputs), sum(lot.grams for lot in lots)
        classes = [read.find(ProductClass, lot.jurisdiction, lot.product) for lot in lots[:1]]
        most = next((found.most_yield for found in classes if found is not None), None)
        most = most if each.kind == ProductionKind.MAKE else 10_000
        clean = all(not lot.breaks for lot in lots)
        about = (each.happened_at, each.recorded_by, each.kind, label_of(each.outputs[0]))
        yield (*about, went, came, "kg", came * 10_000 // went, most, clean)


def _site(read: Sight, place: str) -> Named | None:
    """A place by its GLN or other identifier, with what people call it."""
    if not place:
        return None
    label = label_of(place)
    return named(label.removeprefix(GLN) if label.startswith(GLN) else uri_of(place), read.find(Site, place))
