"""A member's attester: its keys, and the rule that it never signs a smaller size than before, nor a second history."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from infoharbor.contractkit.signatures import possession_message
from infoharbor.contracts.identity.attesters import AttesterRole
from infoharbor.contracts.identity.attesting import Attest, NewAttesterKey, keys_of
from infoharbor.crypto.keyfile import KeyFileError, read_key, write_key
from infoharbor.crypto.suites import ED25519, SM2, SUITES, PrivateKey
from infoharbor.engine.folder import PRIVATE_FOLDER, DataFolder, Signed, alone_in, sync_folder, write_private
from infoharbor.engine.interface import Damaged, Refused
from infoharbor.evidence.attesters import COSIGNING, Attester, VerifierKeys, verifier_keys
from infoharbor.evidence.checkpoint import Checkpoint
from infoharbor.evidence.note import SignatureLine

RootAt = Callable[[int], bytes]
"""The root of the node's own header log at a size."""
Make = Callable[[AttesterRole, str], PrivateKey]
"""A fresh key for a role, of the suite named."""


def in_memory(role: AttesterRole, suite: str) -> PrivateKey:
    """The usual way: a key whose file holds it."""
    return SUITES[suite].generate()


class AttesterKeys(NamedTuple):
    """The private keys of one member's node, each with one role for ever; `sm2` where it has one."""

    cosigner: PrivateKey
    sm2: PrivateKey | None
    log: PrivateKey
    submission: PrivateKey

    @classmethod
    def generate(cls, suite: str = ED25519.name, *, sm2: bool = False, make: Make = in_memory) -> AttesterKeys:
        """Fresh keys; `suite` is the cosigner's, `ed25519` or `ml-dsa-44`. `make` makes each where it is to be."""
        if suite not in COSIGNING:
            raise Refused("node.attester_suite", "suite", " or ".join(COSIGNING))
        additional = make(AttesterRole.SM2, SM2.name) if sm2 else None
        others = (make(role, ED25519.name) for role in (AttesterRole.LOG, AttesterRole.SUBMISSION))
        return cls(make(AttesterRole.COSIGNER, suite), additional, *others)

    def write(self, folder: Path) -> None:
        """Write them beside each other, readable by their owner alone; what an earlier try has left without a cosigner's key
        goes. No backup takes them along: a node that comes back from one gets new keys, so that a copy of it never signs too.
        """
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        if not has_attester(folder):
            for role in AttesterRole:
                _file(folder, role).unlink(missing_ok=True)
        for role, key in reversed(self._by_role().items()):
            begun = _file(folder, role).with_suffix(".begun")
            begun.unlink(missing_ok=True)
            write_key(begun, key)
            begun.rename(_file(folder, role))  # Whole or not there: the node may read it at any moment.

    @classmethod
    def read(cls, folder: Path) -> AttesterKeys:
        sm2 = _read(folder, AttesterRole.SM2) if _file(folder, AttesterRole.SM2).exists() else None
        others = (_read(folder, role) for role in (AttesterRole.LOG, AttesterRole.SUBMISSION))
        return cls(_read(folder, AttesterRole.COSIGNER), sm2, *others)

    def public(self, organisation: str) -> Attester:
        """What stands of them in the attester set."""
        sm2 = self.sm2.public_key if self.sm2 is not None else b""
        cosigner = (self.cosigner.suite.name, self.cosigner.public_key)
        return Attester(organisation, *cosigner, sm2, self.log.public_key, self.submission.public_key)

    def enrolment(self, organisation: str) -> Attest:
        """The action that registers them, with their proofs of possession: to join, to rotate, or in a genesis."""
        keys = {
            role: NewAttesterKey(
                key.suite.name,
                key.public_key,
                key.sign(possession_message(f"{role}:{organisation}", key.suite.name, key.public_key)),
            )
            for role, key in self._by_role().items()
        }
        return Attest(
            organisation,
            keys[AttesterRole.COSIGNER],
            keys.get(AttesterRole.SM2),
            keys[AttesterRole.LOG],
            keys[AttesterRole.SUBMISSION],
        )

    def _by_role(self) -> dict[AttesterRole, PrivateKey]:
        keys = {
            AttesterRole.COSIGNER: self.cosigner,
            AttesterRole.SM2: self.sm2,
            AttesterRole.LOG: self.log,
            AttesterRole.SUBMISSION: self.submission,
        }
        return {role: key for role, key in keys.items() if key is not None}


def _file(folder: Path, role: AttesterRole) -> Path:
    return folder / f"attester-{role}.json"


def _read(folder: Path, role: AttesterRole) -> PrivateKey:
    try:
        return read_key(_file(folder, role))
    except (FileNotFoundError, KeyFileError) as fault:
        raise Damaged(_file(folder, role).name, str(fault)) from None


