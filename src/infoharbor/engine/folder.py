"""A node's data folder: what lies where, who may open it, and what the log's signer has signed.

`genesis` the encoded genesis · `secret` 32 bytes that make the blinds · `keys/log.json` the log's private key ·
`blocks/` the block log · `state/` the store, which can be made again from the log · `signed.json` the largest
checkpoint that was signed, and `attested.json` the same of a member's attester (`keys/attester-*.json`), which no
backup takes along · `attested-notes.json` what a quorum attested last, `witnessed-notes.json` what outside witnesses
did · `snapshots/` the state at some heights, for nodes that come new · `lock` held by the one node that runs ·
`writing` held by its processes that write the store · in a network's, `skips/` what its validators have agreed not to
run, and `quarantine.json` where the ledger is not the network's.
"""

import contextlib
import fcntl
import hashlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from infoharbor.crypto.hashes import SHA256, hash_suite
from infoharbor.crypto.keyfile import KeyFileError, read_key, write_key
from infoharbor.crypto.suites import PrivateKey
from infoharbor.engine.interface import Damaged, Refused
from infoharbor.engine.quarantine import Quarantine, quarantine_in
from infoharbor.evidence.checkpoint import Checkpoint, origin_of
from infoharbor.evidence.note import ED25519, VerifierKey, sign_note
from infoharbor.kernel.block import Genesis, genesis_codec
from infoharbor.kernel.chain import Chain
from infoharbor.kernel.encoding import Malformed, encode, tagged_hash
from infoharbor.kernel.registry import Registry, installed_registry
from infoharbor.kernel.skips import NO_SKIPS, Skips

PATIENCE_S = 60
PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


