"""How an attack is judged: by the code that refuses it, and by a state root that stays as it was."""

from infoharbor.engine.interface import Refused
from infoharbor.engine.node import NodeEngine
from infoharbor.kernel.block import header_codec


def state_root(engine: NodeEngine) -> bytes:
    root: bytes = header_codec.decode(engine.header(engine.status().height)).state_root
    return root


def dropped(engine: NodeEngine, raw: bytes) -> str:
    """The code with which the door refuses this transaction; fails if it gets into a block."""
    root, height = state_root(engine), engine.status().height
    fault = engine.submit(raw).exception(10)
    assert isinstance(fault, Refused), "it was taken in"
    assert (state_root(engine), engine.status().height) == (root, height)
    return fault.code


def refused(engine: NodeEngine, raw: bytes) -> str:
    """The code of the receipt that refuses this transaction; fails if it changes any record."""
    root = state_root(engine)
    receipt = engine.submit(raw).result(10)
    assert receipt.code, "it took effect"
    assert receipt.writes == ()
    assert state_root(engine) == root
    return receipt.code
