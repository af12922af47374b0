"""Supply-chain finance: a buyer's confirmed debt that suppliers hold, split, pass on and finance."""
