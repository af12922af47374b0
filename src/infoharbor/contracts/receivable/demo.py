"""A Wuzhou tea processor owes suppliers of three tiers; two banks are asked to finance one invoice, and one wins."""

from infoharbor.contractkit import Refusal
from infoharbor.contractkit.days import DAY_MS, day_at
from infoharbor.contracts.governance.actions import SetCodes
from infoharbor.contracts.governance.demo import decide
from infoharbor.contracts.governance.records import CodeEntry
from infoharbor.contracts.identity.accreditations import GrantRole
from infoharbor.contracts.identity.demo import BANK as PLAYER_BANK
from infoharbor.contracts.identity.demo import COOPERATIVE as PLAYER_COOPERATIVE
from infoharbor.contracts.identity.demo import EXPORTER as PLAYER_EXPORTER
from infoharbor.contracts.identity.demo import IMPORTER as PLAYER_IMPORTER
from infoharbor.contracts.identity.demo import PROCESSOR as PLAYER_PROCESSOR
from infoharbor.contracts.identity.demo import admission
from infoharbor.contracts.receivable.actions import (
    AcceptReceivable,
    ConfirmReceivable,
    DraftReceivable,
    IssueReceivable,
    SetLine,
)
from infoharbor.contracts.receivable.calendars import WORKING_DAYS
from infoharbor.contracts.receivable.collateral_register import RecordSearch, RegisterAssignment
from infoharbor.contracts.receivable.financing import AskFinancing, ChooseOffer, OfferFinancing, PayOut
from infoharbor.contracts.receivable.holding import AgreeEarly, ConfirmEarly, OfferLeaf, SplitLeaf, TakeLeaf
from infoharbor.contracts.receivable.invoices import TaxResult
from infoharbor.contracts.receivable.records import Receivable
from infoharbor.contracts.receivable.registering import FactorInvoice, RecordTaxCheck, RegisterInvoice
from infoharbor.contracts.receivable.settlement import CollectLeaves, ConfirmPayment, InstructPayment
from infoharbor.edgekit.cast import Player
from infoharbor.edgekit.story import Story, World

RIVAL = Player("lijiang-bank", "漓江银行（示例）", "Lijiang Bank (example)", "CN", "registry", "DEMO-0011")
BASKETS = Player("cangwu-baskets", "苍梧竹篓厂（示例）", "Cangwu Basket Works (example)", "CN", "registry", "DEMO-0012")
BAMBOO = Player("hezhou-bamboo", "贺州竹农社（示例）", "Hezhou Bamboo Growers (example)", "CN", "registry", "DEMO-0013")
OFFICE = Player(
    "guangxi-finance-office",
    "广西金融监管部门（示例）",
    "Guangxi Finance Office (example)",
    "CN",
    "registry",
    "DEMO-0014",
)
DEBTOR, SUPPLIER, BANK = PLAYER_PROCESSOR.id, PLAYER_COOPERATIVE.id, PLAYER_BANK.id
EXPORTER, IMPORTER = PLAYER_EXPORTER.id, PLAYER_IMPORTER.id
TEA_INVOICE, BASKET_INVOICE, BAMBOO_INVOICE = "26459999000000000017", "26459999000000000025", "26459999000000000033"
EXPORT_INVOICE, LATE_INVOICE = "26459999000000000041", "26459999000000000058"
AUTUMN_INVOICE, WINTER_INVOICE = "26459999000000000066", "26459999000000000074"
"""Numbers of fully digital invoices; region 9999 is allotted to nobody."""
FACE = 60_000_000
"""600,000 yuan in fen, as every amount here."""
TENOR_DAYS = 90
LATE_FACE, LATE_TENOR_DAYS = 2_000_000, 80
AUTUMN_FACE = 40_000_000
CLAIM = f"{DEBTOR}:spring-tea-2026"
LATE_CLAIM = f"{BASKETS.id}:bamboo-2026"
AUTUMN_CLAIM = f"{DEBTOR}:autumn-tea-2026"
SHIPPED_LOT = "https://id.gs1.org/01/09521002002027/10/LB250418-B"
"""The lot of Liubao tea whose way to Hanoi `trace` records."""
EVIDENCE = bytes(32)
"""Stands for the commitment to a file that stays with its owner."""

