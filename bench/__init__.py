"""Measures the ledger, and in the same run the limits of the machine and what a user would otherwise take."""
