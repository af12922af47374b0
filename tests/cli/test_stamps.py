"""RFC 3161: an authority that the verifier believes says when evidence was signed; nobody else can."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from authority import DAY, NOW, STAMPING, Authority, Issued, with_certificates
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st
from nodes import as_json, infoharbor

from infoharbor.evidence.stamping import STAMP_BYTES, check_stamp, read_authorities
from infoharbor.kernel.encoding import Malformed

NOTE = b"ledger.example/0011\n7\nroot\n\nsignatures\n"
ROOT = Issued("Root")
SIGNER = Issued("Authority", ROOT, is_authority=False, purpose=STAMPING)


@pytest.fixture(scope="module")
def stamped(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return Authority(tmp_path_factory.mktemp("authority") / "ours", SIGNER).stamp_bytes(NOTE)


def refused(raw: bytes, roots: Sequence[Issued], note: bytes = NOTE) -> str:
    with pytest.raises(Malformed) as refusal:
        check_stamp(raw, note, [root.certificate for root in roots])
    return refusal.value.code


def test_a_stamp_says_the_latest_time_at_which_it_can_have_been_made(tmp_path: Path) -> None:
    before = datetime.now(UTC).timestamp() * 1000
    for accuracy in (1, 60):
        authority = Authority(tmp_path / str(accuracy), SIGNER, accuracy=accuracy)
        found = check_stamp(authority.stamp_bytes(NOTE), NOTE, [ROOT.certificate])
        after = datetime.now(UTC).timestamp() * 1000
        assert before - 1000 <= found.time - accuracy * 1000 <= after
        assert found.authority == "CN=Authority"


def test_an_authority_may_have_others_between_it_and_its_root(tmp_path: Path) -> None:
    between = Issued("Between", ROOT)
    signer = Issued("Authority", between, is_authority=False, purpose=STAMPING)
    raw = with_certificates(Authority(tmp_path / "chain", signer, between).stamp_bytes(NOTE), signer, between)
    assert check_stamp(raw, NOTE, [ROOT.certificate]).authority == "CN=Authority"


def test_only_for_what_was_stamped_and_only_by_whom_the_verifier_believes(stamped: bytes) -> None:
    assert refused(stamped, [ROOT], NOTE + b" ") == "evidence.stamp"
    assert refused(stamped, [Issued("Root")]) == "evidence.stamp"
    assert refused(stamped, [Issued("Another")]) == "evidence.stamp"
    assert refused(stamped, []) == "evidence.stamp"
    assert check_stamp(stamped, NOTE, [Issued("Another").certificate, ROOT.certificate])


@pytest.mark.parametrize(
    "wrong",
    [
        Issued("Authority", ROOT, is_authority=False, purpose=ExtendedKeyUsageOID.SERVER_AUTH, like=SIGNER),
        Issued("Authority", ROOT, is_authority=False, like=SIGNER),
        Issued("Authority", ROOT, is_authority=False, purpose=STAMPING, critical=False, like=SIGNER),
        Issued("Authority", ROOT, is_authority=False, purpose=STAMPING, ends=NOW - DAY, like=SIGNER),
        Issued("Authority", Issued("Root"), is_authority=False, purpose=STAMPING, like=SIGNER),
    ],
    ids=["for servers", "for anything", "not critical", "ended", "by another root of that name"],
)
def test_a_certificate_that_is_not_for_time_stamps_makes_none(stamped: bytes, wrong: Issued) -> None:
    assert check_stamp(with_certificates(stamped, SIGNER), NOTE, [ROOT.certificate])
    assert refused(with_certificates(stamped, wrong), [ROOT]) == "evidence.stamp"


def test_who_may_stamp_may_not_make_others_authorities(tmp_path: Path) -> None:
    lent = Issued("X", SIGNER, is_authority=False, purpose=STAMPING)
    raw = with_certificates(Authority(tmp_path / "lent", lent, SIGNER).stamp_bytes(NOTE), lent, SIGNER)
    assert refused(raw, [ROOT]) == "evidence.stamp"
    itself = Issued("Itself", is_authority=False, purpose=STAMPING)
    assert refused(Authority(tmp_path / "itself", itself).stamp_bytes(NOTE), [ROOT]) == "evidence.stamp"


def test_a_weak_hash_is_none(tmp_path: Path) -> None:
    raw = Authority(tmp_path / "weak", SIGNER).stamp_bytes(NOTE, digest="sha1")
    assert refused(raw, [ROOT]) == "evidence.stamp"


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_no_change_of_a_stamp_says_another_time(stamped: bytes, data: st.DataObject) -> None:
    changed = bytearray(stamped)
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, len(stamped) - 1))] = data.draw(st.integers(0, 255))
    length = data.draw(st.integers(len(stamped) - 3, len(stamped)))
    try:
        found = check_stamp(bytes(changed[:length]), NOTE, [ROOT.certificate])
    except Malformed:
        return
    assert found == check_stamp(stamped, NOTE, [ROOT.certificate])


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_what_is_no_stamp_is_refused(raw: bytes) -> None:
    assert refused(raw, [ROOT]) == "evidence.stamp_malformed"


def test_what_is_too_large_or_no_certificate_is_refused(stamped: bytes) -> None:
    assert refused(stamped + bytes(STAMP_BYTES), [ROOT]) == "evidence.stamp_malformed"
    assert read_authorities(ROOT.pem + SIGNER.pem) == [ROOT.certificate, SIGNER.certificate]
    for pem in (b"", b"no certificate", ROOT.pem[:-40], bytes(10**6)):
        with pytest.raises(Malformed, match=r"evidence\.authorities"):
            read_authorities(pem)


def refresh_by(trust: Path, milliseconds: float) -> None:
    """Change until when the trust file vouches for its keys."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")
    lines = trust.read_text().splitlines()
    changed = [f"# refresh-by {moment}" if line.startswith("# refresh-by") else line for line in lines]
    trust.write_text("\n".join(changed) + "\n")


