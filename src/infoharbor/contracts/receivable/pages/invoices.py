"""What is asked of invoices: who uses how much of each, who can see that, what contradicts it, what 中登网 is told."""

from collections.abc import Iterator

from infoharbor.contractkit.days import DAY_MS, iso_day
from infoharbor.contractkit.money import decimal_text
from infoharbor.contracts.identity.records import Organisation
from infoharbor.contracts.receivable.collateral_register import Registration
from infoharbor.contracts.receivable.financing import FinancingOffer
from infoharbor.contracts.receivable.invoices import Invoice, InvoiceAlert, unclaimed
from infoharbor.contracts.receivable.pages.holding import (
    CURRENCY,
    DEBTOR,
    DUE_ON,
    FACE,
    INVOICE,
    LEAF,
    RECEIVABLE,
    STATUS,
    asked_for,
)
from infoharbor.contracts.receivable.records import Leaf, LeafStatus, Receivable
from infoharbor.contracts.receivable.registering import FactorInvoice
from infoharbor.edgekit.languages import Sentence
from infoharbor.edgekit.refusals import SeenRefusal
from infoharbor.edgekit.reports import Column, Kind, Row, report
from infoharbor.edgekit.sight import Sight

SELLER = Column("seller", Kind.ORGANISATION, "Seller", "销售方")
BUYER = Column("buyer", Kind.ORGANISATION, "Buyer", "购买方")
EXHAUSTED = "receivable.invoice_exhausted"


@report(
    "invoices",
    "Invoices, what is used of them, and who can see it",
    "发票占用情况及可见方",
    about_en="The supervisor of the seller's country sees it too. Whoever is not named learns that an invoice is in use "
    "only by being refused.",
    about_zh="销售方所在国家的监管机构同样可见。未列名者只有在被拒绝时才会得知发票已被占用。",
    columns=(
        INVOICE,
        SELLER,
        BUYER,
        Column("total", Kind.MONEY, "Total", "价税合计", of="currency"),
        Column("credited", Kind.MONEY, "Credited", "红字冲减", of="currency"),
        Column("claimed", Kind.MONEY, "Promised", "已用于应收账款", of="currency"),
        Column("factored", Kind.MONEY, "Factored", "已单独融资", of="currency"),
        Column("financed", Kind.MONEY, "Financed leaves", "已按分项融资", of="currency"),
        Column("room", Kind.MONEY, "Room left", "剩余可用", of="currency"),
        CURRENCY,
        Column("seen_by", Kind.ORGANISATION, "Seen by", "可见方"),
        Column("alerts", Kind.COUNT, "Alerts", "告警数"),
        Column("checked_until", Kind.INSTANT, "Tax check holds until", "税务核验有效期至"),
    ),
)
def invoices(read: Sight, seller: str = "", buyer: str = "") -> Iterator[Row]:
    for each in read.select(Invoice, asked_for(seller=seller, buyer=buyer)):
        seen_by = tuple(dict.fromkeys((each.seller, each.buyer, *each.financiers)))
        yield (
            each.id, each.seller, each.buyer, each.total, each.credited, each.claimed, each.factored, each.financed,
            unclaimed(each), each.currency, seen_by, each.alerts, each.checked_until or None,
        )  # fmt: skip


@report(
    "alerts",
    "What contradicts an invoice",
    "发票告警",
    about_en="Statements that do not agree with what was known: another amount, other parties, a credit note after use, "
    "a tax check that failed. They are kept, not refused.",
    about_zh="与已知情况不符的陈述：金额不同、当事方不同、占用后红冲、税务核验未通过。此类陈述予以保留，不予拒绝。",
    columns=(
        Column("at", Kind.INSTANT, "When", "时间"),
        INVOICE,
        Column("kind", Kind.WORD, "What differs", "差异"),
        Column("said_by", Kind.ORGANISATION, "Said by", "陈述方"),
        Column("said", Kind.MONEY, "Said", "所称金额", of="currency"),
        Column("known", Kind.MONEY, "Known", "已知金额", of="currency"),
        CURRENCY,
        SELLER,
        BUYER,
    ),
)
def alerts(read: Sight, seller: str = "", buyer: str = "") -> Iterator[Row]:
    for each in read.select(InvoiceAlert, asked_for(seller=seller, buyer=buyer), order_by="-at"):
        invoice = read.find(Invoice, each.invoice)
        if invoice is not None:
            yield (
                each.at, each.invoice, each.kind, each.said_by, each.said, each.known, invoice.currency, each.seller,
                each.buyer,
            )  # fmt: skip


