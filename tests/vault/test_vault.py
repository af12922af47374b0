"""The vault: what is kept comes back, to nobody else, and is gone once erased."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.vault.conftest import CHAIN, RECORD, SECRET, opened, refusal

from infoharbor.contractkit.commitment import Place, commitment
from infoharbor.crypto.sealing import CONTENT_BYTES
from infoharbor.edgekit.languages import LANGUAGES, read_words
from infoharbor.engine.interface import Damaged, Refused
from infoharbor.kernel.encoding import Malformed, encode
from infoharbor.vault import store
from infoharbor.vault.granted import Granted, Held, granted_codec
from infoharbor.vault.store import BATCH_CONTENTS, Item, Opening, Vault

shared_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
items = st.builds(
    Item,
    st.text(min_size=1, max_size=30),
    st.text(min_size=1, max_size=10),
    st.binary(max_size=3_000),
    st.integers(1, 9),
    st.sampled_from(("", "processor")),
)


def on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def stored(vault: Vault, made: Opening) -> tuple[bytes, bytes]:
    row: tuple[bytes, bytes] = vault._database.execute(
        "SELECT wrapped, encrypted FROM contents WHERE commitment = ?", (made.commitment,)
    ).fetchone()
    return row


# Properties


@given(batch=st.lists(items, max_size=8))
@shared_folder
def test_what_is_put_comes_back_with_place_and_salt(vault: Vault, batch: list[Item]) -> None:
    made = vault.put_many(batch)
    for item, opening in zip(batch, made, strict=True):
        held = vault.get(opening.commitment)
        place = Place(CHAIN, item.owner or "owner", item.record, item.field, item.version)
        assert held == Held(place, opening.salt, item.content)
        assert commitment(place, opening.salt, item.content) == opening.commitment


@given(item=items)
@shared_folder
def test_equal_contents_have_unlike_commitments(vault: Vault, item: Item) -> None:
    made = vault.put_many([item] * 4)
    assert len({each.commitment for each in made}) == len({each.salt for each in made}) == 4


@given(item=items)
@shared_folder
def test_what_is_granted_opens_for_its_reader_alone(vault: Vault, reader: Vault, item: Item) -> None:
    made = vault.put_many([item])[0]
    sent = encode(vault.grant(made.commitment, reader.sealing_key))
    assert reader.open_granted(granted_codec.decode(sent)) == vault.get(made.commitment)
    with refusal("vault.not_for_you"):
        vault.open_granted(granted_codec.decode(sent))


@given(data=st.data())
@shared_folder
def test_no_altered_byte_of_a_grant_passes(vault: Vault, reader: Vault, data: st.DataObject) -> None:
    made = vault.put(RECORD, "held", SECRET)
    sent = bytearray(encode(vault.grant(made.commitment, reader.sealing_key)))
    sent[data.draw(st.integers(0, len(sent) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises((Refused, Malformed)):
        reader.open_granted(granted_codec.decode(bytes(sent)))


@given(data=st.data(), column=st.sampled_from((0, 1)))
@shared_folder
def test_no_altered_byte_of_a_kept_content_passes(vault: Vault, data: st.DataObject, column: int) -> None:
    made = vault.put(RECORD, "held", SECRET)
    altered = bytearray(stored(vault, made)[column])
    altered[data.draw(st.integers(0, len(altered) - 1))] ^= data.draw(st.integers(1, 255))
    name = ("wrapped", "encrypted")[column]
    vault._database.execute(f"UPDATE contents SET {name} = ? WHERE commitment = ?", (bytes(altered), made.commitment))
    with pytest.raises(Damaged):
        vault.get(made.commitment)


# Keeping


def test_nothing_readable_is_on_the_disk(vault: Vault, tmp_path: Path) -> None:
    made = vault.put(RECORD, "held", SECRET)
    disk = on_disk(tmp_path)
    assert made.commitment in disk
    assert SECRET not in disk
    assert made.salt not in disk


def test_a_vault_opened_again_has_everything(tmp_path: Path) -> None:
    vault = opened(tmp_path)
    made, key = vault.put(RECORD, "held", SECRET), vault.sealing_key
    vault.close()
    again = opened(tmp_path)
    assert again.get(made.commitment).content == SECRET
    assert again.sealing_key == key
    again.close()


def test_what_was_put_outlives_a_killed_process(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from infoharbor.vault.store import Vault\n"
        f"vault = Vault(Path(sys.argv[1]), chain=bytes(range(32)), organisation='owner')\n"
        f"print(vault.put({RECORD!r}, 'held', {SECRET!r}).commitment.hex(), flush=True); os._exit(9)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 9, done.stderr
    vault = opened(tmp_path)
    assert vault.get(bytes.fromhex(done.stdout)).content == SECRET
    vault.close()


def test_a_batch_is_kept_as_a_whole_or_not_at_all(vault: Vault) -> None:
    with refusal("vault.place"):
        vault.put_many([Item(RECORD, "held", b"good"), Item(RECORD, "held", b"bad", version=0)])
    assert vault.entries(RECORD) == []


def test_a_content_may_be_as_large_as_the_limit_and_no_larger(vault: Vault, reader: Vault) -> None:
    largest = bytes(CONTENT_BYTES)
    made = vault.put(RECORD, "scan", largest)
    sent = encode(vault.grant(made.commitment, reader.sealing_key))
    assert reader.open_granted(granted_codec.decode(sent)).content == largest
    with refusal("vault.too_large"):
        vault.put(RECORD, "scan", largest + b"\0")
    with refusal("vault.too_large"):
        vault.put_many([Item(RECORD, "scan", b"")] * (BATCH_CONTENTS + 1))


@pytest.mark.parametrize(
    "item",
    [
        Item("r" * 401, "held", b""),
        Item(RECORD, "f" * 129, b""),
        Item(RECORD, "held", b"", owner="o" * 129),
        Item(RECORD, "held", b"", version=2**63),
    ],
)
def test_a_place_is_one_that_the_ledger_could_hold(vault: Vault, item: Item) -> None:
    with refusal("vault.place"):
        vault.put_many([item])


def test_a_record_lists_what_is_kept_for_it_page_by_page(vault: Vault) -> None:
    made = sorted(each.commitment for each in vault.put_many([Item(RECORD, "held", bytes(size)) for size in range(5)]))
    vault.put(RECORD + "0", "held", b"of another record")
    first = vault.entries(RECORD, most=3)
    rest = vault.entries(RECORD, after=first[-1].commitment, most=3)
    assert [each.commitment for each in first + rest] == made
    assert sorted(each.size for each in first + rest) == [0, 1, 2, 3, 4]
    assert first[0].place == Place(CHAIN, "owner", RECORD, "held", 1)


def test_threads_put_read_and_erase_side_by_side(vault: Vault) -> None:
    failures: list[BaseException] = []

    def work(name: int) -> None:
        try:
            for turn in range(10):
                content = f"{name}/{turn}".encode()
                made, kept = vault.put_many([Item(RECORD, "held", content)] * 2)
                assert vault.get(kept.commitment).content == content
                assert vault.erase(made.commitment) == 1
        except BaseException as failure:  # a thread's failure is the test's
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(vault.entries(RECORD)) == 40


# Handing over


def test_an_issuer_hands_a_document_to_its_owner_who_keeps_it_as_committed(vault: Vault, reader: Vault) -> None:
    made = vault.put("document/documents/owner:1", "commitment", SECRET, owner="reader")
    received = reader.open_granted(vault.grant(made.commitment, reader.sealing_key))
    assert reader.keep(received) == reader.keep(received) == made.commitment
    assert reader.get(made.commitment) == Held(made.place, made.salt, SECRET)
    assert len(reader.entries("document/documents/owner:1")) == 1


def test_a_grant_of_another_content_than_committed_is_not_accepted(vault: Vault, reader: Vault) -> None:
    made, other = vault.put(RECORD, "held", SECRET), vault.put(RECORD, "held", b"harmless")
    secret = vault._unwrap(made.place, stored(vault, made)[0])
    for lying in (bytes(32) + secret[32:], secret[:32] + bytes(32)):
        forged = store.seal_for(reader.sealing_key, made.place, made.commitment, lying, stored(vault, made)[1])
        with pytest.raises(Refused, match=r"^vault\.not_(for_you|committed)"):
            reader.open_granted(forged)
    swapped = store.seal_for(
        reader.sealing_key,
        other.place,
        made.commitment,
        vault._unwrap(other.place, stored(vault, other)[0]),
        stored(vault, other)[1],
    )
    with refusal("vault.not_committed"):
        reader.open_granted(swapped)


def test_a_grant_is_sealed_to_a_public_key(vault: Vault) -> None:
    made = vault.put(RECORD, "held", SECRET)
    for key in (b"", bytes(31), bytes(32)):
        with refusal("vault.sealing_key"):
            vault.grant(made.commitment, key)


def test_an_oversized_seal_is_refused_before_it_is_opened(reader: Vault) -> None:
    with refusal("vault.not_for_you"):
        reader.open_granted(Granted(Place(CHAIN, "owner", RECORD, "held"), bytes(32), bytes(2049), b""))


def test_what_belongs_to_another_chain_is_not_kept(vault: Vault) -> None:
    with refusal("vault.other"):
        vault.keep(Held(Place(bytes(32), "owner", RECORD, "held"), bytes(32), SECRET))


# Erasing


@pytest.mark.parametrize("size", [len(SECRET), 200_000])
def test_after_erasure_not_even_ciphertext_is_left(vault: Vault, tmp_path: Path, size: int) -> None:
    content = (SECRET * (size // len(SECRET) + 1))[:size]
    made, kept = vault.put_many([Item(RECORD, "held", content), Item(RECORD, "held", b"stays")])
    wrapped, encrypted = stored(vault, made)
    assert wrapped in on_disk(tmp_path)
    assert vault.erase(made.commitment) == 1
    for state in ("open", "closed"):
        if state == "closed":
            vault.close()
        disk = on_disk(tmp_path)
        assert SECRET not in disk
        assert made.salt not in disk
        assert made.commitment not in disk
        for part in (wrapped, encrypted):
            pieces = [part[at : at + 16] for at in range(0, len(part) - 16, max(16, len(part) // 50))]
            assert [piece for piece in pieces if piece in disk] == []
    again = opened(tmp_path / "owner")
    assert again.get(kept.commitment).content == b"stays"
    with refusal("vault.unknown"):
        again.get(made.commitment)
    with refusal("vault.unknown"):
        again.grant(made.commitment, again.sealing_key)
    again.close()


def test_erasing_what_is_not_there_does_nothing(vault: Vault) -> None:
    made = vault.put(RECORD, "held", SECRET)
    assert vault.erase(bytes(32)) == 0
    assert vault.erase(made.commitment, bytes(32)) == 1
    assert vault.erase(made.commitment) == 0


# The words


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_refusal_of_the_vault_has_its_sentence(language: str) -> None:
    source = "".join(path.read_text("utf-8") for path in Path(store.__file__).parent.glob("*.py"))
    sentences = read_words("infoharbor.vault", language)["refusals"]
    assert {code for code in sentences if f'Refused("{code}"' in source} == set(sentences)
    assert source.count('Refused("vault.') == sum(source.count(f'Refused("{code}"') for code in sentences)
