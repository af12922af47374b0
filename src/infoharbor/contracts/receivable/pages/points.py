"""What fields point to."""

from infoharbor.contracts.asset.records import Hold
from infoharbor.contracts.receivable.invoices import Invoice, InvoiceUse
from infoharbor.contracts.receivable.records import Leaf, Payment, Receivable
from infoharbor.edgekit.pages import Refer, References

references = References(
    {
        "receivable": Refer(Receivable),
        "invoice": Refer(Invoice),
        "leaf": Refer(Leaf, ("receivable", "leaf")),
        "parent": Refer(Leaf, ("receivable", "parent")),
        "payment": Refer(Payment, ("receivable", "payment")),
        "use": Refer(InvoiceUse, ("invoice", "use"), by=("kind",)),
        "of": Refer(Receivable, otherwise=Refer(Leaf, by=("receivable", "number"))),
        "hold": Refer(Hold),
    }
)
