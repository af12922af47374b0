"""A state that travels: the same from every node, whole on the other side, and refused wherever a byte differs."""

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from world import TOKEN, World

from infoharbor.contracts.asset.holds import PlaceHold
from infoharbor.engine.batch import Batch
from infoharbor.engine.folder import DataFolder
from infoharbor.engine.lifecycle import open_engine
from infoharbor.engine.state_check import restore, state_differences
from infoharbor.engine.state_export import deviations, export_state, view_of
from infoharbor.engine.state_format import (
    CHUNK_BYTES,
    CHUNKS_MOST,
    MANIFEST_BYTES,
    BadSnapshot,
    Deviation,
    Manifest,
    Section,
    decode_chunk,
    decode_manifest,
    encode_chunks,
)
from infoharbor.engine.state_restore import Restoring
from infoharbor.engine.state_shelf import KEPT_LEAST, Shelf
from infoharbor.engine.store import Store
from infoharbor.kernel import merkle
from infoharbor.kernel.encoding import encode

ORDER = 7
TABLES = ("nodes", "subtrees", "calendar")


class Kept:
    """A ledger that has closed, with a snapshot of it."""

    def __init__(self, world: World, data: Path, to: Path) -> None:
        folder = DataFolder(data)
        self.chain, self.to = folder.founded(world.registry).chain, to
        self.shelf = Shelf(to / "snapshots")
        self.store = Store(folder.state, readonly=True)
        with self.store.read() as stored:
            meta = stored.meta()
            assert meta is not None
            self.root = merkle.Frontier(meta.height + 1, meta.peaks).root()
            self.manifest = export_state(self.chain, stored, ORDER, self.shelf)
        self.chunks = [self.shelf.chunk(ORDER, index) for index in range(len(self.manifest.chunks))]

    def restored(self, chunks: list[bytes] | None = None, root: bytes | None = None) -> Path:
        """A store made from the chunks, as if the manifest named just these."""
        given = self.chunks if chunks is None else chunks
        hashes = tuple(hashlib.sha256(chunk).digest() for chunk in given)
        manifest = replace(self.manifest, chunks=hashes, size=sum(map(len, given)))
        folder = self.to / "state"
        restoring = Restoring(self.chain, manifest, self.root if root is None else root, folder)
        with contextlib.closing(restoring):
            for chunk in given:
                restoring.put(chunk)
        return folder

    def refuses(self, chunks: list[bytes], root: bytes | None = None) -> None:
        with pytest.raises(BadSnapshot):
            self.restored(chunks, root)


@pytest.fixture(params=["sha256", "sm3"])
def kept(request: Any, tmp_path: Path) -> Iterator[Kept]:
    """Accounts with some history, amounts that wait for a time, and transactions that could come again."""
    world = World(suite=request.param)
    data = world.create(tmp_path / "data")
    with open_engine(data, workers=0) as engine:
        transfers = [world.transfer("bank", f"firm-{at % 2 + 1}") for at in range(5)]
        holds = [world.signed(hold(world, *each), by="bank") for each in (("h-1", 1_800_000), ("h-2", 3_600_000_000))]
        for raw in [*world.opening(), *transfers, *holds]:
            assert engine.submit(raw).result(10).code == ""
    kept = Kept(world, data, tmp_path)
    yield kept
    kept.store.close()


def test_what_comes_out_is_what_went_in(kept: Kept) -> None:
    with contextlib.closing(Store(kept.restored())) as made, made.read() as there, kept.store.read() as here:
        for table in TABLES:
            assert list(there.values(table)) == list(here.values(table)), table
        assert there.meta() == replace(here.meta(), end=(here.height + 1, 0))
        one, other = view_of(here), view_of(there)
        assert [(path, replace(entry, previous_height=0)) for path, entry in one.scan("")] == list(other.scan(""))
        assert all(there.transaction(identifier) for identifier, _ in here.transactions(b"\0\0\0\1"))


def test_a_restored_node_makes_the_same_snapshot(kept: Kept) -> None:
    again = Shelf(kept.to / "again")
    with contextlib.closing(Store(kept.restored())) as made, made.read() as stored:
        assert export_state(kept.chain, stored, ORDER, again) == kept.manifest
    assert [again.chunk(ORDER, index) for index in range(len(kept.chunks))] == kept.chunks