@report(
    "refused",
    "Refused second financings",
    "被拒绝的重复融资",
    about_en="Attempts to promise, pass on or finance more of an invoice than is left of it, the newest first. They "
    "changed nothing. Each is seen by who signed it, and by who could then read the records that it was about.",
    about_zh="超出发票剩余金额的承诺、转让或融资请求，最新在前。此类请求不改变任何状态。可见方为签署方，以及当时有权查阅所涉记录的各方。",
    columns=(
        Column("at", Kind.INSTANT, "When", "时间"),
        INVOICE,
        Column("tried", Kind.WORD, "What was tried", "所请求事项"),
        Column("financier", Kind.ORGANISATION, "Financier", "资金方"),
        Column("signed_by", Kind.ORGANISATION, "Signed by", "签署方"),
        SELLER,
        BUYER,
        RECEIVABLE,
        LEAF,
        Column("transaction", Kind.TEXT, "Transaction", "交易"),
    ),
    labels={"days": Sentence("In the last so many days", "最近天数")},
)
def refused(read: Sight, invoice: str = "", financier: str = "", days: int = 0) -> Iterator[Row]:
    since = read.now - days * DAY_MS if days > 0 else 0
    for each in read.refusals((EXHAUSTED,)):
        if each.time < since:
            return
        row = _refused(read, each)
        if invoice in ("", row[1]) and (not financier or financier in row[3]):
            yield row


def _refused(read: Sight, seen: SeenRefusal) -> Row:
    """The invoice is the one that the action names, or the one behind what it names."""
    leaf, receivable, offer = seen.of(Leaf), seen.of(Receivable), seen.of(FinancingOffer)
    named = seen.of(Invoice)
    behind = leaf or receivable
    number = named.id if named is not None else behind.invoice
    invoice = named or read.find(Invoice, number)
    signers = tuple(dict.fromkeys(signer.organisation for signer in seen.receipt.signers))
    if offer is not None:
        financiers: tuple[str, ...] = (offer.financier,)
    elif seen.action == FactorInvoice.__action__.name:
        financiers = tuple(each for each in signers if each != named.seller)
    else:
        financiers = ()
    return (
        seen.time, number, seen.action, financiers, signers,
        None if invoice is None else invoice.seller, None if invoice is None else invoice.buyer,
        leaf.receivable if leaf is not None else None if receivable is None else receivable.id,
        None if leaf is None else leaf.number, seen.receipt.transaction.hex(),
    )  # fmt: skip


@report(
    "registrations",
    "For registration at Zhongdeng",
    "中登网登记资料",
    about_en="One row for each leaf that is financed by you or waits for your payout: what a clerk types in at Zhongdeng, "
    "and the registration's number once it is entered here.",
    about_zh="由贵方融资或待贵方放款的每份账款一行：供经办人在中登网录入；登记编号录入本系统后在此显示。",
    columns=(
        Column("transferor", Kind.TEXT, "Transferor", "出让人名称"),
        Column("transferor_number", Kind.TEXT, "Transferor's register number", "出让人统一社会信用代码"),
        Column("transferee", Kind.TEXT, "Transferee", "受让人名称"),
        Column("transferee_number", Kind.TEXT, "Transferee's register number", "受让人统一社会信用代码"),
        DEBTOR,
        RECEIVABLE,
        LEAF,
        INVOICE,
        FACE,
        CURRENCY,
        DUE_ON,
        Column("description", Kind.TEXT, "Description of the assets", "转让财产描述"),
        Column("number", Kind.TEXT, "Registration number", "登记证明编号"),
        Column("until", Kind.INSTANT, "Registered until", "登记期限至"),
        STATUS,
    ),
)
def registrations(read: Sight) -> Iterator[Row]:
    me = read.reader.organisation
    own = [*read.select(Leaf, {"status": LeafStatus.CHOSEN, "party": me})]
    known = {(each.receivable, each.leaf): each for each in read.select(Registration, {"financier": me})}
    held = (read.find(Leaf, *key) for key in known)
    own += [leaf for leaf in held if leaf is not None and leaf.holder == me]
    for leaf in own:
        registered = known.get((leaf.receivable, leaf.number))
        invoice = read.find(Invoice, leaf.invoice)
        transferor = leaf.holder if leaf.party == me else invoice.seller if invoice is not None else ""
        yield (
            *_named(read, transferor), *_named(read, me), leaf.debtor, leaf.receivable, leaf.number, leaf.invoice,
            leaf.face, leaf.currency, leaf.due_on, _description(read, leaf),
            None if registered is None else registered.number,
            None if registered is None else registered.until,
            None if registered is None else registered.status,
        )  # fmt: skip


def _named(read: Sight, organisation: str) -> tuple[str, str]:
    """Name and register number of an organisation."""
    found = read.find(Organisation, organisation)
    return (organisation, "") if found is None else (found.name, found.number)


def _description(read: Sight, leaf: Leaf) -> str:
    """The assets in the register's own words, so that another searcher can tell which claim it is."""
    debtor, number = _named(read, leaf.debtor)
    amount = f"{decimal_text(leaf.face, leaf.currency)} {leaf.currency}"
    return (
        f"应收账款：债务人{debtor}（{number}），发票 {leaf.invoice}，"
        f"应收账款编号 {leaf.receivable}/{leaf.number}，金额 {amount}，到期日 {iso_day(leaf.due_on)}"
    )
