"""How the Liubao tea of trace's story came to bear its name, and how a doubt about one leaf lot stopped it in Hanoi."""

import hashlib
from datetime import datetime

from infoharbor.contractkit import gs1
from infoharbor.contractkit.commitment import Place, commitment
from infoharbor.contracts.document.actions import IssueDocument
from infoharbor.contracts.farm.actions import PassTitle, RecordHarvest, ReleaseLot
from infoharbor.contracts.farm.alerts import CloseAlert
from infoharbor.contracts.farm.causes import CloseCause, FinishRehearsal, OpenCause, StartRehearsal
from infoharbor.contracts.farm.certificates import CertifyLot, IssueCertificate, RecordTest, SetScope
from infoharbor.contracts.farm.claims import CarryOver, ClaimIndication, DeclareOpeningStock
from infoharbor.contracts.farm.derived import DeriveLots
from infoharbor.contracts.farm.indications import AllotPlot, GrantLicence, RegisterIndication, SetSeason
from infoharbor.contracts.farm.land import DescribeProduct, RegisterPlot, RegisterSite, SetProductClass
from infoharbor.contracts.farm.pledges import Basis, CollectPledge, IssuePledge
from infoharbor.contracts.farm.production import ABOVE_YIELD, Output, RecordProduction
from infoharbor.contracts.farm.records import CauseKind, ClosingCode, Part, ProductionKind
from infoharbor.contracts.governance.demo import decide
from infoharbor.contracts.identity.accreditations import GrantRole
from infoharbor.contracts.identity.demo import (
    CARRIER,
    CERTIFIER_CN,
    COOPERATIVE,
    EXPORTER,
    IMPORTER,
    PROCESSOR,
    admission,
)
from infoharbor.contracts.trace.demo import (
    BOXES,
    FRIENDSHIP_PASS,
    HANOI_SHOP,
    HANOI_STORE,
    HILLSIDE,
    LEAF,
    TEA,
    WAREHOUSE,
    Delivery,
    capture,
    event,
    some,
)
from infoharbor.contracts.trace.demo import WORKS as TEA_WORKS
from infoharbor.contracts.trace.exchange.capturing import digest_of
from infoharbor.contracts.trace.rules import object_id
from infoharbor.edgekit.cast import Player
from infoharbor.edgekit.story import Story, World

SUPERVISOR = Player(
    "guangxi-market-supervisor",
    "广西市场监管部门（示例）",
    "Guangxi Market Supervision (example)",
    "CN",
    "registry",
    "DEMO-0006",
)
GROWER, WORKS, TRADER, BUYER, BODY = (
    player.id for player in (COOPERATIVE, PROCESSOR, EXPORTER, IMPORTER, CERTIFIER_CN)
)
LIUBAO, SPRING = "liubao-tea", "2025-spring"
LATE_LEAF = "urn:epc:class:lgtin:9521001.000101.MC250412"
FARMYARD = "https://example.org/places/cangwu/9"
"""A farmer's yard without a GLN, by a URI of the cooperative's own; it names no person."""
PLACES = (
    (GROWER, HILLSIDE, "苍梧六堡山茶园", "Liubao hillside, Cangwu", "7PMHV722"),
    (GROWER, FARMYARD, "九号农场晒场", "Yard of farm 9", "7PMHV738"),
    (WORKS, TEA_WORKS, "梧州茶厂", "Tea works, Wuzhou", "7PMHF8J6"),
    (TRADER, WAREHOUSE, "南宁仓库", "Warehouse, Nanning", "7PJCR82R"),
    (CARRIER.id, FRIENDSHIP_PASS, "友谊关口岸", "Friendship Pass", "7PH8XPG6"),
    (BUYER, HANOI_STORE, "河内仓库", "Store, Hanoi", "7PH73V2X"),
    (BUYER, HANOI_SHOP, "河内商店", "Shop, Hanoi", "7PH72VM2"),
)
LEAF_CLASS, TEA_CLASS = "tea-leaf", "dark-tea"
DAY = 24 * 60 * 60 * 1000


