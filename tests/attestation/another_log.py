"""Another log for our witness to watch, of which there are two histories."""

from pathlib import Path

from attested_network import fixed_keys

from infoharbor.engine.attester import Marks
from infoharbor.engine.witness import Watching, WitnessKey
from infoharbor.evidence.checkpoint import Checkpoint
from infoharbor.evidence.note import ED25519, VerifierKey, sign_note
from infoharbor.evidence.submission import Submission
from infoharbor.kernel import merkle

LOG_KEY = fixed_keys("another log").log
LOG = VerifierKey("another.example/log", ED25519, LOG_KEY.public_key)
WITNESS = WitnessKey.named("beihai.example/witness", fixed_keys("as witness").cosigner)
LEAVES = [[merkle.leaf_hash(bytes([fork, number])) for number in range(10)] for fork in range(2)]


def submission(old: int, size: int, fork: int = 0, *, key: VerifierKey = LOG) -> Submission:
    """The other log's checkpoint, of its one history or the other."""
    text = Checkpoint(key.name, size, merkle.root(LEAVES[fork][:size])).encode()
    subtrees = merkle.in_memory(LEAVES[fork])
    proof = tuple(merkle.consistency_proof(old, size, subtrees)) if 0 < old < size else ()
    return Submission(old, proof, sign_note(text, [key.sign(text, LOG_KEY)]))


def witness_in(folder: Path) -> Watching:
    return Watching([WITNESS], {LOG.name: [LOG]}, Marks(folder / "witnessed.json"))