def test_every_chunk_is_of_its_hash(kept: Kept) -> None:
    with contextlib.closing(Restoring(kept.chain, kept.manifest, kept.root, kept.to / "state")) as restoring:
        for index, chunk in enumerate(kept.chunks):
            assert restoring.is_of(index, chunk)
            for at in range(0, len(chunk), max(1, len(chunk) // 50)):
                assert not restoring.is_of(index, altered(chunk, at))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_no_byte_of_a_chunk_can_differ_even_where_the_manifest_agrees(kept: Kept, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(kept.chunks) - 1))
    at = data.draw(st.integers(0, len(kept.chunks[index]) - 1))
    kept.refuses([*kept.chunks[:index], altered(kept.chunks[index], at), *kept.chunks[index + 1 :]])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_nothing_can_be_left_out_or_doubled(kept: Kept, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(kept.chunks) - 1))
    section, items = decode_chunk(kept.chunks[index])
    at = data.draw(st.integers(0, len(items) - 1))
    fewer, more = [*items[:at], *items[at + 1 :]], [*items[: at + 1], *items[at:]]
    for changed in (fewer, more):
        made = list(encode_chunks(section, changed))
        kept.refuses([*kept.chunks[:index], *made, *kept.chunks[index + 1 :]])


def test_another_app_hash_is_seen_before_any_record_is_taken(kept: Kept) -> None:
    kept.refuses(kept.chunks, bytes(32))
    with contextlib.closing(Restoring(kept.chain, kept.manifest, bytes(32), kept.to / "state")) as restoring:
        restoring.put(kept.chunks[0])
        with pytest.raises(BadSnapshot, match="headers"):
            restoring.put(kept.chunks[1])


def test_sections_come_in_their_order(kept: Kept) -> None:
    kept.refuses(kept.chunks[::-1])
    kept.refuses(kept.chunks[:-1])


def test_another_chain_is_refused(kept: Kept) -> None:
    with pytest.raises(BadSnapshot, match="chain"):
        Restoring(kept.chain, replace(kept.manifest, chain=bytes(32)), kept.root, kept.to / "state")


@pytest.mark.parametrize(
    "wrong",
    [
        {"format": 2},
        {"order": -1},
        {"height": 2**63},
        {"size": 0},
        {"size": 2**62},
        {"chunks": ()},
        {"chunks": (bytes(31),)},
        {"chunks": (bytes(32),) * (CHUNKS_MOST + 1)},
    ],
)
def test_a_manifest_keeps_the_limits(wrong: dict[str, Any]) -> None:
    sound = Manifest(1, bytes(32), 1, 1, 100, (bytes(32),))
    assert decode_manifest(encode(sound)) == sound
    with pytest.raises(BadSnapshot):
        decode_manifest(encode(replace(sound, **wrong)))


@given(st.binary(max_size=300))
def test_no_bytes_are_taken_for_a_manifest_or_chunk_by_mistake(raw: bytes) -> None:
    for decode in (decode_manifest, decode_chunk):
        with contextlib.suppress(BadSnapshot):
            decode(raw)  # type: ignore[operator]


def test_sizes_are_bounded(kept: Kept) -> None:
    with pytest.raises(BadSnapshot):
        decode_manifest(bytes(MANIFEST_BYTES + 1))
    with pytest.raises(BadSnapshot):
        decode_chunk(bytes(CHUNK_BYTES + 1))
    small = replace(kept.manifest, size=len(kept.chunks[0]))
    with contextlib.closing(Restoring(kept.chain, small, kept.root, kept.to / "state")) as restoring:
        restoring.put(kept.chunks[0])
        with pytest.raises(BadSnapshot, match="size"):
            restoring.put(kept.chunks[1])


@given(st.lists(st.binary(max_size=200), max_size=30))
def test_chunks_hold_what_they_were_given(items: list[bytes]) -> None:
    made = list(encode_chunks(Section.HEADERS, items))
    assert [item for chunk in made for item in decode_chunk(chunk).items] == items
    assert all(len(chunk) <= CHUNK_BYTES for chunk in made)


def test_a_chunk_is_never_larger_than_it_may_be() -> None:
    made = list(encode_chunks(Section.HEADERS, (bytes(1024 * 1024) for _ in range(20))))
    assert len(made) == 3
    assert all(len(chunk) <= CHUNK_BYTES for chunk in made)
    assert all(decode_chunk(chunk) for chunk in made)


