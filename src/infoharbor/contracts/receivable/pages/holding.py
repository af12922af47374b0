"""What holders and financiers ask: what they hold, what they can do now, what financing would cost them today."""

from collections.abc import Iterator

from infoharbor.contractkit.days import day_at
from infoharbor.contractkit.money import annual_cost
from infoharbor.contracts.identity.records import Organisation
from infoharbor.contracts.receivable.financing import FinancingOffer, OfferStatus
from infoharbor.contracts.receivable.records import GONE, REDEEMED, Leaf, LeafStatus
from infoharbor.edgekit.indexes import Index
from infoharbor.edgekit.reports import Bars, Column, Kind, Row, report
from infoharbor.edgekit.sight import Sight

RECEIVABLE = Column("receivable", Kind.TEXT, "Receivable", "应收账款")
INVOICE = Column("invoice", Kind.TEXT, "Invoice", "发票")
LEAF = Column("leaf", Kind.COUNT, "Leaf", "分项")
DEBTOR = Column("debtor", Kind.ORGANISATION, "Debtor", "债务人")
HOLDER = Column("holder", Kind.ORGANISATION, "Holder", "持有人")
BANK = Column("bank", Kind.ORGANISATION, "Confirming bank", "确认银行")
DUE_ON = Column("due_on", Kind.DAY, "Due day", "到期日")
CURRENCY = Column("currency", Kind.TEXT, "Currency", "币种")
FACE = Column("face", Kind.MONEY, "Face", "面额", of="currency")
STATUS = Column("status", Kind.WORD, "Status", "状态")
CAN = Column("can", Kind.WORD, "What can be done now", "当前可办")
held_leaves = Index(Leaf, ("holder", "due_on"))
waiting_leaves = Index(Leaf, ("status", "party"))
summed_leaves = Index(Leaf, ("due_on", "debtor", "currency", "tier", "holder", "bank", "status"), sums=("face",))
OPEN_LEAVES = frozenset(LeafStatus) - {*GONE, *REDEEMED}
HOLDER_CAN = {
    LeafStatus.HELD: ("SplitLeaf", "OfferLeaf", "AskFinancing", "AgreeEarly"),
    LeafStatus.OFFERED: ("WithdrawLeaf",),
    LeafStatus.ASKED: ("ChooseOffer", "WithdrawLeaf"),
    LeafStatus.CLAIMED: ("WithdrawClaim", "HonourClaim"),
}
"""What a holder may do before the due day, by how the leaf stands."""
CHOOSE = ("ChooseOffer",)
"""What a holder may do with an offer."""


def country_of(read: Sight, organisation: str) -> str:
    found = read.find(Organisation, organisation)
    return "" if found is None else found.country


def today_of(read: Sight, organisation: str) -> int:
    """Which day it is where the organisation is."""
    return day_at(read.now, country_of(read, organisation))


def asked_for(**fields: str) -> dict[str, str]:
    """The filters that were given."""
    return {name: value for name, value in fields.items() if value}


def open_leaves(read: Sight, **fields: str) -> list[Leaf]:
    """Leaves that are neither gone nor redeemed, the first due first."""
    return read.select(Leaf, {"status": OPEN_LEAVES} | asked_for(**fields), order_by="due_on")


@report(
    "holdings",
    "What is held, and what the holder can do now",
    "持有的账款与当前可办事项",
    about_en="Every leaf of a holder that is not yet paid out. Days are counted where the debtor is.",
    about_zh="持有人名下尚未兑付的每一份账款。天数按债务人所在地计算。",
    columns=(
        RECEIVABLE,
        LEAF,
        FACE,
        CURRENCY,
        DUE_ON,
        Column("days", Kind.COUNT, "Days to go", "距到期天数"),
        STATUS,
        CAN,
        DEBTOR,
        BANK,
        HOLDER,
        Column("collected", Kind.MONEY, "Collected", "已收", of="currency"),
        Column("tier", Kind.COUNT, "Tier", "层级"),
        Column("party", Kind.ORGANISATION, "With", "相关方"),
        Column("recourse", Kind.ORGANISATION, "Buys it back in default", "违约时回购方"),
    ),
    labels={"holder": HOLDER.title},
)
def holdings(read: Sight, holder: str = "") -> Iterator[Row]:
    days: dict[str, int] = {}
    for leaf in open_leaves(read, holder=holder or read.reader.organisation):
        if leaf.debtor not in days:
            days[leaf.debtor] = today_of(read, leaf.debtor)
        left = leaf.due_on - days[leaf.debtor]
        yield (
            leaf.receivable, leaf.number, leaf.face, leaf.currency, leaf.due_on, left, leaf.status,
            can_do(leaf, left), leaf.debtor, leaf.bank, leaf.holder, leaf.collected, leaf.tier, leaf.party,
            leaf.recourse or None,
        )  # fmt: skip


