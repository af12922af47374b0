"""What a gateway keeps beside the ledger is its owner's alone, and set as its keeper asks."""

import stat
from pathlib import Path

from infoharbor.gateway.database import open_private


def test_a_gateways_file_is_private_and_has_the_settings_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "kept.sqlite"
    database = open_private(file, "synchronous = FULL", "secure_delete = ON")
    database.execute("CREATE TABLE kept (id INTEGER)")
    found = [
        database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "secure_delete")
    ]
    assert found == ["wal", 2, 1]
    assert {stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()} == {0o600}
    database.close()