def lot(urn: str) -> str:
    """A lot of trace's story, by its key."""
    return object_id(gs1.normal(urn))


LEAF_LOT, TEA_LOT, BOX_LOT = lot(LEAF), lot(TEA), lot(BOXES)
SAMPLE_LOT = lot("urn:epc:class:lgtin:9521002.000201.LB250418-S")
OLD_LOT = lot("urn:epc:class:lgtin:9521002.000201.LB190412")

story = Story("farm", needs=("trace",), players=(SUPERVISOR,))


def at(text: str) -> int:
    """Milliseconds since 1970 UTC of an ISO 8601 time."""
    return int(datetime.fromisoformat(text).timestamp()) * 1000


def sealed(path: str, owner: str, field: str) -> bytes:
    """The commitment to a thing that stays with its owner; its salt would be random, a story's follows from its path."""
    salt = hashlib.sha256(f"demo {path}".encode()).digest()
    return commitment(Place(bytes(32), owner, path, field), salt, path.encode())


@story.step(
    "The members admit the market supervisor of Guangxi; the Guangxi certifier is accredited as a laboratory too.",
    "各成员接纳广西市场监管部门；广西认证机构同时取得检验机构资格。",
)
def admit_supervisor(world: World) -> None:
    administrator = world.cast.signer(SUPERVISOR.id)
    decide(world, admission(SUPERVISOR, administrator), id=f"admit-{SUPERVISOR.id}", reason=SUPERVISOR.name_en)
    for organisation, role in ((SUPERVISOR.id, "market-supervisor"), (BODY, "laboratory")):
        grant = GrantRole(organisation, role, "CN", 0, 0, "DEMO-ACCREDITATION")
        decide(world, grant, id=f"grant-{role}-cn", reason=f"{role} in CN")


@story.step(
    "The cooperative registers two hillside plots: anyone sees a grid cell, the outline stays with the growers.",
    "合作社登记两块山地茶园：人人可见网格编码，地块边界留在茶农手中。",
)
def register_plots(world: World) -> None:
    for number, cell, square_metres in (("CANGWU-118", "7PMHV722", 12_000), ("CANGWU-121", "7PMHV733", 9_000)):
        outline = sealed(f"farm/plots/{GROWER}:{number}", GROWER, "outline")
        world.act(RegisterPlot(number, "CANGWU-7", cell, square_metres, outline), by=GROWER)


@story.step(
    "Each trader names its places and their grid cells, a farm's yard among them that has no number of GS1.",
    "各家登记自己的地点及所在网格；其中一处农家晒场没有 GS1 编码，使用合作社自己的标识。",
)
def name_places(world: World) -> None:
    for owner, place, name, name_en, cell in PLACES:
        world.act(RegisterSite(gs1.normal(place), name, name_en, cell), by=owner)


@story.step(
    "The certifier describes leaf and dark tea: of a kilogram of leaf come at most 260 g of tea.",
    "认证机构登记鲜叶与黑茶两类产品：每公斤鲜叶至多制茶 260 克。",
)
def describe_goods(world: World) -> None:
    world.act(SetProductClass("CN", LEAF_CLASS, "99000001", "茶鲜叶", "Fresh tea leaf", 10_000), by=BODY)
    world.act(SetProductClass("CN", TEA_CLASS, "99000002", "黑茶", "Dark tea", 2_600), by=BODY)
    for owner, named, product, net_grams in (
        (GROWER, LEAF, LEAF_CLASS, 0), (WORKS, TEA, TEA_CLASS, 0), (WORKS, BOXES, TEA_CLASS, 500),
    ):  # fmt: skip
        world.act(DescribeProduct(gs1.gtin_of(gs1.normal(named)), product, net_grams), by=owner)


