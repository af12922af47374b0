"""The members of a trial network, whose keys all lie on this machine."""

import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from infoharbor.cli.keys import registered
from infoharbor.cli.output import Failure
from infoharbor.contracts.identity.organisations import AdmitOrganisation
from infoharbor.contracts.identity.records import Registration
from infoharbor.crypto.keyfile import read_key, write_key
from infoharbor.crypto.suites import SUITES, PrivateKey
from infoharbor.sdk.keys import Signer

KEY_FILE_ENDS = "-administrator.json"


class Member(NamedTuple):
    """An organisation of a trial, with its administrator's key."""

    name: str
    user: str
    key: PrivateKey

    @classmethod
    def new(cls, number: int) -> "Member":
        return cls(f"member-{number}", f"u-{secrets.token_hex(12)}", SUITES["ed25519"].generate())

    @property
    def admission(self) -> AdmitOrganisation:
        number = int(self.name.removeprefix("member-"))
        return AdmitOrganisation(
            self.name, f"试验成员 {number}", f"Trial member {number}", "CN", Registration.REGISTRY, f"TRIAL-{number:04}",
            True, self.user, registered(self.key, self.user),
        )  # fmt: skip

    def write_key(self, data: Path) -> Path:
        file = key_file(data, self.name)
        write_key(file, self.key)
        return file


def key_file(data: Path, organisation: str) -> Path:
    return data / "keys" / (organisation + KEY_FILE_ENDS)


def administrators(folders: Iterable[Path]) -> list[Signer]:
    """Everyone who can sign with a key that lies in a node's folder, each organisation once; `network.no_voters` if
    nobody can."""
    files = [file for data in folders for file in sorted((data / "keys").glob(f"*{KEY_FILE_ENDS}"))]
    found = {file.name.removesuffix(KEY_FILE_ENDS): file for file in files}
    if not found:
        raise Failure("network.no_voters", "--dir", "an administrator's key file in a node's keys folder")
    return [Signer(organisation, read_key(file)) for organisation, file in found.items()]
