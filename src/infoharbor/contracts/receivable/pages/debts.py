"""What debtors, banks and supervisors ask: who owes what by when, how late, through which line, in which country."""

from collections.abc import Iterator
from typing import Any

from infoharbor.contracts.receivable.pages.holding import (
    BANK,
    CURRENCY,
    DEBTOR,
    DUE_ON,
    FACE,
    RECEIVABLE,
    STATUS,
    asked_for,
    country_of,
    share,
    today_of,
)
from infoharbor.contracts.receivable.records import LATE, OUTSTANDING, Debtor, Line, Receivable
from infoharbor.edgekit.reports import DAILY, Bars, Column, Kind, Row, report
from infoharbor.edgekit.sight import Sight

OWED = Column("outstanding", Kind.MONEY, "Outstanding", "未付", of="currency")
COUNTED = Column("receivables", Kind.COUNT, "Receivables", "笔数")
COUNTRY = Column("country", Kind.TEXT, "Country", "国家")
AGES = ((0, "0"), (30, "1–30"), (60, "31–60"), (90, "61–90"))
OLDEST = "> 90"
SUMS = ("face", "early", "paid")


def owed(sums: tuple[int, ...]) -> int:
    """What is outstanding, out of the sums of `SUMS`."""
    face, early, paid = sums
    return face - early - paid


def totals_owed(read: Sight, by: tuple[str, ...], **fields: str) -> Iterator[tuple[tuple[Any, ...], int, int]]:
    """Group, count and outstanding sum of what debtors owe."""
    where = {"status": frozenset(OUTSTANDING)} | asked_for(**fields)
    for total in read.totals(Receivable, where, by=by, sums=SUMS):
        yield total.by, total.records, owed(total.sums)


@report(
    "owed",
    "What is owed, by day",
    "应付款项（按日）",
    about_en="Receivables that are issued and not yet settled, the first due first.",
    about_zh="已签发且尚未结清的应收账款，到期最早者在前。",
    columns=(
        DUE_ON,
        RECEIVABLE,
        DEBTOR,
        Column("supplier", Kind.ORGANISATION, "Supplier", "供应商"),
        BANK,
        FACE,
        Column("early", Kind.MONEY, "Settled early", "提前结清", of="currency"),
        Column("paid", Kind.MONEY, "Paid", "已付", of="currency"),
        Column("instructed", Kind.MONEY, "On its way", "已指示付款", of="currency"),
        OWED,
        CURRENCY,
        STATUS,
    ),
    chart=Bars("due_on", "outstanding", by="status", step=DAILY),
)
def owed_by_day(read: Sight, debtor: str = "", bank: str = "") -> Iterator[Row]:
    where = {"status": frozenset(OUTSTANDING)} | asked_for(debtor=debtor, bank=bank)
    for each in read.select(Receivable, where, order_by="due_on"):
        yield (
            each.due_on, each.id, each.debtor, each.supplier, each.bank, each.face, each.early, each.paid,
            each.instructed, each.outstanding, each.currency, each.status,
        )  # fmt: skip


@report(
    "ageing",
    "Ageing of what is due",
    "账龄分析",
    about_en="What is outstanding, by the days that have passed since the due day where the debtor is; 0: not yet due.",
    about_zh="未付款项，按债务人所在地到期日后经过的天数分组；0 表示尚未到期。",
    labels={"bank": BANK.title},
    columns=(Column("age", Kind.TEXT, "Days past due", "逾期天数"), DEBTOR, COUNTED, OWED, CURRENCY),
    chart=Bars("age", "outstanding", by="debtor"),
)
def ageing(read: Sight, debtor: str = "", bank: str = "") -> Iterator[Row]:
    found: dict[tuple[int, str, str], list[int]] = {}
    days: dict[str, int] = {}
    for (due_on, owes, currency), records, amount in totals_owed(
        read, ("due_on", "debtor", "currency"), debtor=debtor, bank=bank
    ):
        if owes not in days:
            days[owes] = today_of(read, owes)
        late = days[owes] - due_on
        place = next((at for at, (most, _) in enumerate(AGES) if late <= most), len(AGES))
        row = found.setdefault((place, owes, currency), [0, 0])
        row[0] += records
        row[1] += amount
    for (place, owes, currency), (records, amount) in sorted(found.items()):
        yield AGES[place][1] if place < len(AGES) else OLDEST, owes, records, amount, currency


