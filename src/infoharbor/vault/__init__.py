"""Private payloads of one organisation: kept encrypted, handed over against receipts, and erased for good."""
