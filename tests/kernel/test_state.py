"""A block's layer over the state: what a scan finds, however much else the block has written."""

from hypothesis import given
from hypothesis import strategies as st

from infoharbor.engine.trial import MemoryView
from infoharbor.kernel.records import Entry
from infoharbor.kernel.state import BlockState

PARTS = st.sampled_from(["a", "b", "a-", "ab", "~"])
PATHS = st.lists(PARTS, min_size=3, max_size=6).map("/".join)
PREFIXES = st.lists(PARTS, min_size=2, max_size=5).map(lambda parts: "/".join(parts) + "/")
WRITES = st.dictionaries(PATHS, st.sampled_from([b"", b"x", b"y"]), max_size=20)


def entry(value: bytes) -> Entry:
    return Entry(1, 0, bytes(32), bytes(32), 0, bytes(32), value, bytes(32))


@given(stored=WRITES, written=WRITES, again=WRITES, prefix=PREFIXES, after=PATHS | st.just(""))
def test_a_scan_finds_what_a_look_at_every_path_finds(
    stored: dict[str, bytes], written: dict[str, bytes], again: dict[str, bytes], prefix: str, after: str
) -> None:
    view = MemoryView()
    view.entries = {path: entry(value) for path, value in stored.items()}
    view._paths = sorted(stored)
    block = BlockState(view)
    for writes in (written, again):
        for path, value in writes.items():
            block.keep(path, entry(value), None)
    after = after if after.startswith(prefix) else ""
    newest = stored | written | again
    expected = [(path, newest[path]) for path in sorted(newest) if path.startswith(prefix) and path > after]
    assert list(block.scan(prefix, after)) == expected
