"""A commitment binds every part of what it is of, and hides it."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infoharbor.contractkit import Refusal
from infoharbor.contractkit.commitment import Place, commitment
from infoharbor.kernel.encoding import encode

hashes = st.binary(min_size=32, max_size=32)
names = st.text(max_size=20)
places = st.builds(Place, hashes, names, names, names, st.integers(1, 2**63 - 1))


@given(place=places, salt=hashes, content=st.binary(max_size=100), data=st.data())
def test_changing_any_part_changes_the_commitment(
    place: Place, salt: bytes, content: bytes, data: st.DataObject
) -> None:
    parts = [*place, salt, content]
    at = data.draw(st.integers(0, len(parts) - 1))
    other = data.draw(st.just(parts[at]).flatmap(_unlike))
    changed = [*parts[:at], other, *parts[at + 1 :]]
    assert commitment(Place(*changed[:5]), *changed[5:]) != commitment(place, salt, content)


def _unlike(value: object) -> st.SearchStrategy[object]:
    kinds = {int: st.integers(1, 2**63 - 1), str: names}
    fixed = hashes if isinstance(value, bytes) and len(value) == 32 else st.binary(max_size=100)
    return kinds.get(type(value), fixed).filter(lambda other: other != value)


@given(place=places, content=st.binary(max_size=100), salts=st.lists(hashes, min_size=2, max_size=2, unique=True))
def test_equal_contents_have_unlike_commitments(place: Place, content: bytes, salts: list[bytes]) -> None:
    assert commitment(place, salts[0], content) != commitment(place, salts[1], content)


@given(place=places, salt=hashes, text=names)
def test_parts_do_not_run_into_one_another(place: Place, salt: bytes, text: str) -> None:
    joined = place._replace(owner=place.owner + text + "x", record=place.record)
    parted = place._replace(owner=place.owner, record=text + "x" + place.record)
    assert commitment(joined, salt, b"") != commitment(parted, salt, b"")


def test_the_commitment_is_a_tagged_sha256_of_place_salt_and_digest() -> None:
    place, salt = Place(bytes(32), "owner", "document/documents/a:1", "commitment"), b"s" * 32
    parts = [bytes(32), "owner", "document/documents/a:1", "commitment", 1, salt, hashlib.sha256(b"content").digest()]
    expected = hashlib.sha256(b"infoharbor/commitment/1\0" + encode(parts)).digest()
    assert commitment(place, salt, b"content") == expected


@pytest.mark.parametrize(("chain", "salt", "field"), [(31, 32, "chain"), (32, 31, "salt"), (32, 33, "salt")])
def test_chain_and_salt_have_32_bytes(chain: int, salt: int, field: str) -> None:
    with pytest.raises(Refusal) as refused:
        commitment(Place(bytes(chain), "owner", "record", "field"), bytes(salt), b"")
    assert (refused.value.code, refused.value.field) == ("ledger.malformed", field)
