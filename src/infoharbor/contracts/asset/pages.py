"""Which of the states call for someone, what fields point to, and how amounts are read."""

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
from infoharbor.edgekit.measures import Measure, Measures
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
measures = Measures(
    dict.fromkeys(
        ("amount", "left", "spent", "free", "held", "frozen", "minted", "redeemed"),
        Measure("smallest", of="unit", decimals="decimals"),
    )
)
