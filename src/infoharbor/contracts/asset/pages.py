"""Which of the states call for someone."""

from infoharbor.contracts.asset.records import Escrow, EscrowStatus, Title, TitleStatus
from infoharbor.edgekit.pages import Alarming

alarming = Alarming({Escrow: (EscrowStatus.DISPUTED,), Title: (TitleStatus.FROZEN,)})