@story.step(
    "The supervisor registers the indication Liubao tea; its manager licenses the works and caps the spring of 2025 "
    "at 100 kg a hectare: 210 kg from the two plots.",
    "监管部门登记地理标志六堡茶；管理方授权茶厂使用，并核定 2025 年春茶每公顷 100 公斤：两块茶园合计 210 公斤。",
)
def protect_the_name(world: World) -> None:
    opening = world.now + 30 * DAY
    register = RegisterIndication(LIUBAO, "六堡茶", "Liubao tea", "CN", BODY, (LEAF_CLASS, TEA_CLASS), opening)
    world.act(register, by=SUPERVISOR.id)
    world.act(GrantLicence(LIUBAO, WORKS, "0039", 0, 0), by=BODY)
    spring = (at("2025-03-01T00:00:00+08:00"), at("2025-06-01T00:00:00+08:00"), world.now + 180 * DAY)
    world.act(SetSeason(LIUBAO, SPRING, *spring, 100_000), by=BODY)
    for number in ("CANGWU-118", "CANGWU-121"):
        world.act(AllotPlot(LIUBAO, SPRING, f"{GROWER}:{number}", WORKS), by=BODY)


@story.step(
    "The cooperative's 820.5 kg of leaf are bound to their plots, and pass to the works with a pledge of conformity.",
    "合作社的 820.5 公斤鲜叶与茶园绑定，连同承诺达标合格证交给茶厂。",
)
def harvest(world: World) -> None:
    plots = (f"{GROWER}:CANGWU-118", f"{GROWER}:CANGWU-121")
    picked = at("2025-04-05T17:30:00+08:00")
    world.act(RecordHarvest(LEAF_LOT, LEAF_CLASS, 820_500, 0, 7_500, plots, LIUBAO, SPRING, picked), by=GROWER)
    world.act(
        IssuePledge("HGZ-2025-0405", LEAF_LOT, WORKS, 820_500, Basis.OWN_TEST), PassTitle(LEAF_LOT, WORKS), by=GROWER
    )
    world.act(CollectPledge(f"{GROWER}:HGZ-2025-0405"), by=WORKS)


@story.step(
    "A farmer has no number of GS1 and no phone: the cooperative captures 31.2 kg of leaf for her, and the lot follows.",
    "一位茶农没有 GS1 编码，也没有手机：合作社代为采集 31.2 公斤鲜叶事件，批次随即生成。",
)
def harvest_for_a_farmer(world: World) -> None:
    picked = event(
        40, "ObjectEvent", "2025-04-12T16:20:00.000+08:00", "commissioning", FARMYARD,
        action="ADD", disposition="active", quantityList=some(LATE_LEAF, 31.2, "KGM"),
        ilmd={"cbvmda:lotNumber": "MC250412", "cbvmda:countryOfOrigin": "CN"},
    )  # fmt: skip
    capture(world, Delivery(GROWER, True, (picked,)))
    plots = (f"{GROWER}:CANGWU-121",)
    world.act(DeriveLots(digest_of(picked["eventID"]), plots, LIUBAO, SPRING), by=GROWER)


@story.step(
    "The works makes 200.4 kg of tea and claims the indication for it; 9.6 kg of the season's quota remain.",
    "茶厂制成 200.4 公斤茶，并申领地理标志；该季配额还余 9.6 公斤。",
)
def make_and_claim(world: World) -> None:
    tea = Output(TEA_LOT, TEA_CLASS, 200_400, 0, 950)
    made = at("2025-04-18T16:00:00+08:00")
    world.act(RecordProduction(ProductionKind.MAKE, (Part(LEAF_LOT, 820_500),), (tea,), made), by=WORKS)
    world.act(ClaimIndication(TEA_LOT, LIUBAO), by=WORKS)


@story.step(
    "The laboratory names its report, and the certifier certifies the works, within its scope.",
    "检验机构登记检验报告；认证机构在其业务范围内为茶厂颁发证书。",
)
def test_and_certify(world: World) -> None:
    number = "tea-2025-0418"
    content = sealed(f"document/documents/{BODY}:{number}", BODY, "commitment")
    issued = at("2025-08-20T10:00:00+08:00")
    issue = IssueDocument(number, "test-report", WORKS, (), content, 48_213, "application/pdf", issued, 0)
    world.act(issue, RecordTest(TEA_LOT, f"{BODY}:{number}", True), by=BODY)
    world.act(SetScope(BODY, "CN", "organic", (LEAF_CLASS, TEA_CLASS)), by=SUPERVISOR.id)
    world.act(IssueCertificate("ORG-0117", WORKS, "CN", "organic", (TEA_CLASS,), None, 0, 0), by=BODY)
    world.act(CertifyLot(TEA_LOT, f"{BODY}:ORG-0117"), by=WORKS)


