"""InfoHarbor (信港): one ledger that organisations keep together, and can prove to anyone."""

from infoharbor.kernel.rulefiles import install

install()
