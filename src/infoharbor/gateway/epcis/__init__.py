"""The REST interface of EPCIS 2.0 under `/epcis`: events in by capture jobs or one by one, and out again."""