@story.step(
    "It is packed in 400 boxes, which carry the indication on; they are released and sold to Nanning, then to Hanoi.",
    "茶叶分装为 400 盒，地理标志随之延续；放行后售往南宁，再售往河内。",
)
def pack_and_sell(world: World) -> None:
    boxes = Output(BOX_LOT, TEA_CLASS, 200_000, 400, 950)
    packed = at("2025-08-25T15:00:00+08:00")
    world.act(RecordProduction(ProductionKind.REPACK, (Part(TEA_LOT, 200_000),), (boxes,), packed), by=WORKS)
    world.act(ReleaseLot(BOX_LOT), PassTitle(BOX_LOT, TRADER), by=WORKS)
    world.act(PassTitle(BOX_LOT, BUYER), by=TRADER)


@story.step(
    "A clerk reports half a kilogram of samples out of the 400 g that were left: kept, marked, and put on a work list.",
    "一名职员上报：从余下的 400 克中取出 500 克样品。该记录保留并标记，列入待办。",
)
def report_too_much(world: World) -> None:
    sample = Output(SAMPLE_LOT, TEA_CLASS, 500, 5, None)
    taken = at("2025-08-26T09:00:00+08:00")
    world.act(RecordProduction(ProductionKind.SPLIT, (Part(TEA_LOT, 400),), (sample,), taken), by=WORKS)
    world.act(CloseAlert(SAMPLE_LOT, ABOVE_YIELD, ClosingCode.EXPLAINED), by=WORKS)


@story.step(
    "The certifier doubts the leaf and recalls it: one record, and the boxes in Hanoi are stopped in the same moment.",
    "认证机构对该批鲜叶存疑，发起召回：只写一条记录，河内的茶盒即刻停止流通。",
)
def recall(world: World) -> None:
    world.act(OpenCause("R-2026-001", LEAF_LOT, CauseKind.RECALL, "pesticide_residue", None), by=BODY)


@story.step(
    "A second test finds nothing; the recall is closed, and Hanoi Imports releases the boxes again.",
    "复检未见异常，召回结束；河内进口商重新放行茶盒。",
)
def close_recall(world: World) -> None:
    world.act(CloseCause(LEAF_LOT, f"{BODY}:R-2026-001", "not_confirmed"), by=BODY)
    world.act(ReleaseLot(BOX_LOT), by=BUYER)


@story.step(
    "The works rehearses a recall: all four lots are found, and the time it took is kept.",
    "茶厂演练召回：四个批次全部找到，并记录用时。",
)
def rehearse(world: World) -> None:
    world.act(StartRehearsal("DRILL-1", LEAF_LOT), by=WORKS)
    found = (LEAF_LOT, TEA_LOT, BOX_LOT, SAMPLE_LOT)
    world.act(FinishRehearsal(f"{WORKS}:DRILL-1", found), by=WORKS)


@story.step(
    "Tea ages: the works carries 5 kg of unused quota over, and declares 30 kg from 2019 with the manager.",
    "茶越陈越香：茶厂将 5 公斤未用配额结转，并与管理方共同申报 2019 年存茶 30 公斤。",
)
def keep_for_later(world: World) -> None:
    made = at("2019-04-12T12:00:00+08:00")
    world.act(CarryOver(LIUBAO, SPRING, 5_000), by=(WORKS, BODY))
    world.act(DeclareOpeningStock(OLD_LOT, LIUBAO, TEA_CLASS, 30_000, 900, made), by=(WORKS, BODY))
    world.act(ClaimIndication(OLD_LOT, LIUBAO), by=WORKS)