story = Story("receivable", needs=("identity",), players=(RIVAL, BASKETS, BAMBOO, OFFICE))


def register(world: World, number: str, *, seller: str, buyer: str, total: int) -> str:
    """Register a digital invoice of today by its seller; returns its identity on the ledger."""
    world.act(
        RegisterInvoice("CN", seller, "", number, 2026, seller, buyer, "CNY", total, day_at(world.now, "CN"), EVIDENCE),
        by=seller,
    )
    return f"CN:{number}"


def checks(world: World, financier: str, *, invoice: str, total: int, leaf: int) -> None:
    """What a financier's clerk enters before a payout: tax check, search and registration at 中登网."""
    world.act(RecordTaxCheck(invoice, TaxResult.VALID, total, EVIDENCE), by=financier)
    world.act(RecordSearch(CLAIM, leaf, "ZDW-DEMO-SEARCH-1", True, EVIDENCE), by=financier)
    world.act(RegisterAssignment(CLAIM, leaf, "ZDW-DEMO-1", world.now + 365 * DAY_MS), by=financier)


def promise(world: World, claim: str, *, invoice: str, supplier: str, bank: str, face: int, days: int) -> None:
    """A debtor promises to pay an invoice in so many days; its bank has not answered yet."""
    debtor, _, number = claim.partition(":")
    identity = register(world, invoice, seller=supplier, buyer=debtor, total=face)
    draft = DraftReceivable(number, supplier, True, bank, face, identity, day_at(world.now, "CN") + days, "")
    world.act(draft, IssueReceivable(claim), by=debtor)


def wait_until_due(world: World, claim: str) -> None:
    """Let time pass until the calendar looks at the receivable again."""
    world.advance(world.get(Receivable, claim).next_at - world.now)


@story.step(
    "A second bank, two small suppliers and a supervisor join; bank and supervisor are accredited in China.",
    "又一家银行、两家小供应商和一家监管机构加入；银行与监管机构取得在中国的资格。",
)
def join(world: World) -> None:
    for player in story.players:
        decide(world, admission(player, world.cast.signer(player.id)), id=f"admit-{player.id}", reason=player.name_en)
    for organisation, role in ((RIVAL.id, "bank"), (OFFICE.id, "supervisor")):
        grant = GrantRole(organisation, role, "CN", 0, 0, "DEMO-ACCREDITATION")
        decide(world, grant, id=f"grant-{role}-cn-{organisation}", reason=f"{role} in CN")


@story.step(
    "The members vote a holiday into China's calendar of working days.",
    "成员表决，把一个节假日列入中国的工作日历。",
)
def vote_a_holiday(world: World) -> None:
    holiday = CodeEntry(WORKING_DAYS + "CN", "2027-01-01", "closed", "元旦", "New Year's Day", 0, 0)
    decide(world, SetCodes((holiday,)), id="working-days-cn-2027", reason="New Year's Day 2027")


@story.step(
    "Harbour Bank opens a line of one million yuan for Liubao Tea Works.",
    "信港银行为六堡茶加工厂核定一百万元授信额度。",
)
def open_line(world: World) -> None:
    world.act(SetLine(DEBTOR, "CNY", 100_000_000, world.now + 365 * DAY_MS), by=BANK)


@story.step(
    "The growers register their tea invoice; the tea works promises to pay it in ninety days, and the bank confirms.",
    "茶农合作社登记茶叶发票；加工厂承诺九十天后付款，银行确认。",
)
def issue(world: World) -> None:
    promise(world, CLAIM, invoice=TEA_INVOICE, supplier=SUPPLIER, bank=BANK, face=FACE, days=TENOR_DAYS)
    world.act(ConfirmReceivable(CLAIM), by=BANK)


