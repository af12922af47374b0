"""Which of the states call for someone, what fields point to, where decisions stand encoded, and how
voted numbers are read."""

from infoharbor.contracts.governance.actions import DECISIONS, Propose
from infoharbor.contracts.governance.records import Proposal, ProposalStatus
from infoharbor.edgekit.languages import Sentence
from infoharbor.edgekit.measures import Measure, Measures
from infoharbor.edgekit.pages import Alarming, Enclosed, Refer, References

alarming = Alarming({Proposal: (ProposalStatus.REJECTED,)})
references = References({"proposal": Refer(Proposal)})
decisions = Enclosed(
    (Propose, Proposal),
    named="action",
    held="decision",
    kinds=DECISIONS,
    about=Sentence(
        "Put a decision to the members: choose it, fill in its fields, and say why. Your own yes is counted at once.",
        "将一项决定交由成员表决：选择决定事项，填写其内容，并说明理由。提案方的赞成票立即计入。",
    ),
)
measures = Measures({"value": Measure("", of="name")})