class Signed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`signed.json`: the largest checkpoint that was ever signed; `root` in hex."""

    size: int
    root: str


class Founded(NamedTuple):
    """What a folder says of its chain."""

    genesis: Genesis
    chain: Chain


class DataFolder:
    """One folder, all of it readable by its owner alone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.genesis, self.secret = path / "genesis", path / "secret"
        self.log_key, self.signed, self.lock_file = (
            path / "keys" / "log.json",
            path / "signed.json",
            path / "lock",
        )
        self.blocks, self.state = path / "blocks", path / "state"
        self.attested = path / "attested.json"
        self.quarantine, self.skips = path / "quarantine.json", path / "skips"
        self.keys, self.next_keys = path / "keys", path / "keys" / "next"
        self.witnesses = path / "witnesses"
        self.snapshots = path / "snapshots"

    def create(self, genesis: Genesis, secret: bytes, log_key: PrivateKey) -> None:
        """Lay out a new folder; refused as `node.folder_taken` if there is a ledger in it already."""
        if self.genesis.exists():
            raise Refused("node.folder_taken", "data", "a folder without a ledger")
        if len(secret) != 32 or tagged_hash(SHA256, "blind-secret", secret) != genesis.blind_commitment:
            raise Refused("node.secret", "secret", "the 32 bytes that the genesis commits to")
        if log_key.suite.name != "ed25519":
            raise Refused("node.log_key", "log_key", "an Ed25519 key")
        self.make_folders()
        write_private(self.secret, secret)
        write_key(self.log_key, log_key)
        write_private(self.genesis, encode(genesis))

    def make_folders(self) -> None:
        for folder in (self.path, self.path / "keys", self.blocks, self.state):
            folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
            folder.chmod(PRIVATE_FOLDER)

    def founded(self, registry: Registry | None = None, *, quarantined: bool = False) -> Founded:
        """The chain of this folder; its contracts are the installed ones unless `registry` is given. Refused as
        `node.quarantined` if its ledger is not the network's, but for who looks into that."""
        refuse_without_assertions()
        known = None if quarantined else quarantine_in(self.quarantine)
        if known is not None:
            raise Refused("node.quarantined", "data", known.told)
        try:
            raw, secret = self.genesis.read_bytes(), self.secret.read_bytes()
        except FileNotFoundError as missing:
            raise Refused("node.no_ledger", "data", f"a folder with {Path(missing.filename).name}") from None
        try:
            genesis: Genesis = genesis_codec.decode(raw)
        except Malformed as malformed:
            raise Damaged("genesis", malformed.expected) from None
        if tagged_hash(SHA256, "blind-secret", secret) != genesis.blind_commitment:
            raise Damaged("secret", "the 32 bytes that the genesis commits to")
        suite = hash_suite(genesis.hash_suite)
        chain = Chain(hashlib.sha256(raw).digest(), suite, secret, registry or installed_registry(suite))
        return Founded(genesis, chain._replace(skips=self._skips(chain.id)))

    def _skips(self, chain: bytes) -> Skips:
        if not self.skips.exists():
            return NO_SKIPS
        # Only a network's node needs these.
        from infoharbor.engine.cometbft.skips import PlacedSkips

        return PlacedSkips(self.path, chain)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Held by the one process that writes; refused as `node.locked` while another does."""
        held = os.open(self.lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        try:
            if not is_locked(held):
                raise Refused("node.locked", "data", "a folder that no other node has open")
            yield
        finally:
            os.close(held)

    @contextlib.contextmanager
    def writing(self) -> Iterator[int]:
        """The lock that a node shares with the process that writes its store: what that process was given before the node
        was killed is in the store before the next node reads it. Refused as `node.locked` if it does not end."""
        held = os.open(self.path / "writing", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        try:
            until = time.monotonic() + PATIENCE_S
            while not is_locked(held):
                if time.monotonic() > until:
                    raise Refused("node.locked", "data", "a store that no other process writes")
                time.sleep(0.01)
            yield held
        finally:
            os.close(held)

    def write_quarantine(self, quarantine: Quarantine) -> None:
        write_private(self.quarantine, msgspec.json.format(msgspec.json.encode(quarantine)))

    def last_signed(self) -> Signed | None:
        """The largest checkpoint ever signed from this folder."""
        try:
            return msgspec.json.decode(self.signed.read_bytes(), type=Signed)
        except FileNotFoundError:
            return None
        except msgspec.DecodeError as fault:
            raise Damaged("signed.json", str(fault)) from None

    def signer(self, founded: Founded) -> "LogSigner":
        try:
            private = read_key(self.log_key)
        except (FileNotFoundError, KeyFileError) as fault:
            raise Damaged("keys/log.json", str(fault)) from None
        return LogSigner(self, origin_of(founded.genesis.name, founded.chain.id), private)


class LogSigner:
    """Signs checkpoints of the header log, and remembers the largest outside of what is backed up."""

    def __init__(self, folder: DataFolder, origin: str, key: PrivateKey) -> None:
        self._folder, self._key = folder, key
        self.origin = origin
        self.verifier = VerifierKey(origin, ED25519, key.public_key)
        self._newest: tuple[int, str] = (-1, "")

    def sign(self, size: int, root: bytes) -> str:
        """The signed note for this size and root; what was signed is on disk before anyone sees it."""
        newest, note = self._newest
        if newest == size:
            return note
        self._remember(size, root)
        text = Checkpoint(self.origin, size, root).encode()
        note = sign_note(text, [self.verifier.sign(text, self._key)]).decode()
        self._newest = (size, note)
        return note

    def newest(self) -> str:
        """The newest that was signed since this object was made; empty if none was."""
        return self._newest[1]

    def _remember(self, size: int, root: bytes) -> None:
        with alone_in(self._folder.path):
            before = self._folder.last_signed()
            if before is None or before.size < size:
                write_private(self._folder.signed, msgspec.json.encode(Signed(size, root.hex())))


@contextlib.contextmanager
def alone_in(path: Path) -> Iterator[None]:
    """Wait until no other process or thread is in here for this folder."""
    held = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def write_private(path: Path, data: bytes) -> None:
    """Replace a file as a whole, durably, readable by its owner alone."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        left = memoryview(data)
        while left:  # A disk that is nearly full takes a part first, and says only then that it is full.
            left = left[os.write(file, left) :]
        os.fsync(file)
    finally:
        os.close(file)
    fresh.rename(path)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make a folder's names durable."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def refuse_without_assertions() -> None:
    """`python -O` drops the checks for our own errors; a ledger does not run without them."""
    if not __debug__ or sys.flags.optimize:
        raise Refused("node.optimised", "python", "python without -O and PYTHONOPTIMIZE")


def is_locked(held: int) -> bool:
    """Take the lock of an open file; False if someone else has it."""
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
