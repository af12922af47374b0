"""What evidence is about, in words: which goods, or which records, and how many of which table."""

from collections import Counter
from typing import Final

from infoharbor.contractkit import gs1
from infoharbor.contracts.trace.pages import node
from infoharbor.contracts.trace.records import Object
from infoharbor.evidence.verify import Proven
from infoharbor.kernel.records import record_type
from infoharbor.portal.shell import Page

KEYS: Final = {gs1.GTIN: "GTIN", gs1.SSCC: "SSCC"}


def table_words(page: Page) -> dict[str, str]:
    """What tables are called, by CONTRACT/TABLE."""
    words = page.ledger.words
    return {
        f"{kind.contract}/{kind.table}": page.texts.sentence(words.text(kind.contract, "tables", kind.table))
        for kind in page.ledger.registry.tables.values()
    }


class About:
    """The words for evidence as a page's reader knows them."""

    def __init__(self, page: Page) -> None:
        self._page, self._tables = page, table_words(page)

    def things(self, proven: Proven) -> list[str]:
        """The goods whose state it proves; where there are none, its records."""
        prefix = record_type(Object).prefix
        there = [each.path for each in proven.records if each.versions and each.versions[0][1] is not None]
        goods = [self._goods(path.removeprefix(prefix)) for path in there if path.startswith(prefix)]
        return goods or [" ".join(self.called(each.path)).strip() for each in proven.records]

    def called(self, path: str) -> tuple[str, str]:
        """What a record's table is called, and its key; nothing and its path where this node does not know the table."""
        table = _table_of(path)
        return (self._tables[table], path.removeprefix(f"{table}/")) if table in self._tables else ("", path)

    def counts(self, proven: Proven) -> list[str]:
        """How many records there are of each table that this node knows."""
        counts = Counter(_table_of(each.path) for each in proven.records)
        return [f"{self._tables[table]} {count}" for table, count in counts.items() if table in self._tables]

    def _goods(self, identifier: str) -> str:
        """What a person reads on the goods themselves."""
        try:
            told = node(identifier)
        except gs1.Gs1Fault:  # another ledger's rules may let anything stand there
            return identifier
        if not told["key"]:
            return identifier
        named = [self._page.texts(f"object.{part}", number=told[part]) for part in ("serial", "lot") if told[part]]
        return " · ".join([*named, f"{KEYS.get(told['key'], '(' + told['key'] + ')')} {told['value']}"])


def _table_of(path: str) -> str:
    return "/".join(path.split("/", 2)[:2])
