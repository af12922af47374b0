"""What may still be sold under an indication: quota by season, older stock, and certificates with their time to run."""

from collections.abc import Iterator
from typing import Final

from infoharbor.contracts.farm.certificates import Certificate
from infoharbor.contracts.farm.indications import Cellar, Indication, Quota, Season, allowance
from infoharbor.contracts.farm.pages.units import UNIT_COLUMN, mass, named
from infoharbor.edgekit.languages import Sentence
from infoharbor.edgekit.reports import Bars, Column, Kind, Row, report
from infoharbor.edgekit.sight import Sight

DAY_MS: Final = 24 * 60 * 60 * 1000
FOREVER: Final = 2**62
INDICATION: Final = Column("indication", Kind.NAMED, "Indication", "地理标志")
LICENSEE: Final = Column("licensee", Kind.ORGANISATION, "Licensee", "被授权方")


@report(
    "quota", "Quota left by season", "各季剩余配额",
    about_en="What the area allotted to a licensee may bring in a season, what was claimed or carried over, and what is left.",
    about_zh="被授权方所计地块当季可产数量、已申领与已结转数量及余量。",
    columns=(
        INDICATION,
        Column("season", Kind.TEXT, "Season", "采收季"),
        LICENSEE,
        Column("square_metres", Kind.COUNT, "Area in square metres", "面积（平方米）"),
        mass("allowed", "Allowed", "核定"),
        mass("claimed", "Claimed", "已申领"),
        mass("carried", "Carried over", "已结转"),
        mass("remaining", "Left", "余量"),
        UNIT_COLUMN,
        Column("closes_at", Kind.INSTANT, "Closes at", "配额截止"),
    ),
    chart=Bars("season", "remaining", by="licensee"),
)  # fmt: skip
def quota(read: Sight, licensee: str = "") -> Iterator[Row]:
    for each in read.select(Quota, {"licensee": licensee} if licensee else {}):
        season = read.find(Season, each.indication, each.season)
        if season is not None:
            allowed = allowance(each.square_metres, season)
            amounts = (allowed, each.claimed, each.carried, each.remaining(season), "kg")
            name = named(each.indication, read.find(Indication, each.indication))
            yield (name, each.season, each.licensee, each.square_metres, *amounts, season.closes_at)


@report(
    "cellar", "Quota for aged goods", "陈货配额",
    about_en="Stock declared at the start and quota carried over, less what was claimed of it.",
    about_zh="期初申报与历季结转，减去已申领。",
    columns=(
        INDICATION,
        LICENSEE,
        mass("opening", "Declared at the start", "期初申报"),
        mass("carried", "Carried over", "结转"),
        mass("claimed", "Claimed", "已申领"),
        mass("remaining", "Left", "余量"),
        UNIT_COLUMN,
    ),
)  # fmt: skip
def cellar(read: Sight, licensee: str = "") -> Iterator[Row]:
    for each in read.select(Cellar, {"licensee": licensee} if licensee else {}):
        amounts = (each.opening, each.carried, each.claimed, each.remaining, "kg")
        name = named(each.indication, read.find(Indication, each.indication))
        yield (name, each.licensee, *amounts)


@report(
    "certificates", "Certificates and when they end", "证书及到期时间",
    about_en="The next to end comes first; a certificate counts only while it is in force.",
    about_zh="最先到期者在前；证书仅在有效期内有效。",
    columns=(
        Column("id", Kind.TEXT, "Number", "编号"),
        Column("scheme", Kind.WORD, "Scheme", "认证制度"),
        Column("body", Kind.ORGANISATION, "Certifier", "认证机构"),
        Column("holder", Kind.ORGANISATION, "Holder", "持有方"),
        Column("until", Kind.INSTANT, "Valid until", "有效期至"),
        Column("days", Kind.COUNT, "Days left", "剩余天数"),
        Column("in_force", Kind.FLAG, "In force", "有效"),
        Column("status", Kind.WORD, "Status", "状态"),
    ),
    labels={"within_days": Sentence("Ends within so many days", "多少天内到期")},
)  # fmt: skip
def certificates(read: Sight, holder: str = "", body: str = "", within_days: int = 0) -> Iterator[Row]:
    asked = {name: value for name, value in (("holder", holder), ("body", body)) if value}
    found = sorted(read.select(Certificate, asked, limit=10_000), key=lambda each: (each.until or FOREVER, each.id))
    for each in found:
        days = (each.until - read.now) // DAY_MS if each.until else None
        if within_days and (days is None or days > within_days):
            continue
        who = (each.id, each.scheme, each.body, each.holder)
        yield (
            *who,
            each.until or None,
            None if days is None else max(days, 0),
            each.is_in_force(read.now),
            each.status,
        )
