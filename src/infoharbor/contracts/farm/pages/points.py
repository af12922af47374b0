"""What fields point to."""

from infoharbor.contracts.document.records import Document
from infoharbor.contracts.farm.causes import Rehearsal
from infoharbor.contracts.farm.certificates import Certificate
from infoharbor.contracts.farm.indications import Indication, Season
from infoharbor.contracts.farm.land import Plot, ProductClass
from infoharbor.contracts.farm.pledges import Pledge
from infoharbor.contracts.farm.records import Cause, Lot, Production
from infoharbor.edgekit.pages import Refer, References

references = References(
    {
        "lot": Refer(Lot),
        "outputs": Refer(Lot),
        "production": Refer(Production),
        "plot": Refer(Plot),
        "plots": Refer(Plot),
        "indication": Refer(Indication, by=("name",)),
        "claim": Refer(Indication, by=("name",)),
        "season": Refer(Season, ("indication", "season")),
        "product": Refer(ProductClass, ("jurisdiction", "product"), by=("name",), home="organisation"),
        "classes": Refer(ProductClass, ("jurisdiction", "classes"), by=("name",)),
        "certificate": Refer(Certificate),
        "document": Refer(Document),
        "pledge": Refer(Pledge),
        "reissued_from": Refer(Pledge),
        "cause": Refer(Cause, ("lot", "cause")),
        "rehearsal": Refer(Rehearsal),
    }
)
