"""Signed notes: what C2SP's own examples say, round trips, and that no byte of evidence can be changed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from log_keys import ATTESTERS, LOG, NOW, OUTSIDE, checkpoint, cosigned, signer

from infoharbor.crypto.suites import SUITES
from infoharbor.evidence.checkpoint import Checkpoint, NoteError
from infoharbor.evidence.note import (
    ED25519_COSIGNATURE,
    KINDS,
    ML_DSA_44_COSIGNATURE,
    NOTE_BYTES,
    Kind,
    Note,
    SignatureLine,
    VerifierKey,
    open_note,
    parse_lines,
    sign_note,
)

# The example of C2SP signed-note.
EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE_NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXm"
    "RKuwHjG1Yu72IneyaQM=\n"
)
KEYS = [LOG.key, *(attester.key for attester in ATTESTERS.values())]
EVIDENCE = cosigned(9, "beihai", "haiphong")


def refusal(raw: bytes | str, *, strict: bool = True) -> str:
    with pytest.raises(NoteError) as refused:
        open_note(raw, KEYS, strict=strict)
    return refused.value.code


def test_the_specification_s_example_opens() -> None:
    key = VerifierKey.parse(EXAMPLE_KEY)
    assert key.encode() == EXAMPLE_KEY
    text, (signature,) = open_note(EXAMPLE_NOTE, [key], strict=True)
    assert (text, signature.key, signature.time) == ("This is an example message.\n", key, 0)


def test_a_cosignature_signs_what_the_specification_shows() -> None:
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    assert ED25519_COSIGNATURE.message("w", text, 1679315147) == b"cosignature/v1\ntime 1679315147\n" + text.encode()
    root = Checkpoint.parse(text).root
    assert ML_DSA_44_COSIGNATURE.message("w", text, 5) == (
        b"subtree/v1\n\0"
        + b"\x01w"
        + (5).to_bytes(8, "big")
        + b"\x1bexample.com/behind-the-sofa"
        + bytes(8)
        + (20852163).to_bytes(8, "big")
        + root
    )


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.suite}-{kind.identifier[0]:02x}")
def test_every_kind_signs_and_is_refused_once_changed(kind: Kind) -> None:
    one = signer("signer.example", kind)
    body = checkpoint(5)
    assert VerifierKey.parse(one.key.encode()) == one.key
    line = one.sign(body)
    raw = sign_note(body.encode(), [line])
    _, (signature,) = open_note(raw, [one.key], strict=True)
    assert signature.time == (NOW if kind.timed else 0)
    for at in range(0, len(line.signature), 37):
        altered = bytearray(line.signature)
        altered[at] ^= 1
        forged = SignatureLine(line.name, line.key_id, bytes(altered))
        with pytest.raises(NoteError, match=r"note\.signature_invalid"):
            open_note(sign_note(body.encode(), [forged]), [one.key])
    with pytest.raises(NoteError, match=r"note\.signature_invalid"):
        open_note(sign_note(checkpoint(6).encode(), [line]), [one.key])


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.suite}-{kind.identifier[0]:02x}")
def test_a_kind_has_its_suite_s_lengths(kind: Kind) -> None:
    private_key = SUITES[kind.suite].generate()
    assert len(private_key.public_key) == kind.key_bytes
    assert len(private_key.sign(b"")) == kind.signature_bytes


@given(st.integers(0, len(EVIDENCE) - 1), st.integers(0, 255))
def test_no_byte_of_evidence_can_be_changed(at: int, byte: int) -> None:
    altered = EVIDENCE[:at] + bytes([byte]) + EVIDENCE[at + 1 :]
    if altered != EVIDENCE:
        refusal(altered)


@given(st.integers(0, len(EVIDENCE) - 1))
def test_no_byte_of_evidence_can_be_left_out(at: int) -> None:
    refusal(EVIDENCE[:at] + EVIDENCE[at + 1 :])


def test_evidence_has_one_order_and_each_key_once() -> None:
    head, _, tail = EVIDENCE.decode().rpartition("\n\n")
    first, second, *rest = tail.splitlines(keepends=True)
    swapped = head + "\n\n" + "".join([second, first, *rest])
    assert refusal(swapped) == "note.signature_order"
    assert refusal(head + "\n\n" + first + tail) == "note.signature_order"
    assert len(open_note(head + "\n\n" + first + swapped.rpartition("\n\n")[2], KEYS)[1]) == 3


def test_unknown_lines_are_passed_over_in_others_notes_and_refused_in_evidence() -> None:
    raw = Note.parse(EVIDENCE).with_lines([OUTSIDE.sign(checkpoint(9))]).encode()
    assert len(open_note(raw, KEYS)[1]) == 3
    assert refusal(raw) == "note.unknown_signature"
    assert refusal(sign_note(checkpoint(9).encode(), [OUTSIDE.sign(checkpoint(9))]), strict=False) == "note.unsigned"


def test_loose_base64_is_refused() -> None:
    # The last character of a 68-byte value carries four spare bits.
    raw = EVIDENCE.decode()
    assert raw.endswith("=\n")
    spare = raw[:-3] + chr(ord(raw[-3]) + 1) + "=\n"
    assert refusal(spare, strict=False) == "note.base64"
    assert refusal(raw[:-2] + "\n", strict=False) == "note.base64"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "note.unsigned"),
        (b"text\n", "note.unsigned"),
        (b"text\n\n", "note.signature_line"),
        (EVIDENCE + b"\n", "note.signature_line"),
        (EVIDENCE[:-1], "note.signature_line"),
        (EVIDENCE.replace(b"\n", b"\r\n"), "note.encoding"),
        (b"\xff" + EVIDENCE, "note.encoding"),
        (EVIDENCE + b" " * NOTE_BYTES, "note.too_large"),
        ("text\n\n— a b AAAAAAAA\n", "note.base64"),
        ("text\n\n— a\u3000b AAAAAAAA\n", "note.signature_line"),
        ("text\n\n— a AAAAAA==\n", "note.signature_line"),
    ],
)
def test_a_malformed_note_is_refused(raw: bytes | str, code: str) -> None:
    assert refusal(raw, strict=False) == code


@pytest.mark.parametrize(
    ("vkey", "code"),
    [
        ("example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "note.key_id"),
        ("example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "note.key_id"),
        ("example.com/fo o+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "note.key_name"),
        ("example.com/foo+530d903a+AekyeRrm", "note.key_length"),
        ("example.com/foo+530d903a+BukyeRrm", "note.key_length"),
        ("example.com/foo+530d903a+AukyeRrm", "note.key_kind"),
        ("example.com/foo+530d903a", "note.key"),
    ],
)
def test_a_malformed_key_is_refused(vkey: str, code: str) -> None:
    with pytest.raises(NoteError) as refused:
        VerifierKey.parse(vkey)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("o\n1\n", "note.checkpoint"),
        ("o\n1\nAA==\n", "note.root"),
        (f"o\n01\n{'A' * 43}=\n", "note.number"),
        (f"o\n-1\n{'A' * 43}=\n", "note.number"),
        (f"o\n٣\n{'A' * 43}=\n", "note.number"),
        (f"o\n{2**63}\n{'A' * 43}=\n", "note.number"),
        (f"o\n1\n{'A' * 43}=\nmore\n", "note.extension"),
        (f"{'o' * 256}\n1\n{'A' * 43}=\n", "note.origin"),
    ],
)
def test_a_malformed_checkpoint_is_refused(text: str, code: str) -> None:
    with pytest.raises(NoteError) as refused:
        Checkpoint.parse(text)
    assert refused.value.code == code


@given(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_a_checkpoint_reads_as_it_was_written(size: int, root: bytes) -> None:
    body = Checkpoint("o", size, root)
    assert Checkpoint.parse(body.encode()) == body


def test_a_later_cosignature_takes_the_place_of_the_earlier() -> None:
    body = checkpoint(9)
    beihai = ATTESTERS["beihai"]
    answer = beihai.sign(body, NOW + 5_000).encode()
    note = Note.parse(EVIDENCE).with_lines(parse_lines(answer))
    times = {signature.key: signature.time for signature in open_note(note.encode(), KEYS, strict=True)[1]}
    assert times[beihai.key] == NOW + 5_000
    assert len(times) == 3


def test_a_key_signs_only_with_its_own_private_key() -> None:
    with pytest.raises(NoteError, match=r"note\.key_mismatch"):
        LOG.key.sign("text\n", OUTSIDE.private_key)
