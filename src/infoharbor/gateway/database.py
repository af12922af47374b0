"""How a gateway opens what it keeps beside the ledger: SQLite files that nobody but their owner reads."""

import sqlite3
from pathlib import Path

from infoharbor.engine.folder import PRIVATE_FILE

PATIENCE_S = 10
"""How long a statement waits for another process that has the file locked."""


def open_private(file: Path, *settings: str) -> sqlite3.Connection:
    """The database in `file`, made if it is not there, for any thread and for several processes at once; `settings` are
    PRAGMAs beside the write-ahead log."""
    file.touch(mode=PRIVATE_FILE)
    database = sqlite3.connect(file, timeout=PATIENCE_S, check_same_thread=False, isolation_level=None)
    for setting in ("journal_mode = WAL", *settings):
        database.execute(f"PRAGMA {setting}")
    return database
