"""The agent keys that a gateway keeps for its organisations: each signs only what its scope on the ledger names."""

from pathlib import Path
from typing import Final

from infoharbor.crypto.keyfile import read_key, write_key
from infoharbor.crypto.suites import PrivateKey
from infoharbor.sdk.keys import Signer

FOLDER: Final = Path("keys") / "agents"


class Agents:
    """Key files `keys/agents/ORGANISATION.json` in a data folder."""

    def __init__(self, data: Path) -> None:
        self._folder = data / FOLDER
        self._known: dict[str, Signer] = {}

    def signer(self, organisation: str) -> Signer | None:
        """The organisation's agent, if this gateway keeps its key; a new file is noticed, a read one is remembered."""
        if organisation not in self._known:
            file = agent_file(self._folder, organisation)
            if not file.is_file():
                return None
            self._known[organisation] = Signer(organisation, read_key(file))
        return self._known[organisation]


def keep_agent_key(data: Path | str, organisation: str, key: PrivateKey) -> None:
    """Put an organisation's agent key where its gateway finds it; FileExistsError if there is one."""
    folder = Path(data) / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_key(agent_file(folder, organisation), key)


def agent_file(folder: Path, organisation: str) -> Path:
    if not organisation.replace("-", "").isalnum() or not organisation.isascii():
        raise ValueError(f"{organisation!r} is no organisation's id")
    return folder / f"{organisation}.json"
