"""Routes of the header log as a transparency log: checkpoint and tiles (C2SP tlog-tiles)."""

from litestar import Response, get

from infoharbor.engine.digests import digests_of
from infoharbor.engine.interface import Engine
from infoharbor.evidence.checkpoint import NoteError
from infoharbor.evidence.tiles import TILE_WIDTH, Tile, entry_bundle
from infoharbor.gateway.exchange import Asked, address_of, answer, gateway_of, height_in, path_after, reader_of
from infoharbor.kernel.encoding import encode
from infoharbor.sdk.problems import Problem

HASHES_A_REQUEST = 100
"""So many hashes cost as much as another request."""
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}


@get("/log/checkpoint", sync_to_thread=True)
def get_checkpoint(request: Asked) -> Response[bytes]:
    """The newest signed checkpoint."""
    reader_of(request)
    return answer(gateway_of(request).engine.checkpoint(), media_type="text/plain")


@get("/log/tile/{tile:path}", sync_to_thread=True)
def get_tile(request: Asked) -> Response[bytes]:
    """A tile of hashes, or of entries: headers, each behind its length. What a tile holds never changes."""
    reader_of(request)
    engine = gateway_of(request).engine
    try:
        wanted = Tile.parse(path_after(request, "/log/"))
    except NoteError as refused:
        raise Problem("log.tile_unknown", field="path", expected=refused.expected) from None
    if not wanted.is_within(engine.status().height + 1):
        raise Problem("log.tile_unknown", field="path", expected="a tile that the newest checkpoint covers")
    content = wanted.hashes(engine.subtree) if wanted.level >= 0 else _entries(engine, wanted)
    return answer(content, media_type="application/octet-stream", headers=FOR_EVER)


def _entries(engine: Engine, tile: Tile) -> bytes:
    first = tile.index * TILE_WIDTH
    return entry_bundle([engine.header(height) for height in range(first, first + tile.width)])


@get("/log/digests/{height:str}", sync_to_thread=True)
def get_digests(request: Asked) -> Response[bytes]:
    """What a block did, as digests by which a member's node finds where its ledger parts from this one."""
    reader, gateway = reader_of(request), gateway_of(request)
    block = gateway.engine.block(height_in(request))
    hashes = len(block.receipts) + len(block.written)
    gateway.charge(reader, address_of(request), hashes // HASHES_A_REQUEST)
    return answer(encode(digests_of(gateway.engine.chain, block)), media_type="application/msgpack")


ROUTES = [get_checkpoint, get_tile, get_digests]