def test_the_calendar_can_only_differ_where_it_is_said(kept: Kept) -> None:
    with kept.store.read() as stored:
        assert deviations(kept.chain, view_of(stored)) == []
        _, (at, path) = stored.due(2**62)
    late = (Deviation(at, path, False), Deviation(at + 1, path, True))  # It would show on the day when that is due.
    for wrong in (
        Deviation(1, "identity/organisations/nobody", True),
        Deviation(1, "identity/organisations/bank", False),
        Deviation(0, "identity/organisations/bank", True),
        Deviation(1, "a" * 600, True),
        Deviation(1, "\N{CYRILLIC SMALL LETTER A}" * 300, True),
        *late,
    ):
        kept.refuses([*kept.chunks, *encode_chunks(Section.CALENDAR, [wrong])])


def test_what_the_ledger_could_never_hold_is_refused_before_it_is_stored(kept: Kept) -> None:
    section, items = decode_chunk(kept.chunks[1])
    assert section == Section.RECORDS
    for wrong in (
        {"path": "a" * 600},
        {"path": "\N{CYRILLIC SMALL LETTER A}" * 300},
        {"version": 0},
        {"height": 2**60},
    ):
        kept.refuses([kept.chunks[0], *encode_chunks(section, [replace(items[0], **wrong)])])
    for group in ((b"\xff" * 32,), (bytes(32),), (b"short",), ()):
        kept.refuses([*kept.chunks[:2], *encode_chunks(Section.EXECUTED, [group])])


def test_records_are_judged_before_anything_after_them_is_taken(kept: Kept) -> None:
    fewer = list(encode_chunks(Section.RECORDS, decode_chunk(kept.chunks[1]).items[:-1]))
    with pytest.raises(BadSnapshot, match="records"):
        kept.restored([kept.chunks[0], *fewer, kept.chunks[2], b"never looked at"])


def test_a_calendar_that_tries_again_travels_as_it_is(kept: Kept) -> None:
    """A due move that was refused waits for another time than its record says."""
    with contextlib.closing(Store(kept.restored())) as made:
        with made.read() as stored:
            meta, (first, second) = stored.meta(), list(stored.due(2**62))
        later = {first: False, (first[0] + 60_000, first[1]): True}
        made.write(Batch(meta, {}, {}, {}, {}, {}, later))
        with made.read() as stored:
            told = deviations(kept.chain, view_of(stored))
            manifest = export_state(kept.chain, stored, 8, kept.shelf)
    assert told == [Deviation(*first, False), Deviation(first[0] + 60_000, first[1], True)]
    restore(kept.chain, kept.shelf, manifest, kept.root, kept.to / "again")
    with contextlib.closing(Store(kept.to / "again")) as again, again.read() as stored:
        assert list(stored.due(2**62)) == [(first[0] + 60_000, first[1]), second]


def test_at_least_two_are_kept_and_nothing_half_made(kept: Kept) -> None:
    with kept.store.read() as stored:
        for order in range(10, 15):
            export_state(kept.chain, stored, order, kept.shelf)
    with contextlib.suppress(ZeroDivisionError), kept.shelf.making(99) as making:
        making.put(0, b"half")
        raise ZeroDivisionError
    kept.shelf.clear(KEPT_LEAST)
    assert [each.manifest.order for each in kept.shelf.kept()] == [13, 14]
    kept.shelf.repeat(kept.shelf.kept()[-1], 20)
    newest = kept.shelf.kept()[-1]
    assert newest.manifest == replace(kept.manifest, order=20)
    restore(kept.chain, kept.shelf, newest.manifest, kept.root, kept.to / "again")


def test_a_store_that_does_not_follow_from_its_headers_is_found(kept: Kept) -> None:
    with kept.store.read() as stored:
        assert list(state_differences(kept.chain, stored, kept.root)) == []
        assert list(state_differences(kept.chain, stored, bytes(32)))


def hold(world: World, name: str, milliseconds: int) -> PlaceHold:
    return PlaceHold(name, TOKEN, "firm-1", None, 5, world.begin + milliseconds, "example")


def altered(chunk: bytes, at: int) -> bytes:
    return chunk[:at] + bytes((chunk[at] ^ 1,)) + chunk[at + 1 :]
