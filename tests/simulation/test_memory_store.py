"""The store in memory answers as the one in LMDB does."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infoharbor.engine.batch import Batch, Meta
from infoharbor.engine.store import Store
from infoharbor.kernel.encoding import encode
from infoharbor.kernel.records import Entry
from infoharbor.simulation.store import MemoryStore

PATHS = st.sampled_from(["a/t/1", "a/t/2", "a/u/1", "b/t/1"])


def entry(version: int) -> bytes:
    return encode(Entry(version, 1, bytes(32), bytes(32), 0, bytes(32), b"value", bytes(32)))


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    meta = Meta(1, bytes(32), draw(st.integers(0, 99)), b"header", bytes(32), (), (), (), (0, 0))
    records = {path: entry(draw(st.integers(1, 9))) for path in draw(st.sets(PATHS))}
    keys = st.binary(min_size=1, max_size=2)
    nodes = draw(st.dictionaries(keys, keys, max_size=3))
    transactions = draw(st.dictionaries(keys, st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=3))
    calendar = draw(st.dictionaries(st.tuples(st.integers(0, 5), PATHS), st.booleans(), max_size=4))
    return Batch(meta, records, nodes, transactions, {}, {}, calendar)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    return tmp_path_factory.mktemp("stores")


@given(st.lists(batches(), max_size=3))
def test_it_answers_as_the_real_one(folders: Path, written: list[Batch]) -> None:
    folder = folders / str(len(list(folders.iterdir())))
    folder.mkdir()
    real, memory = Store(folder, map_bytes=2**22), MemoryStore()
    for batch in written:
        real.write(batch)
        memory.copy().write(batch)
        memory.write(batch)
    with real.read() as stored:
        assert memory.meta() == stored.meta()
        assert memory.height == stored.height
        for prefix, after in (("", ""), ("a/", ""), ("a/t", "a/t/1"), ("a/", "a/u/1"), ("c", "")):
            assert list(memory.scan(prefix, after)) == list(stored.scan(prefix, after))
        for until in range(6):
            assert list(memory.due(until)) == list(stored.due(until))
        for batch in written:
            assert all(memory.node(key) == stored.node(key) for key in batch.nodes)
            assert all(memory.transaction(key) == stored.transaction(key) for key in batch.transactions)
            assert all(memory.entry(path) == stored.entry(path) for path in batch.records)
    real.close()
