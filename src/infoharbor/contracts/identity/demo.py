"""The organisations that play in every demo, and the story of how they come onto the ledger."""

from infoharbor.contracts.governance.demo import decide
from infoharbor.contracts.identity.accreditations import GrantRole
from infoharbor.contracts.identity.keys import RotateKey
from infoharbor.contracts.identity.organisations import AdmitOrganisation
from infoharbor.contracts.identity.policies import SetPolicy
from infoharbor.contracts.identity.records import CHECKER, MAKER, NewKey, PolicyRule, Registration, UserKind
from infoharbor.contracts.identity.users import AddUser
from infoharbor.edgekit.cast import Player, Signer
from infoharbor.edgekit.story import Story, World

COOPERATIVE = Player(
    "wuzhou-tea-cooperative",
    "梧州茶农合作社（示例）",
    "Wuzhou Tea Growers' Cooperative (example)",
    "CN",
    "uscc",
    "93999999DEM000014A",
)
PROCESSOR = Player(
    "liubao-processor",
    "六堡茶加工厂（示例）",
    "Liubao Tea Works (example)",
    "CN",
    "uscc",
    "91999999DEM000022B",
)
EXPORTER = Player(
    "nanning-exporter", "南宁出口商（示例）", "Nanning Exports (example)", "CN", "uscc", "91999999DEM0000306"
)
CARRIER = Player(
    "pingxiang-carrier",
    "凭祥承运人（示例）",
    "Pingxiang Carriers (example)",
    "CN",
    "uscc",
    "91999999DEM0000493",
)
IMPORTER = Player(
    "hanoi-importer",
    "Nhà nhập khẩu Hà Nội (ví dụ)",
    "Hanoi Imports (example)",
    "VN",
    "lei",
    "DEMO00HANOIIMPORT154",
)
CERTIFIER_CN = Player(
    "guangxi-certifier",
    "广西认证机构（示例）",
    "Guangxi Certification Body (example)",
    "CN",
    "uscc",
    "12999999DEM0000573",
)
CERTIFIER_VN = Player(
    "hanoi-certifier",
    "Tổ chức chứng nhận Hà Nội (ví dụ)",
    "Hanoi Certification Body (example)",
    "VN",
    "registry",
    "DEMO-0002",
)
BANK = Player("harbor-bank", "信港银行（示例）", "Harbour Bank (example)", "CN", "lei", "DEMO00HARBORBANK0184")
PLAYERS = (COOPERATIVE, PROCESSOR, EXPORTER, CARRIER, IMPORTER, CERTIFIER_CN, CERTIFIER_VN, BANK)
"""Region code 999999 and prefix DEMO are allotted to nobody: right in form, these numbers name no one."""
CAPTURING = (COOPERATIVE, PROCESSOR, EXPORTER, CARRIER, IMPORTER)
SCANNED = ("trace.CaptureEvents", "farm.DeriveLots", "farm.IssuePledge", "farm.CollectPledge", "farm.OpenCause")
"""What their scanners' keys may sign."""
GRANTS = (
    (CERTIFIER_CN, "certifier", "CN"),
    (CERTIFIER_VN, "certifier", "VN"),
    (CERTIFIER_CN, "gs1-registrar", "CN"),
    (CERTIFIER_VN, "gs1-registrar", "VN"),
    (BANK, "bank", "CN"),
    (BANK, "bank", "VN"),
    (BANK, "money-issuer", "CN"),
    (BANK, "money-issuer", "VN"),
)

story = Story("identity", players=PLAYERS)


def new_key(signer: Signer, user: str = "", *, valid_from: int = 0, until: int = 0) -> NewKey:
    """The signer's key as it is registered, for its own user or for another one."""
    proof = signer.proof_for(user or signer.user)
    return NewKey(signer.key.suite.name, signer.key.public_key, proof, valid_from, until)


def admission(player: Player, administrator: Signer) -> AdmitOrganisation:
    """The action that admits a player with its first administrator."""
    return AdmitOrganisation(
        player.id,
        player.name,
        player.name_en,
        player.country,
        Registration(player.registration),
        player.number,
        player.seat,
        administrator.user,
        new_key(administrator),
    )


@story.step(
    "The operator proposes eight organisations; with the only seat so far, its vote admits them.",
    "运营中心提议接纳八家机构；目前只有它一席，一票即通过。",
)
def admit(world: World) -> None:
    for player in PLAYERS:
        administrator = world.cast.signer(player.id)
        decide(world, admission(player, administrator), id=f"admit-{player.id}", reason=player.name_en)


@story.step(
    "The certifiers and the bank are accredited, each for a role in a country.",
    "认证机构和银行分别取得在某国从事某项职责的资格。",
)
def accredit(world: World) -> None:
    for player, role, country in GRANTS:
        grant = GrantRole(player.id, role, country, 0, 0, "DEMO-ACCREDITATION")
        decide(world, grant, id=f"grant-{role}-{country.lower()}-{player.id}", reason=f"{role} in {country}")


@story.step(
    "Nanning Exports adds a clerk who makes entries and a manager who checks them.",
    "南宁出口商添加一名负责经办的职员和一名负责复核的经理。",
)
def add_people(world: World) -> None:
    for name, role in (("clerk", MAKER), ("manager", CHECKER)):
        signer = world.cast.signer(EXPORTER.id, name)
        world.act(AddUser(signer.user, UserKind.PERSON, (role,), new_key(signer), ()), by=EXPORTER.id)


@story.step(
    "From now on nobody in Nanning Exports lets another spend its money alone: a maker and a checker sign.",
    "此后，南宁出口商授权他人动用其资金，须经办和复核两人共同签署。",
)
def set_policy(world: World) -> None:
    world.act(SetPolicy((PolicyRule("asset.GiveGrant", (MAKER, CHECKER)),)), by=EXPORTER.id)


@story.step(
    "Five organisations give a scanner a key that records events, and what a phone does with their lots; nothing else.",
    "五家机构为扫描设备配发密钥，只能记录事件以及用手机办理的批次事项，不能做别的。",
)
def add_scanners(world: World) -> None:
    for player in CAPTURING:
        scanner = world.cast.signer(player.id, "scanner")
        add = AddUser(scanner.user, UserKind.AGENT, (), new_key(scanner), SCANNED)
        world.act(add, by=player.id)


@story.step("The manager replaces the first key with a new one.", "经理用新密钥替换最初的密钥。")
def rotate(world: World) -> None:
    manager, renewed = (world.cast.signer(EXPORTER.id, name) for name in ("manager", "manager-2"))
    rotation = RotateKey(manager.key_id.hex(), new_key(renewed, manager.user))
    world.act(rotation, by=EXPORTER.id, users=[manager])
