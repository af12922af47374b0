"""A witness for other logs (C2SP tlog-witness): cosigns that a log has only grown since it was last seen here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from infoharbor.crypto.suites import PrivateKey
from infoharbor.engine.attester import Marks
from infoharbor.engine.folder import write_private
from infoharbor.engine.interface import Refused
from infoharbor.evidence.attesters import COSIGNING
from infoharbor.evidence.checkpoint import Checkpoint, NoteError
from infoharbor.evidence.note import SignatureLine, VerifierKey, checkpoint_in, open_note
from infoharbor.evidence.submission import Submission
from infoharbor.evidence.trust import WITNESS_KINDS, Witness
from infoharbor.kernel.merkle import sha256, verify_consistency

WATCH_LIST_BYTES = 256 * 1024


class WitnessKey(NamedTuple):
    """A witness's cosigning key under its name; it has this role only, so it is no attester's."""

    verifier: VerifierKey
    private: PrivateKey

    @classmethod
    def named(cls, name: str, private: PrivateKey) -> WitnessKey:
        if private.suite.name not in COSIGNING:
            raise Refused("node.attester_suite", "suite", " or ".join(COSIGNING))
        return cls(VerifierKey(name, COSIGNING[private.suite.name], private.public_key), private)


class Watching:
    """Watches the logs that it was told of; `marks` holds the last size and root of each. Callable from any thread."""

    def __init__(self, keys: Sequence[WitnessKey], logs: Mapping[str, Sequence[VerifierKey]], marks: Marks) -> None:
        self._keys, self._logs, self._marks = keys, logs, marks

    def add(self, submission: Submission, time: int) -> bytes:
        """The cosignature lines; `time` is the witness's clock, in milliseconds since 1970 UTC.

        Raises `NoteError` for a note that is malformed or not signed by the log, and `Refused`: `witness.log_unknown`,
        `witness.size` (the size to begin from is in `expected`), `witness.inconsistent`.
        """
        checkpoint = checkpoint_in(submission.note, extensions=True)
        known = self._logs.get(checkpoint.origin)
        if known is None:
            raise Refused("witness.log_unknown", "origin", "a log that this witness watches")
        text, _ = open_note(submission.note, known)
        if submission.old > checkpoint.size:
            raise NoteError("note.submission", "old", "at most the checkpoint's size")
        with self._marks.lock:
            self._ensure_grown(submission, checkpoint)
            self._marks.move(checkpoint)
        return "".join(self._line(key, text, time).encode() for key in self._keys).encode()

    def _ensure_grown(self, submission: Submission, checkpoint: Checkpoint) -> None:
        last = self._marks.of(checkpoint.origin)
        size, root = (last.size, bytes.fromhex(last.root)) if last is not None else (0, sha256(b""))
        same = size == checkpoint.size and root != checkpoint.root
        if submission.old != size or same:
            raise Refused("witness.size", "old", str(size))
        if not verify_consistency(size, root, checkpoint.size, checkpoint.root, submission.proof):
            raise Refused("witness.inconsistent", "proof", f"a proof that the log goes on from size {size}")

    def _line(self, key: WitnessKey, text: str, time: int) -> SignatureLine:
        return key.verifier.sign(text, key.private, time)


class WatchList(NamedTuple):
    """Which `logs` a node watches, by origin, and the `witnesses` that it shows its own ledger to."""

    logs: dict[str, list[VerifierKey]]
    witnesses: list[Witness]


def read_watch_list(file: Path) -> WatchList:
    """A file of lines `log VKEY`, the key's name being the log's origin, and `witness NAME VKEY URL`, as they stand in trust
    files; what follows a `#` says nothing. Raises `Refused`, or `NoteError` for a malformed key."""
    found = WatchList({}, [])
    raw = file.read_bytes()
    if len(raw) > WATCH_LIST_BYTES:
        raise Refused("witness.list", file.name, f"at most {WATCH_LIST_BYTES} bytes")
    for line in raw.decode(errors="replace").splitlines():
        match line.partition("#")[0].split():
            case []:
                continue
            case ["log", vkey]:
                key = VerifierKey.parse(vkey)
                found.logs.setdefault(key.name, []).append(key)
            case ["witness", name, vkey, url]:
                found.witnesses.append(_witness(name, vkey, url))
            case _:
                raise Refused("witness.list", file.name, "lines of log VKEY and witness NAME VKEY URL")
    return found


def add_witness(file: Path, name: str, vkey: str, url: str) -> Witness:
    """Name one more outside witness in the file; raises what `read_watch_list` raises, and `witness.known` for a name or a
    key that stands there already."""
    witness = _witness(name, vkey, url)
    known = read_watch_list(file).witnesses if file.exists() else []
    if any(each.name == witness.name or each.key == witness.key for each in known):
        raise Refused("witness.known", file.name, "a name and a key that do not stand there")
    before = file.read_bytes() if file.exists() else b""
    write_private(file, before + f"witness {name} {vkey} {url}\n".encode())
    return witness


def _witness(name: str, vkey: str, url: str) -> Witness:
    key = VerifierKey.parse(vkey)
    plain = name.isprintable() and not {" ", "#"} & {*name, *url} and url.startswith(("https://", "http://"))
    if not name or not plain or key.kind not in WITNESS_KINDS:
        raise Refused("witness.list", "witness", "a name, a cosigner's key in Ed25519 or ML-DSA-44, and http(s)://…")
    return Witness(name, key, url)
