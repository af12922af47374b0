"""Which of the states call for someone."""

from infoharbor.contracts.governance.records import Proposal, ProposalStatus
from infoharbor.edgekit.pages import Alarming

alarming = Alarming({Proposal: (ProposalStatus.REJECTED,)})
