"""Which of the states call for someone, what fields point to, and where decisions stand encoded."""

from infoharbor.contracts.governance.actions import DECISIONS, Propose
from infoharbor.contracts.governance.records import Proposal, ProposalStatus
from infoharbor.edgekit.pages import Alarming, Enclosed, Refer, References

alarming = Alarming({Proposal: (ProposalStatus.REJECTED,)})
references = References({"proposal": Refer(Proposal)})
decisions = Enclosed((Propose, Proposal), named="action", held="decision", kinds=DECISIONS)
