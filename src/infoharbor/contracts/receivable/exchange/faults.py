"""How an invoice file is refused: a stable code, the field's path in the file, what would be right."""

CODES = (
    "invoice_amount",
    "invoice_currency",
    "invoice_date",
    "invoice_identity",
    "invoice_kind",
    "invoice_missing",
    "invoice_repeated",
    "invoice_sum",
    "invoice_tax",
    "invoice_text",
    "invoice_xml",
)
"""Every code that this package answers; the contract's words hold a sentence for each."""


class InvoiceFault(Exception):
    """Why an invoice file is refused. `field` is the path in the file as it was sent, without prefixes, such as
    `LegalMonetaryTotal/TaxInclusiveAmount` or `InvoiceLine[2]/Price/PriceAmount`, counted from 1."""

    def __init__(self, code: str, field: str, expected: str) -> None:
        super().__init__(code, field, expected)
        self.code, self.field, self.expected = code, field, expected

    def __str__(self) -> str:
        return f"{self.code} at {self.field or 'file'}: {self.expected}"
