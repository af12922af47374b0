"""Bearer tokens, each tied to a user of an organisation; only their hashes are kept."""

import hashlib
import secrets
import threading
from pathlib import Path
from typing import Final

from infoharbor.gateway.database import open_private
from infoharbor.kernel.readers import Reader
from infoharbor.sdk.building import now_ms

FILE: Final = "tokens.sqlite"
PREFIX: Final = "ih_"
DAYS: Final = 90
DAY_MS: Final = 24 * 60 * 60 * 1000
TABLE: Final = """
    CREATE TABLE IF NOT EXISTS tokens (
        hash BLOB PRIMARY KEY,
        organisation TEXT NOT NULL,
        user TEXT NOT NULL,
        created INTEGER NOT NULL,
        expires INTEGER NOT NULL,
        revoked INTEGER
    ) STRICT, WITHOUT ROWID
"""


class Tokens:
    """The tokens of one data folder; several processes may have it open at once."""

    def __init__(self, data: Path) -> None:
        self._lock = threading.Lock()
        self._database = open_private(data / FILE)
        self._database.execute(TABLE)

    def issue(self, organisation: str, user: str, *, days: int = DAYS) -> str:
        """A new token: shown once, here."""
        token = PREFIX + secrets.token_urlsafe(32)
        now = now_ms()
        with self._lock:
            self._database.execute(
                "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, NULL)",
                (_hash(token), organisation, user, now, now + days * DAY_MS),
            )
        return token

    def revoke(self, token: str) -> bool:
        """End a token; whether there was one in force."""
        with self._lock:
            done = self._database.execute(
                "UPDATE tokens SET revoked = ? WHERE hash = ? AND revoked IS NULL", (now_ms(), _hash(token))
            )
        return done.rowcount == 1

    def reader(self, token: str) -> Reader | None:
        """Whose token this is, if it is in force."""
        with self._lock:
            found = self._database.execute(
                "SELECT organisation, user FROM tokens WHERE hash = ? AND revoked IS NULL AND expires > ?",
                (_hash(token), now_ms()),
            ).fetchone()
        return None if found is None else Reader(*found)

    def close(self) -> None:
        with self._lock:
            self._database.close()


def issue_token(data: Path | str, organisation: str, user: str, *, days: int = DAYS) -> str:
    """A new token of the gateway on this data folder, also beside a running node."""
    tokens = Tokens(Path(data))
    try:
        return tokens.issue(organisation, user, days=days)
    finally:
        tokens.close()


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