class Marks:
    """The largest size that was signed for each log, and its root: on the disk before any signature leaves, and in no
    backup, so that whoever comes back from one does not sign what it has signed otherwise before. Hold `lock` from
    looking to moving."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.lock = threading.Lock()
        try:
            self._marks = msgspec.json.decode(file.read_bytes(), type=dict[str, Signed])
        except FileNotFoundError:
            self._marks = {}
        except msgspec.DecodeError as fault:
            raise Damaged(file.name, str(fault)) from None

    def of(self, origin: str) -> Signed | None:
        return self._marks.get(origin)

    def move(self, checkpoint: Checkpoint) -> None:
        """Remember this one; durable when this returns."""
        moved = self._marks | {checkpoint.origin: Signed(checkpoint.size, checkpoint.root.hex())}
        write_private(self._file, msgspec.json.encode(moved))
        self._marks = moved


def attesters_in(
    folder: DataFolder, marks: Marks, origin: str, organisation: str, root_at: RootAt
) -> list[NodeAttester]:
    """The attesters of a member's data folder: of its keys, and of those in `keys/next` that a rotation puts in their
    place; none if the member does not attest. Whoever rotates makes the ones in `keys/next`, and later calls `move_up`.
    `marks` are the folder's, one for all attesters that were ever read: two would write over what the other remembers."""
    with alone_in(folder.keys):  # A rotation moves one file after the other.
        keys = [AttesterKeys.read(place) for place in (folder.keys, folder.next_keys) if has_attester(place)]
    return [NodeAttester(origin, organisation, each, marks, root_at) for each in keys]


def has_attester(keys: Path) -> bool:
    """Whether a whole attester's keys lie there: its cosigner's is written last and taken away first."""
    return _file(keys, AttesterRole.COSIGNER).exists()


def move_up(folder: DataFolder, in_force: Attester) -> None:
    """Once the set in force names the keys in `keys/next`: put them in the place of the old ones, which are gone then. Where
    it was cut off it is done by calling it again."""
    places = keys_of(in_force)
    moving = {role: _file(folder.next_keys, role) for role in (AttesterRole.COSIGNER, *AttesterRole)}
    found = {role: read_key(file).public_key for role, file in moving.items() if file.exists()}
    if not found or any(places.get(role) != key for role, key in found.items()):
        return
    with alone_in(folder.keys):
        for role in found:
            moving[role].replace(_file(folder.keys, role))
        if AttesterRole.SM2 not in places:
            _file(folder.keys, AttesterRole.SM2).unlink(missing_ok=True)
        sync_folder(folder.keys)
    folder.next_keys.rmdir()


class NodeAttester:
    """Signs what its own node has committed: as the log, as cosigner, and under the member's own origin."""

    def __init__(self, origin: str, organisation: str, keys: AttesterKeys, marks: Marks, root_at: RootAt) -> None:
        self.origin, self.public = origin, keys.public(organisation)
        self.verifiers: VerifierKeys = verifier_keys(origin, self.public)
        self._keys, self._marks, self._root_at = keys, marks, root_at

    def attest(self, checkpoint: Checkpoint, time: int) -> tuple[SignatureLine, ...]:
        """The log's and the cosigner's lines under the chain's own checkpoint; `time` is the node's clock, in ms.

        None while the node lies behind what it attested before, such as during a replay. Raises `Damaged` where its
        history is not the one that it attested: such a node must not go on.
        """
        if not self._advance(checkpoint):
            return ()
        text, keys, verifiers = checkpoint.encode(), self._keys, self.verifiers
        lines = [verifiers.log.sign(text, keys.log), verifiers.cosigner.sign(text, keys.cosigner, time)]
        if verifiers.sm2 is not None and keys.sm2 is not None:
            lines.append(verifiers.sm2.sign(text, keys.sm2, time))
        return tuple(lines)

    def submit(self, checkpoint: Checkpoint) -> tuple[str, SignatureLine] | None:
        """The same size and root under the member's own origin, with the log's line there: what outside witnesses are
        given. None while the node lies behind what it submitted before."""
        own = Checkpoint(self.verifiers.submission.name, checkpoint.size, checkpoint.root)
        if not self._advance(own):
            return None
        return own.encode(), self.verifiers.submission.sign(own.encode(), self._keys.submission)

    def _advance(self, checkpoint: Checkpoint) -> bool:
        with self._marks.lock:
            before = self._marks.of(checkpoint.origin)
            if before is not None:
                if checkpoint.size < before.size:
                    return False
                known = checkpoint.root if checkpoint.size == before.size else self._root_at(before.size)
                if known.hex() != before.root:
                    raise Damaged("attested.json", f"the root {before.root[:16]} at {before.size} blocks")
            if before is None or before.size < checkpoint.size:
                self._marks.move(checkpoint)
            return True
