"""An SQL mirror of what a trial's ledger holds."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infoharbor.engine.trial import Trial
from infoharbor.kernel.records import Entry
from infoharbor.readmodel.database import open_database
from infoharbor.readmodel.follower import Follower
from infoharbor.readmodel.rows import SqlRows


def mirror_of(trial: Trial, folder: Path) -> Follower:
    """A mirror in this folder, up to date."""
    database, state = open_database(f"sqlite:///{folder / 'mirror'}"), State(trial)
    follower = Follower(state, trial.registry, trial.chain.id, database)  # type: ignore[arg-type]
    follower.catch_up()
    return follower


class State:
    """A trial's records as the state that a mirror begins with."""

    first_block = height = 1

    def __init__(self, trial: Trial) -> None:
        self._trial = trial

    def snapshot(self) -> "State":
        return self

    def __enter__(self) -> "State":
        return self

    def __exit__(self, *fault: object) -> None: ...

    def scan(self, prefix: str) -> Iterator[tuple[str, Entry]]:
        return self._trial.view.scan(prefix)

    def blocks(self, after: int, limit: int) -> Iterator[Any]:
        return iter(())

    def root(self, size: int) -> bytes:
        return bytes(32)


class Answering(SqlRows):
    """Leaves no question to a scan."""

    def totals(self, *asked: Any) -> Any:
        found = super().totals(*asked)
        assert found is not None
        return found