@story.step(
    "The growers say that they delivered, take the promise of their own will, and cut it into three.",
    "合作社确认已交货，自愿接受这笔账款，并拆分为三份。",
)
def accept_and_split(world: World) -> None:
    world.act(AcceptReceivable(CLAIM, day_at(world.now, "CN"), True), by=SUPPLIER)
    world.act(SplitLeaf(CLAIM, 1, (30_000_000, 20_000_000, 10_000_000)), by=SUPPLIER)


@story.step(
    "They pay their basket maker with one part; the basket maker pays its bamboo growers with half of that.",
    "合作社用其中一份支付竹篓厂货款；竹篓厂再用其中一半支付竹农社。",
)
def pass_on(world: World) -> None:
    baskets = register(world, BASKET_INVOICE, seller=BASKETS.id, buyer=SUPPLIER, total=20_000_000)
    world.act(OfferLeaf(CLAIM, 3, BASKETS.id, baskets, False, world.now + 5 * DAY_MS), by=SUPPLIER)
    world.act(TakeLeaf(CLAIM, 3), SplitLeaf(CLAIM, 3, (10_000_000, 10_000_000)), by=BASKETS.id)
    bamboo = register(world, BAMBOO_INVOICE, seller=BAMBOO.id, buyer=BASKETS.id, total=10_000_000)
    world.act(OfferLeaf(CLAIM, 5, BAMBOO.id, bamboo, False, world.now + 5 * DAY_MS), by=BASKETS.id)
    world.act(TakeLeaf(CLAIM, 5), by=BAMBOO.id)


@story.step(
    "The growers ask two banks for money on their largest part; each offer shows what it costs a year, all in.",
    "合作社就最大的一份向两家银行询价；每份报价都列明全部费用折合的年化成本。",
)
def ask_two_banks(world: World) -> None:
    world.act(AskFinancing(CLAIM, 2, (BANK, RIVAL.id), world.now + 5 * DAY_MS), by=SUPPLIER)
    world.act(OfferFinancing(CLAIM, 2, 29_600_000, False, world.now + 3 * DAY_MS), by=BANK)
    world.act(OfferFinancing(CLAIM, 2, 29_700_000, False, world.now + 3 * DAY_MS), by=RIVAL.id)


@story.step(
    "They choose the cheaper one; after tax check, search and registration Lijiang Bank pays and holds the part.",
    "合作社选择成本较低的一家；税务核验、中登网查询和登记之后，漓江银行放款并取得该份账款。",
)
def finance(world: World) -> None:
    world.act(ChooseOffer(CLAIM, 2, RIVAL.id), by=SUPPLIER)
    checks(world, RIVAL.id, invoice=f"CN:{TEA_INVOICE}", total=FACE, leaf=2)
    world.act(PayOut(CLAIM, 2, "LJ-PAY-0001"), by=RIVAL.id)


@story.step(
    "The other bank would finance the same invoice once more: refused, for all of it is promised already.",
    "另一家银行想就同一张发票再次放款：被拒绝，发票金额已全部占用。",
)
def refuse_the_second(world: World) -> None:
    second = FactorInvoice(f"CN:{TEA_INVOICE}", BANK, 30_000_000, "HB-PAY-0002")
    try:
        world.act(second, by=(SUPPLIER, BANK))
    except Refusal as refusal:
        world.things["second_financing"] = (refusal.code, refusal.field)
    else:
        raise LookupError("the second financing was not refused")


@story.step(
    "The tea works pays the bamboo growers before the day, at a discount that both state; the bank confirms.",
    "加工厂提前向竹农社付款，双方约定折扣；银行确认已付。",
)
def settle_early(world: World) -> None:
    world.act(AgreeEarly(CLAIM, 5, 50_000, world.now + 5 * DAY_MS), by=(BAMBOO.id, DEBTOR))
    world.act(ConfirmEarly(CLAIM, 5, "HB-EARLY-0003"), by=BANK)