@report(
    "concentration",
    "Concentration by debtor",
    "债务人集中度",
    about_en="What each debtor owes, and its share of all that is owed in the currency.",
    about_zh="各债务人的未付金额及其在该币种全部未付金额中的占比。",
    columns=(
        DEBTOR,
        COUNTRY,
        COUNTED,
        OWED,
        CURRENCY,
        Column("share", Kind.SHARE, "Share", "占比"),
        Column("overdue", Kind.COUNT, "Overdue now", "当前逾期笔数"),
        Column("bond_default", Kind.FLAG, "Bond in default", "债券违约"),
    ),
    labels={"bank": BANK.title},
    chart=Bars("debtor", "outstanding"),
)
def concentration(read: Sight, bank: str = "", country: str = "") -> Iterator[Row]:
    groups = list(totals_owed(read, ("debtor", "currency"), bank=bank))
    whole: dict[str, int] = {}
    for (_, currency), _, amount in groups:
        whole[currency] = whole.get(currency, 0) + amount
    for (debtor, currency), records, amount in sorted(groups, key=lambda each: (each[0][1], -each[2])):
        placed = country_of(read, debtor)
        if country in ("", placed):
            stands = read.find(Debtor, debtor)
            late, default = (0, False) if stands is None else (stands.overdue, stands.bond_default)
            yield debtor, placed, records, amount, currency, share(amount, whole[currency]), late, default


@report(
    "jurisdictions",
    "By country of the debtor",
    "按债务人所在国家",
    about_en="What is owed and what is late, in each country that you may see.",
    about_zh="您可见的各国家的未付金额与逾期金额。",
    columns=(
        COUNTRY,
        Column("debtors", Kind.COUNT, "Debtors", "债务人数"),
        COUNTED,
        OWED,
        Column("late", Kind.MONEY, "Of it late", "其中逾期", of="currency"),
        CURRENCY,
    ),
    chart=Bars("country", "outstanding"),
)
def jurisdictions(read: Sight) -> Iterator[Row]:
    found: dict[tuple[str, str], list[Any]] = {}
    for (debtor, currency, status), records, amount in totals_owed(read, ("debtor", "currency", "status")):
        row = found.setdefault((country_of(read, debtor), currency), [set(), 0, 0, 0])
        row[0].add(debtor)
        row[1] += records
        row[2] += amount
        row[3] += amount if status in LATE else 0
    for (country, currency), (debtors, records, amount, late) in sorted(found.items()):
        yield country, len(debtors), records, amount, late, currency


@report(
    "overdue",
    "What is late",
    "逾期款项",
    about_en="Receivables past their due day, the oldest first. Their debtors issue nothing more until they have paid.",
    about_zh="已过到期日的应收账款，最早者在前。付清之前，该债务人不得新签发。",
    columns=(
        DUE_ON,
        Column("days", Kind.COUNT, "Days late", "逾期天数"),
        RECEIVABLE,
        DEBTOR,
        COUNTRY,
        BANK,
        OWED,
        CURRENCY,
        STATUS,
    ),
)
def overdue(read: Sight, bank: str = "", country: str = "") -> Iterator[Row]:
    for each in read.select(Receivable, {"status": frozenset(LATE)} | asked_for(bank=bank), order_by="due_on"):
        placed = country_of(read, each.debtor)
        if country in ("", placed):
            yield (
                each.due_on, today_of(read, each.debtor) - each.due_on, each.id, each.debtor, placed, each.bank,
                each.outstanding, each.currency, each.status,
            )  # fmt: skip


@report(
    "lines",
    "Credit lines and their use",
    "授信额度使用情况",
    about_en="How much of each debtor's promises a bank confirms, and how much of that is outstanding.",
    about_zh="银行对各债务人付款承诺的确认额度及其占用。",
    columns=(
        BANK,
        DEBTOR,
        Column("limit", Kind.MONEY, "Limit", "额度", of="currency"),
        Column("used", Kind.MONEY, "In use", "已用", of="currency"),
        Column("free", Kind.MONEY, "Free", "可用", of="currency"),
        CURRENCY,
        Column("share", Kind.SHARE, "Used", "使用率"),
        Column("until", Kind.INSTANT, "Until", "截止时间"),
        STATUS,
    ),
    chart=Bars("debtor", "used"),
)
def lines(read: Sight, bank: str = "", debtor: str = "") -> Iterator[Row]:
    for line in read.select(Line, asked_for(bank=bank, debtor=debtor)):
        yield (
            line.bank, line.debtor, line.limit, line.used, line.limit - line.used, line.currency,
            share(line.used, line.limit), line.until, line.status,
        )  # fmt: skip
