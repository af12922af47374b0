"""Skips: transactions on which every node's machine fails, and which a quorum of the validators has agreed not to run.

A due move is planned again wherever it is refused, and made by whoever reaches for its record. So a skip of one names the
record, and holds for all its due moves from that block on, until a later version of its contract is in force.

`skips/HEIGHT-ID.json` in a node's folder is one skip. What it says holds by its signatures alone, checked against the
state before its block whenever that block runs: now, after a restart, in an audit of a copy, or at a node that catches up.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec

from infoharbor.crypto.suites import ED25519
from infoharbor.engine.cometbft.home import ConsensusHome
from infoharbor.engine.cometbft.validators import State, validators
from infoharbor.engine.folder import DataFolder, write_private
from infoharbor.engine.interface import Damaged, Refused
from infoharbor.evidence.attesters import quorum_of
from infoharbor.kernel.encoding import encode, tag
from infoharbor.kernel.limits import INTEGER_MAX

SKIP_BYTES = 256 * 1024
SKIPS_MOST = 1_000
PATH_MOST = 400
SKIP_TAG = tag("skip")
VALIDATORS_MOST = 1_000
Hash = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Signature = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{128}$")]


class Skip(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The transaction (or due move) `transaction` of block `height` is not run. All hashes and keys are in lower-case hex;
    `validators` are the keys that decide, ascending; `signatures` those of theirs that are there, by key. `record` is the
    path of the record whose due move it was, which `version` of its contract failed to make; empty and 0 for none."""

    chain: Hash
    height: Annotated[int, msgspec.Meta(ge=1, le=INTEGER_MAX)]
    transaction: Hash
    validators: Annotated[tuple[Hash, ...], msgspec.Meta(min_length=1, max_length=VALIDATORS_MOST)]
    signatures: dict[Hash, Signature] = {}
    record: Annotated[str, msgspec.Meta(max_length=PATH_MOST)] = ""
    version: Annotated[int, msgspec.Meta(ge=0, le=INTEGER_MAX)] = 0

    @property
    def message(self) -> bytes:
        """What each of them signs."""
        hashes = [bytes.fromhex(self.chain), self.height, bytes.fromhex(self.transaction)]
        due = [self.record, self.version] if self.record else []
        return SKIP_TAG + encode([*hashes, [bytes.fromhex(key) for key in self.validators], *due])

    @property
    def missing(self) -> int:
        """How many signatures it still takes."""
        return max(0, quorum_of(len(self.validators)) - len(self.signatures))

    def holds_under(self, active: Mapping[str, int]) -> bool:
        """Whether no later version of the record's contract than the one that failed is in force."""
        return active.get(self.record.partition("/")[0], 1) <= self.version

    def ensure_valid(self, chain: bytes) -> None:
        """Refuse what is of another chain, or is signed by others, or falsely. A part of the quorum will do."""
        if self.chain != chain.hex():
            raise Refused("skip.wrong_chain", "chain", chain.hex())
        for key, signature in self.signatures.items():
            is_valid = ED25519.verify(bytes.fromhex(key), self.message, bytes.fromhex(signature))
            if key not in self.validators or not is_valid:
                raise Refused("skip.signature", key[:16], "a valid signature of a validator that the skip names")

    def signed_in(self, home: ConsensusHome) -> "Skip":
        """With the signature of this node's validator, whose key stays where it is."""
        key, signature = home.sign_as_validator(self.message)
        if key.hex() not in self.validators:
            raise Refused("skip.no_validator", "data", "the folder of a validator that the skip names")
        return msgspec.structs.replace(self, signatures=self.signatures | {key.hex(): signature.hex()})

    def ensure_decided(self, chain: bytes) -> None:
        self.ensure_valid(chain)
        if self.missing:
            raise Refused("skip.too_few", "signatures", f"{self.missing} more, of {len(self.validators)} validators")


class PlacedSkips:
    """Those in a node's folder."""

    def __init__(self, data: Path, chain: bytes) -> None:
        self._data, self._chain = data, chain
        self._by_height: dict[int, list[Skip]] = defaultdict(list)
        self._of_due_moves: list[Skip] = []
        for skip in skips_in(data):
            self._by_height[skip.height].append(skip)
            if skip.record:  # These hold in other blocks than that whose state says who decides.
                with decided_in(skip):
                    skip.ensure_decided(chain)
                self._of_due_moves.append(skip)

    def at(self, height: int, view: Any) -> Collection[bytes]:
        """The ids; `Damaged` if one is not what the validators of that height decided."""
        found = self._by_height.get(height, [])
        for skip in found:
            with decided_in(skip):
                skip.ensure_decided(self._chain)
                ensure_of(skip, view, founding_in(self._data))
        return [bytes.fromhex(skip.transaction) for skip in found]

    def held(self, height: int, active: Mapping[str, int]) -> Collection[str]:
        return {skip.record for skip in self._of_due_moves if skip.height <= height and skip.holds_under(active)}


@contextmanager
def decided_in(skip: Skip) -> Iterator[None]:
    """What is wrong with a skip that was placed is wrong with the folder."""
    try:
        yield
    except Refused as refused:
        raise Damaged(f"skips/{name_of(skip)}", str(refused)) from None


def skips_in(data: Path) -> list[Skip]:
    """All that were placed in a node's folder."""
    files = sorted(DataFolder(data).skips.glob("*.json"))
    if len(files) > SKIPS_MOST:
        raise Damaged("skips", f"at most {SKIPS_MOST} files")
    return [read_skip(file) for file in files]


def ensure_of(skip: Skip, state: State, founding: Mapping[bytes, int] | None) -> None:
    """Refuse a skip that other validators decided than those of the state before its block. Where neither the ledger nor
    the folder names the validators (a copy of a ledger that never voted them), the skip's own word stands: the header of
    the block in the log says whether it is true."""
    voted = validators(state, state.time, founding or {})
    if voted and skip.validators != named(voted):
        raise Refused("skip.validators", "validators", ", ".join(key[:16] for key in named(voted)))


def named(powers: Mapping[bytes, int]) -> tuple[str, ...]:
    return tuple(key.hex() for key in sorted(powers))


def founding_in(data: Path) -> dict[bytes, int] | None:
    home = ConsensusHome(data)
    return home.founding_validators() if home.genesis_file.exists() else None


def name_of(skip: Skip) -> str:
    return f"{skip.height}-{skip.transaction}.json"


def place(data: Path, skip: Skip) -> Path:
    """Put a skip into a node's folder; it holds from the node's next start."""
    folder = DataFolder(data).skips
    folder.mkdir(mode=0o700, exist_ok=True)
    write_skip(folder / name_of(skip), skip)
    return folder / name_of(skip)


def write_skip(file: Path, skip: Skip) -> None:
    write_private(file, msgspec.json.format(msgspec.json.encode(skip)))


def read_skip(file: Path) -> Skip:
    with file.open("rb") as opened:
        raw = opened.read(SKIP_BYTES + 1)
    if len(raw) > SKIP_BYTES:
        raise Refused("skip.malformed", file.name, f"at most {SKIP_BYTES} bytes")
    try:
        return msgspec.json.decode(raw, type=Skip)
    except msgspec.DecodeError as fault:
        raise Refused("skip.malformed", file.name, str(fault)) from None
