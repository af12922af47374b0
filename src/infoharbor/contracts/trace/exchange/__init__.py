"""EPCIS 2.0 in and out: documents read, validated, hashed, split into public and held parts."""