def can_do(leaf: Leaf, days_left: int) -> tuple[str, ...] | None:
    """The holder's actions on a leaf by now; the ledger judges when they come."""
    if days_left > 0:
        return HOLDER_CAN.get(leaf.status)
    if leaf.status is LeafStatus.HELD:
        return ("CollectLeaves", "ClaimRecourse") if leaf.recourse else ("CollectLeaves",)
    return HOLDER_CAN.get(leaf.status) if leaf.status is LeafStatus.CLAIMED else None


@report(
    "offers",
    "What financing would bring today",
    "今日融资可得",
    about_en="Open offers, the cheapest first. The annual cost counts everything between face and proceeds, over the "
    "days that are left from today.",
    about_zh="有效报价，成本最低者在前。综合年化成本按面额与实得之间的全部差额、自今日起的剩余天数计算。",
    columns=(
        RECEIVABLE,
        LEAF,
        Column("financier", Kind.ORGANISATION, "Financier", "资金方"),
        Column("proceeds", Kind.MONEY, "You get", "实得", of="currency"),
        Column("cost", Kind.MONEY, "It costs", "费用", of="currency"),
        Column("annual_cost", Kind.SHARE, "All in, a year", "综合年化成本"),
        CAN,
        CURRENCY,
        FACE,
        Column("days", Kind.COUNT, "Days until due", "距到期天数"),
        Column("recourse", Kind.FLAG, "With recourse", "有追索权"),
        Column("until", Kind.INSTANT, "Offer ends", "报价截止"),
        HOLDER,
    ),
    labels={"holder": HOLDER.title},
)
def offers(read: Sight, holder: str = "") -> Iterator[Row]:
    costs: list[tuple[int, FinancingOffer, Leaf, int]] = []
    for offer in read.select(FinancingOffer, {"status": OfferStatus.OPEN} | asked_for(holder=holder)):
        leaf = read.find(Leaf, offer.receivable, offer.leaf)
        days = 0 if leaf is None else leaf.due_on - today_of(read, leaf.debtor)
        if leaf is not None and days > 0:
            cost = annual_cost(due=offer.face, received=offer.proceeds, days=days)
            costs.append((cost, offer, leaf, days))
    for cost, offer, leaf, days in sorted(costs, key=lambda each: (each[1].receivable, each[1].leaf, each[0])):
        yield (
            offer.receivable, offer.leaf, offer.financier, offer.proceeds, offer.face - offer.proceeds, cost,
            CHOOSE if offer.holder == read.reader.organisation else None,
            leaf.currency, offer.face, days, offer.recourse, offer.until, offer.holder,
        )  # fmt: skip


@report(
    "maturity",
    "Maturity ladder",
    "到期分布",
    about_en="The face of leaves not yet paid out, by the day on which they are due and by debtor.",
    about_zh="尚未兑付的分项面额，按到期日和债务人汇总。",
    columns=(DUE_ON, DEBTOR, Column("leaves", Kind.COUNT, "Leaves", "分项数"), FACE, CURRENCY),
    labels={"holder": HOLDER.title, "bank": BANK.title},
    chart=Bars("due_on", "face", by="debtor"),
)
def maturity(read: Sight, holder: str = "", debtor: str = "", bank: str = "") -> Iterator[Row]:
    where = {"status": OPEN_LEAVES} | asked_for(holder=holder, debtor=debtor, bank=bank)
    for total in read.totals(Leaf, where, by=("due_on", "debtor", "currency"), sums=("face",)):
        due_on, owes, currency = total.by
        yield due_on, owes, total.records, total.sums[0], currency


@report(
    "tiers",
    "Look-through of tiers",
    "穿透各级供应商",
    about_en="Who holds a debtor's promises by now, and how many suppliers they went through.",
    about_zh="债务人的付款承诺目前由谁持有，经过了几级供应商。",
    columns=(
        Column("tier", Kind.COUNT, "Tier", "层级"),
        DEBTOR,
        HOLDER,
        Column("leaves", Kind.COUNT, "Leaves", "分项数"),
        FACE,
        CURRENCY,
    ),
    labels={"bank": BANK.title},
    chart=Bars("tier", "face", by="holder"),
)
def tiers(read: Sight, debtor: str = "", bank: str = "") -> Iterator[Row]:
    where = {"status": OPEN_LEAVES} | asked_for(debtor=debtor, bank=bank)
    for total in read.totals(Leaf, where, by=("tier", "debtor", "holder", "currency"), sums=("face",)):
        tier, owes, held_by, currency = total.by
        yield tier, owes, held_by, total.records, total.sums[0], currency


def share(part: int, whole: int) -> int:
    """Basis points of the whole, rounded down."""
    return part * 10_000 // whole if whole else 0
