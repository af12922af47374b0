"""Who is on the ledger: organisations, their users and devices, keys, roles and signing policies."""
