"""InfoHarbor (信港): one ledger that organisations keep together, and can prove to anyone."""

from importlib.metadata import version

from infoharbor.kernel.rulefiles import install

__version__ = version("infoharbor")
install()
