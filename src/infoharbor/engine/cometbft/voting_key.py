"""The key by which a node votes on blocks: in CometBFT's own file, or in a PKCS#11 token, which a key file names."""

from pathlib import Path

from infoharbor.crypto.keyfile import KeyFileError, encoded, public_key_in, read_key
from infoharbor.crypto.suites import ED25519, PrivateKey, TokenPlace
from infoharbor.engine.cometbft import key_files
from infoharbor.engine.folder import sync_folder, write_private
from infoharbor.engine.interface import Damaged


class VotingKey:
    """What lies at one path, in either form, so that another key takes its place as a whole."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._opened: PrivateKey | None = None

    @property
    def exists(self) -> bool:
        return self._file.exists()

    @property
    def in_token(self) -> bool:
        """Whether the file only says where the key is: CometBFT has to ask for its signatures then."""
        return "infoharbor" in key_files.read(self._file)

    @property
    def public_key(self) -> bytes:
        """Known without the token."""
        if not self.in_token:
            return key_files.key_in(self._file, "pub_key")
        try:
            return public_key_in(self._file)
        except KeyFileError as fault:
            raise Damaged(f"consensus/config/{self._file.name}", str(fault)) from None

    def sign(self, message: bytes) -> bytes:
        """`TokenFault` where its token does not sign now; it is asked again with the next message."""
        if self._opened is None:
            self._opened = self._open()
        return self._opened.sign(message)

    def ensure_signs(self) -> None:
        """`TokenFault` as `sign`; what is signed for it is of no use for anything else."""
        self._opened = self._open()

    def write(self, key: PrivateKey) -> None:
        """Durably, in the place of what is there."""
        in_token = isinstance(key.held, TokenPlace)
        write_private(self._file, encoded(key) if in_token else key_files.validator(key))
        self._opened = None

    def take_place_of(self, old: "VotingKey") -> None:
        self._file.replace(old._file)
        sync_folder(old._file.parent)
        old._opened = None

    def _open(self) -> PrivateKey:
        if not self.in_token:
            return ED25519.private_key(key_files.key_in(self._file, "priv_key")[: key_files.SEED_BYTES])
        try:
            return read_key(self._file)
        except KeyFileError as fault:
            raise Damaged(f"consensus/config/{self._file.name}", str(fault)) from None