def test_a_stamp_older_than_the_trust_files_date_holds_past_it(demo: Path) -> None:
    record = ("prove", "identity/organisations/nanning-exporter", "--data", "data")
    infoharbor(*record, "-o", "evidence.json", cwd=demo)
    infoharbor("trust", "-o", "trust.txt", "--data", "data", cwd=demo)
    (demo / "authorities.pem").write_bytes(ROOT.pem)
    infoharbor("stamp", "request", "evidence.json", "-o", "request.tsq", cwd=demo)
    Authority(demo / "authority", SIGNER).stamp(demo / "request.tsq", demo / "stamp.tsr")
    check = ("stamp", "check", "evidence.json", "stamp.tsr", "--authorities", "authorities.pem", "--asked")
    told = as_json(*check, "request.tsq", cwd=demo)
    made = datetime.fromisoformat(told["time"]).timestamp() * 1000
    assert told["authority"] == "CN=Authority"

    verify = ("verify", "evidence.json", "--trust", "trust.txt")
    with_stamp = (*verify, "--stamp", "stamp.tsr", "--authorities", "authorities.pem")
    refresh_by(demo / "trust.txt", made)
    while datetime.now(UTC).timestamp() * 1000 <= made:
        time.sleep(0.1)
    assert as_json(*verify, cwd=demo)["trust_is_stale"]
    proven = as_json(*with_stamp, cwd=demo)
    assert (proven["trust_is_stale"], proven["stamp"]) == (False, told)
    assert "CN=Authority" in infoharbor(*with_stamp, cwd=demo).stdout
    refresh_by(demo / "trust.txt", made - 1)
    assert as_json(*with_stamp, cwd=demo)["trust_is_stale"]

    infoharbor("prove", "identity/organisations/hanoi-importer", "--data", "data", "-o", "second.json", cwd=demo)
    second = as_json("verify", "second.json", *with_stamp[2:], cwd=demo)
    assert second["stamp"] == told, "evidence under the same checkpoint shares its stamp"
    infoharbor("stamp", "request", "evidence.json", "-o", "another.tsq", cwd=demo)
    assert as_json(*check, "another.tsq", cwd=demo, fails=True)["code"] == "evidence.stamp"
    assert as_json(*check, "trust.txt", cwd=demo, fails=True)["code"] == "evidence.stamp_malformed"
    (demo / "authorities.pem").write_bytes(Issued("Root").pem)
    assert as_json(*with_stamp, cwd=demo, fails=True)["code"] == "evidence.stamp"
    assert as_json(*verify, "--stamp", "stamp.tsr", cwd=demo, fails=True)["code"] == "cli.option_missing"
