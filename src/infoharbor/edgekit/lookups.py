"""Look-ups at authorities outside the ledger, such as a tax bureau: a connection answers, or a clerk fills in the form.

A contract's pages declare which of its actions enter such an answer:

    tax_bureau = Authority(("RecordTaxCheck",), "the tax authority", "税务机关", site="https://inv-veri.chinatax.gov.cn")

A package that connects to one brings an entry point in the group `infoharbor.lookups`, called `CONTRACT.ACTION`, which
gives a `Lookup`. The action's form then offers to ask it. Where none is installed, the form says so: nothing here ever
makes up an answer.
"""

import importlib.metadata
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Protocol

ENTRY_POINTS: Final = "infoharbor.lookups"


class Answer(NamedTuple):
    """What an authority said: the action's arguments as JSON has them, but for the commitment, and the file that
    shows it, which goes into the vault of whoever asked."""

    arguments: Mapping[str, Any]
    evidence: bytes


class Lookup(Protocol):
    """A connection to an authority."""

    def ask(self, organisation: str, known: Mapping[str, str]) -> Answer:
        """Ask for `organisation` about what is known of the action's arguments so far, as texts.

        Raises `Malformed` where something is missing, and `OSError` where the authority does not answer."""
        ...


class Authority(NamedTuple):
    """Whom these actions cite, and where a clerk asks by hand."""

    actions: tuple[str, ...]
    name_en: str
    name_zh: str
    site: str


def installed_lookup(contract: str, action: str) -> Lookup | None:
    """The connection that is installed for an action, if there is one."""
    found = tuple(importlib.metadata.entry_points(group=ENTRY_POINTS, name=f"{contract}.{action}"))
    if not found:
        return None
    connection: Lookup = found[0].load()
    return connection
