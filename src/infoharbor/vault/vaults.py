"""The vaults of the organisations that this node serves: each opened once, since a vault has one process at a time."""

import os
import threading
from pathlib import Path
from typing import Final

from infoharbor.engine.folder import PRIVATE_FOLDER, write_private
from infoharbor.vault.store import Vault

FOLDER: Final = "vaults"
SECRET_FILE: Final = "digest_secret"
SECRET_BYTES: Final = 32


class Vaults:
    """The vaults in a data folder, by organisation; opened on first use."""

    def __init__(self, data: Path, chain: bytes) -> None:
        self._folder, self._chain = data / FOLDER, chain
        self._open: dict[str, Vault] = {}
        self._secrets: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def of(self, organisation: str) -> Vault:
        """The organisation's vault. Raises `Refused` if it cannot be opened."""
        with self._lock:
            vault = self._open.get(organisation)
            if vault is None:
                vault = Vault(self._place(organisation), chain=self._chain, organisation=organisation)
                self._open[organisation] = vault
            return vault

    def is_here(self, organisation: str) -> bool:
        """Whether this node keeps a vault of the organisation; asking makes none."""
        return (self._folder / organisation).is_dir()

    def digest_secret(self, organisation: str) -> bytes:
        """32 bytes that key the organisation's digests of what only it may know; kept beside its vault."""
        with self._lock:
            secret = self._secrets.get(organisation)
            if secret is None:
                file = self._place(organisation) / SECRET_FILE
                if not file.exists():
                    write_private(file, os.urandom(SECRET_BYTES))
                secret = self._secrets[organisation] = file.read_bytes()
            return secret

    def close(self) -> None:
        with self._lock:
            while self._open:
                self._open.popitem()[1].close()

    def _place(self, organisation: str) -> Path:
        """An organisation's id holds lower-case letters, digits and hyphens only, and so does its folder's name."""
        if not organisation.replace("-", "").isalnum() or not organisation.isascii():
            raise ValueError(f"{organisation!r} is no organisation's id")
        folder = self._folder / organisation
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        return folder
