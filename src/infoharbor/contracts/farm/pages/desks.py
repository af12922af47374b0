"""What each kind of member has before it."""

from infoharbor.edgekit.languages import Sentence
from infoharbor.edgekit.reports import ME, Desk, Part

READABLE = Sentence(
    "You see your own records, those that others let you read, and what is public: holds, recalls, certificates, plots.",
    "可见内容：自己的记录、他方允许您查看的记录，以及公开信息（暂停与召回、证书、地块）。",
)
GROWER = Desk(
    "cooperative", "Cooperative", "合作社",
    (
        Part("work", {"owner": ME}), Part("quota", {"licensee": ME}), Part("balance", {"producer": ME}),
        Part("stock", {"holder": ME}), Part("certificates", {"holder": ME}),
    ),
    (READABLE,),
)  # fmt: skip
PROCESSOR = Desk(
    "processor", "Processor", "加工企业",
    (
        Part("work", {"owner": ME}), Part("quota", {"licensee": ME}), Part("cellar", {"licensee": ME}),
        Part("yields", {"recorded_by": ME}), Part("balance", {"producer": ME}), Part("stock", {"holder": ME}),
        Part("certificates", {"holder": ME, "within_days": "90"}), Part("rehearsals", {"started_by": ME}),
    ),
    (READABLE,),
)  # fmt: skip
CERTIFIER = Desk(
    "certifier", "Certifier", "认证与检验机构",
    (Part("certificates", {"body": ME}), Part("stops"), Part("quota"), Part("alerts")),
    (READABLE,),
)  # fmt: skip
TRADER = Desk(
    "trader", "Exporter or importer", "出口商与进口商",
    (Part("stock", {"holder": ME}), Part("work", {"owner": ME}), Part("stops"), Part("rehearsals", {"started_by": ME})),
    (READABLE,),
)  # fmt: skip
INSPECTOR = Desk(
    "supervision", "Market supervision", "市场监管",
    (
        Part("stops"), Part("work"), Part("alerts"), Part("quota"), Part("balance"), Part("yields"),
        Part("certificates", {"within_days": "90"}), Part("rehearsals"),
    ),
    (
        Sentence(
            "You see what was recorded in your country, by organisations of your country, and what is public.",
            "可见内容：本国发生、由本国机构登记的记录，以及公开信息。",
        ),
    ),
)  # fmt: skip