@story.step(
    "Nanning Exports has seventy per cent of its invoice to Hanoi financed, against the record of the shipped lot.",
    "南宁出口商凭已发运批次的记录，就对河内进口商的发票融资百分之七十。",
)
def factor_the_export(world: World) -> None:
    invoice = register(world, EXPORT_INVOICE, seller=EXPORTER, buyer=IMPORTER, total=20_000_000)
    world.act(RecordTaxCheck(invoice, TaxResult.VALID, 20_000_000, EVIDENCE), by=RIVAL.id)
    world.act(FactorInvoice(invoice, RIVAL.id, 14_000_000, SHIPPED_LOT), by=(EXPORTER, RIVAL.id))


@story.step(
    "The basket maker promises its bamboo growers 20,000 yuan through Lijiang Bank, for ten days sooner.",
    "竹篓厂经漓江银行承诺向竹农社支付二万元，到期日早十天。",
)
def promise_what_will_be_late(world: World) -> None:
    world.act(SetLine(BASKETS.id, "CNY", 5_000_000, world.now + 365 * DAY_MS), by=RIVAL.id)
    promise(
        world, LATE_CLAIM, invoice=LATE_INVOICE, supplier=BAMBOO.id, bank=RIVAL.id, face=LATE_FACE,
        days=LATE_TENOR_DAYS,
    )  # fmt: skip
    world.act(ConfirmReceivable(LATE_CLAIM), by=RIVAL.id)
    world.act(AcceptReceivable(LATE_CLAIM, day_at(world.now, "CN"), True), by=BAMBOO.id)


@story.step(
    "Ninety days pass. The tea works instructs one payment, its bank confirms it, and every holder has its part.",
    "九十天过去。加工厂发出一次付款指示，银行确认付款，每位持有人各得其份。",
)
def pay(world: World) -> None:
    wait_until_due(world, CLAIM)
    world.act(InstructPayment(CLAIM, world.get(Receivable, CLAIM).outstanding), by=DEBTOR)
    world.act(ConfirmPayment(CLAIM, 1, "HB-PAY-0004"), by=BANK)
    for holder, leaf in ((RIVAL.id, 2), (SUPPLIER, 4), (BASKETS.id, 6)):
        world.act(CollectLeaves(CLAIM, (leaf,)), by=holder)


@story.step(
    "The basket maker has not paid: every member sees that it is late, and it may promise nothing more.",
    "竹篓厂没有付款：每个成员都能看到其逾期，它不得再作新的付款承诺。",
)
def refuse_the_late_debtor(world: World) -> None:
    try:
        promise(
            world, f"{BASKETS.id}:more", invoice=WINTER_INVOICE, supplier=BAMBOO.id, bank=RIVAL.id, face=LATE_FACE,
            days=30,
        )  # fmt: skip
    except Refusal as refusal:
        world.things["late_debtor"] = (refusal.code, refusal.field)
    else:
        raise LookupError("a late debtor promised more")


@story.step(
    "The works promises its autumn tea; the growers ask two banks again, and may choose now.",
    "加工厂就秋茶货款作出承诺；合作社再次向两家银行询价，现在即可选择。",
    today=True,
)
def begin_again(world: World) -> None:
    promise(
        world, AUTUMN_CLAIM, invoice=AUTUMN_INVOICE, supplier=SUPPLIER, bank=BANK, face=AUTUMN_FACE, days=TENOR_DAYS
    )
    world.act(ConfirmReceivable(AUTUMN_CLAIM), by=BANK)
    world.act(
        AcceptReceivable(AUTUMN_CLAIM, day_at(world.now, "CN"), True), SplitLeaf(AUTUMN_CLAIM, 1, (25_000_000, 15_000_000)),
        by=SUPPLIER,
    )  # fmt: skip
    until = world.now + 30 * DAY_MS
    world.act(AskFinancing(AUTUMN_CLAIM, 2, (BANK, RIVAL.id), until), by=SUPPLIER)
    world.act(OfferFinancing(AUTUMN_CLAIM, 2, 24_750_000, False, until), by=BANK)
    world.act(OfferFinancing(AUTUMN_CLAIM, 2, 24_700_000, True, until), by=RIVAL.id)
