"""How often the page of a piece was opened, and from which regions that was told: numbers alone, off the ledger.

A copied code sits on many pieces, so that its page is opened in places that one piece does not reach. What is kept is a
count for each piece, day and region that a reader chose: no device, no address, no time of day.
"""

import threading
from pathlib import Path
from typing import Final, NamedTuple

from infoharbor.gateway.database import open_private
from infoharbor.sdk.building import now_ms

FILE: Final = "scans.sqlite"
DAY_MS: Final = 24 * 60 * 60 * 1000
DAYS: Final = 30
"""Older counts are deleted."""
ROWS_MAX: Final = 200_000
"""Beyond these nothing new is counted until old days fall out."""
REGIONS: Final = (
    "guangxi", "south_china", "china", "vietnam", "indochina", "thailand", "malaya", "indonesia", "philippines",
    "elsewhere",
)  # fmt: skip
"""So coarse that a choice tells of nobody where he lives."""
NEIGHBOURS: Final = frozenset(
    frozenset(pair)
    for pair in (
        ("guangxi", "south_china"), ("guangxi", "china"), ("south_china", "china"), ("guangxi", "vietnam"),
        ("vietnam", "indochina"), ("indochina", "thailand"), ("thailand", "malaya"), ("malaya", "indonesia"),
    )
)  # fmt: skip
TABLE: Final = """
    CREATE TABLE IF NOT EXISTS scans (
        object TEXT NOT NULL,
        day INTEGER NOT NULL,
        region TEXT NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (object, day, region)
    ) STRICT, WITHOUT ROWID
"""


class Seen(NamedTuple):
    """The last `DAYS` days of a piece: how often its page was opened, and how often each region was told."""

    opened: int
    regions: dict[str, int]

    @property
    def is_suspect(self) -> bool:
        """Whether it was told from two regions that are no neighbours."""
        told = sorted(self.regions)
        return any(frozenset((one, other)) not in NEIGHBOURS for one in told for other in told if one < other)


class Scans:
    """The counts of one data folder."""

    def __init__(self, data: Path) -> None:
        self._lock = threading.Lock()
        self._database = open_private(data / FILE)
        self._database.execute(TABLE)
        self._rows: int = self._database.execute("SELECT count(*) FROM scans").fetchone()[0]
        self._swept = 0

    def count(self, identifier: str, region: str = "") -> None:
        """One more opening of a page, or one more reader who told the region."""
        today = now_ms() // DAY_MS
        with self._lock:
            self._sweep(today)
            key = (identifier, today, region)
            known = self._database.execute(
                "UPDATE scans SET count = count + 1 WHERE object = ? AND day = ? AND region = ?", key
            )
            if known.rowcount == 0 and self._rows < ROWS_MAX:
                self._database.execute("INSERT INTO scans VALUES (?, ?, ?, 1)", key)
                self._rows += 1

    def seen(self, identifier: str) -> Seen:
        since = now_ms() // DAY_MS - DAYS
        with self._lock:
            found = dict(
                self._database.execute(
                    "SELECT region, sum(count) FROM scans WHERE object = ? AND day > ? GROUP BY region",
                    (identifier, since),
                ).fetchall()
            )
        return Seen(found.pop("", 0), found)

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def _sweep(self, today: int) -> None:
        if today == self._swept:
            return
        gone = self._database.execute("DELETE FROM scans WHERE day <= ?", (today - DAYS,))
        self._rows -= gone.rowcount
        self._swept = today
