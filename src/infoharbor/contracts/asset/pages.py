"""Which of the states call for someone, and what fields point to."""

from infoharbor.contracts.asset.records import (
    Escrow,
    EscrowStatus,
    Freeze,
    Grant,
    Hold,
    Title,
    TitleStatus,
    Token,
)
from infoharbor.edgekit.pages import Alarming, Refer, References

alarming = Alarming({Escrow: (EscrowStatus.DISPUTED,), Title: (TitleStatus.FROZEN,)})
references = References(
    {
        "token": Refer(Token, by=("issuer", "unit")),
        "hold": Refer(Hold),
        "grant": Refer(Grant),
        "escrow": Refer(Escrow),
        "freeze": Refer(Freeze),
        "title": Refer(Title),
    }
)
