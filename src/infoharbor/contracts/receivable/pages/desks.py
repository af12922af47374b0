"""The desks: what a supplier, a core enterprise, a financier and a supervisor each have before them."""

from infoharbor.edgekit.languages import Sentence
from infoharbor.edgekit.lookups import Authority
from infoharbor.edgekit.reports import ME, Desk, Part

tax_authority = Authority(("RecordTaxCheck",), "Tax authority", "税务机关", "https://inv-veri.chinatax.gov.cn")
collateral_register = Authority(
    ("RecordSearch", "RegisterAssignment", "CancelRegistration"),
    "Register of movable collateral (Zhongdeng, 中登网)",
    "动产融资统一登记公示系统（中登网）",
    "https://www.zhongdengwang.org.cn",
)
SEEN = (
    Sentence(
        "That an invoice is in use is seen by its seller and buyer, the bank of a receivable for it, every financier "
        "that was asked or has financed a part, and the supervisor of the seller's country. Others learn it only by "
        "being refused.",
        "发票是否已被占用，可见方为：其买卖双方、相关应收账款的银行、被询价或已融资的资金方，以及销售方所在国家的监管机构。"
        "其他成员只有在被拒绝时才会得知。",
    ),
)

supplier = Desk(
    "supplier",
    "Supplier",
    "供应商工作台",
    (
        Part("waiting"),
        Part("holdings", {"holder": ME}),
        Part("offers", {"holder": ME}),
        Part("maturity", {"holder": ME}),
        Part("invoices", {"seller": ME}),
    ),
    SEEN,
)
debtor = Desk(
    "debtor",
    "Core enterprise",
    "核心企业工作台",
    (
        Part("waiting"),
        Part("owed", {"debtor": ME}),
        Part("tiers", {"debtor": ME}),
        Part("ageing", {"debtor": ME}),
        Part("lines", {"debtor": ME}),
        Part("invoices", {"buyer": ME}),
    ),
    SEEN,
)
financier = Desk(
    "financier",
    "Bank and factor",
    "银行与保理商工作台",
    (
        Part("waiting"),
        Part("lines", {"bank": ME}),
        Part("concentration", {"bank": ME}),
        Part("tiers", {"bank": ME}),
        Part("maturity", {"bank": ME}),
        Part("ageing", {"bank": ME}),
        Part("holdings", {"holder": ME}),
        Part("registrations"),
        Part("invoices"),
        Part("refused"),
        Part("alerts"),
    ),
    SEEN,
)
supervisor = Desk(
    "supervisor",
    "Supervisor",
    "监管机构工作台",
    (
        Part("jurisdictions"),
        Part("overdue"),
        Part("ageing"),
        Part("concentration"),
        Part("maturity"),
        Part("tiers"),
        Part("lines"),
        Part("invoices"),
        Part("refused"),
        Part("alerts"),
    ),
    (
        Sentence(
            "You see what concerns debtors and sellers of the countries that you are accredited for, refused second "
            "financings among it.",
            "您可见所获授权国家的债务人与销售方的相关情况，包括被拒绝的重复融资。",
        ),
    ),
)
