"""The trust file: it reads as written, and whatever cannot be meant is refused."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from log_keys import ATTESTERS, GENESIS, LEAVES, LOG, NOW, POLICY, WITNESSED, checkpoint, signer

from infoharbor.evidence.note import ED25519_COSIGNATURE
from infoharbor.evidence.trust import TRUST_BYTES, Group, Log, TrustError, Witness
from infoharbor.evidence.trust_file import parse_trust
from infoharbor.kernel import merkle
from infoharbor.kernel.encoding import Malformed

TEXT = WITNESSED.encode().decode()


def refusal(text: str) -> str:
    with pytest.raises(Malformed) as refused:
        parse_trust(text.encode())
    return refused.value.code


@pytest.mark.parametrize("policy", [POLICY, WITNESSED])
def test_a_policy_reads_as_it_was_written(policy: object) -> None:
    assert parse_trust(policy.encode()) == policy


def test_spacing_words_for_thresholds_and_offsets_mean_the_same() -> None:
    loose = TEXT.replace("group all 2", "\tgroup  all\tall").replace("log ", "## a comment\n\nlog ", 1)
    loose = loose.replace("2026-01-02T00:00:00.000+00:00", "2026-01-02T08:00:00+08:00")
    assert loose.count("+08:00") == 1
    assert parse_trust(loose.encode()) == WITNESSED


@pytest.mark.parametrize("word", ["# chain", "# engine", "# pin", "# refresh-by", "quorum"])
def test_each_line_of_ours_and_the_quorum_stand_once(word: str) -> None:
    (line,) = (line for line in TEXT.splitlines(keepends=True) if line.startswith(word))
    assert refusal(TEXT.replace(line, "")) == "trust.line_missing"
    assert refusal(TEXT + line) == "trust.line_twice"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("# infoharbor-trust/1\n", "", "trust.format"),
        ("# infoharbor-trust/1", "# infoharbor-trust/2", "trust.format"),
        ("# refresh-by", "# refresh_by", "trust.line"),
        ("+00:00\n", "\n", "trust.time"),
        ("# engine replicated", "# engine other", "trust.engine"),
        (GENESIS.hex(), GENESIS.hex().upper(), "trust.genesis"),
        ("# chain harbor.example", "# chain other.example", "trust.log_origin"),
        ("# pin 7", "# pin 0", "trust.pin"),
        ("# pin 7", "# pin 07", "note.number"),
        ("quorum all", "quorum none", "trust.quorum_none"),
        ("quorum all", "quorum nobody", "trust.unknown_name"),
        ("group attesters 3", "group attesters 5", "trust.threshold"),
        ("group attesters 3", "group attesters 0", "trust.threshold"),
        ("group attesters 3 beihai", "group attesters 3 beihai beihai", "trust.member_twice"),
        ("attesters outside", "beihai outside", "trust.member_twice"),
        ("attesters outside", "all outside", "trust.unknown_name"),
        ("attesters outside", "none outside", "trust.unknown_name"),
        ("witness haiphong", "witness beihai", "trust.duplicate_name"),
        ("witness beihai", "witness\u0000 beihai", "trust.encoding"),
        ("quorum all\n", "quorum all", "trust.line"),
        ("\n", "\r\n", "trust.encoding"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused(old: str, new: str, code: str) -> None:
    assert old in TEXT
    assert refusal(TEXT.replace(old, new)) == code


def test_a_file_that_is_too_large_is_refused() -> None:
    assert refusal(TEXT + "#" * TRUST_BYTES + "\n") == "trust.too_large"


def test_a_file_of_nothing_but_groups_is_refused_as_soon_as_it_is_read() -> None:
    """The server reads what anyone hands to the verify page: a look through all names for each line took ten seconds."""
    groups = "".join(f"group {number:x} any all\n" for number in range(TRUST_BYTES // 20))
    text = TEXT.replace("quorum ", groups + "quorum ")
    assert TRUST_BYTES // 2 < len(text) < TRUST_BYTES
    began = time.process_time()
    assert refusal(text) == "trust.too_many"
    assert time.process_time() - began < 1


def test_a_public_key_has_one_role() -> None:
    same = signer("other.example", ED25519_COSIGNATURE).key
    reused = replace(same, public_key=ATTESTERS["beihai"].key.public_key)
    with pytest.raises(TrustError, match=r"trust\.duplicate_key"):
        replace(POLICY, witnesses=(*POLICY.witnesses, Witness("again", reused)))
    log_key = replace(ATTESTERS["beihai"].key, public_key=LOG.key.public_key)
    with pytest.raises(TrustError, match=r"trust\.duplicate_key"):
        replace(POLICY, witnesses=(*POLICY.witnesses, Witness("again", log_key)))


def test_groups_and_witnesses_share_their_names() -> None:
    with pytest.raises(TrustError, match=r"trust\.duplicate_name"):
        replace(POLICY, groups=(*POLICY.groups, Group("beihai", 1, ("outside",))))


def test_logs_and_witnesses_have_keys_of_their_types() -> None:
    with pytest.raises(TrustError, match=r"trust\.key_kind"):
        replace(POLICY, logs=(Log(ATTESTERS["beihai"].key),))
    with pytest.raises(TrustError, match=r"trust\.key_kind"):
        replace(POLICY, witnesses=(*POLICY.witnesses, Witness("again", LOG.key)))


def test_only_an_embedded_ledger_goes_without_a_quorum() -> None:
    embedded = replace(POLICY, engine="embedded", quorum="none")
    assert parse_trust(embedded.encode()).is_met([])


def test_a_group_counts_its_members_and_groups() -> None:
    policy = replace(POLICY, groups=(*POLICY.groups, Group("either", 1, ("attesters", "outside"))), quorum="either")
    assert policy.is_met(["outside"])
    assert policy.is_met(["beihai", "haiphong", "penang"])
    assert not policy.is_met(["beihai", "haiphong"])


@pytest.mark.parametrize("size", [1, 6, 7, 8, 20])
def test_a_checkpoint_follows_or_precedes_the_pin(size: int) -> None:
    proof = merkle.consistency_proof(min(size, 7), max(size, 7), merkle.in_memory(LEAVES))
    assert POLICY.agrees_with_pin(checkpoint(size), proof)
    assert not POLICY.agrees_with_pin(replace(checkpoint(size), root=bytes(32)), proof)


def test_the_time_to_refresh_is_in_milliseconds() -> None:
    assert parse_trust(TEXT.encode()).refresh_by == NOW + 86_400_000
