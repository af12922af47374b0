"""A key in a token signs as one in memory does, never leaves it, and says by name why it does not sign."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pkcs11 import Attribute, ObjectClass
from softhsm import MODULE, PIN, PIN_VARIABLE, SoftToken

from infoharbor.contracts.identity.attesters import AttesterRole
from infoharbor.crypto.keyfile import KeyFileError, TokenFault, read_key, write_key
from infoharbor.crypto.suites import P256_ORDER, SUITES, PrivateKey
from infoharbor.crypto.token_keys import _Session, make, open_key
from infoharbor.engine.attestation import Attestation
from infoharbor.engine.attester import AttesterKeys, Marks, NodeAttester
from infoharbor.evidence.attesters import AttesterSet
from infoharbor.evidence.checkpoint import Checkpoint, origin_of
from infoharbor.evidence.note import Note, open_note

IN_TOKENS = ["ed25519", "p256"]


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(TokenFault) as fault:
        call()
    return fault.value.code


def signs(key: PrivateKey, message: bytes = b"message") -> bool:
    return key.suite.verify(key.public_key, message, key.sign(message))


@pytest.mark.parametrize("suite", IN_TOKENS)
def test_whatever_it_signs_is_valid_by_the_chains_strict_rule(suite: str, token: SoftToken) -> None:
    key = make(suite, token.place("key"))

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.binary(max_size=2048))
    def holds(message: bytes) -> None:
        signature = key.sign(message)
        assert len(signature) == key.suite.signature_length
        assert key.suite.verify(key.public_key, message, signature)
        assert not key.suite.verify(key.public_key, message + b"x", signature)
        if suite == "p256":
            assert 0 < int.from_bytes(signature[32:], "big") <= P256_ORDER // 2

    holds()


@pytest.mark.parametrize("suite", IN_TOKENS)
def test_it_never_leaves_its_token(suite: str, token: SoftToken, tmp_path: Path) -> None:
    key = make(suite, token.place("key"))
    with pytest.raises(TypeError, match="never leaves"):
        _ = key.secret
    write_key(tmp_path / "key.json", key, "a passphrase that seals nothing")
    content = json.loads((tmp_path / "key.json").read_bytes())
    assert set(content) == {"infoharbor", "suite", "public_key", "created", "pkcs11"}
    assert PIN not in (tmp_path / "key.json").read_text()
    with pkcs11.lib(MODULE).get_token(token_label=token.label).open() as session:
        [private] = session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.LABEL: "key"})
        assert private[Attribute.NEVER_EXTRACTABLE]
        assert private[Attribute.ALWAYS_SENSITIVE]
        with pytest.raises(pkcs11.exceptions.AttributeSensitive):
            _ = private[Attribute.VALUE]


@pytest.mark.parametrize("suite", IN_TOKENS)
def test_its_file_gives_it_back(suite: str, token: SoftToken, tmp_path: Path) -> None:
    made = make(suite, token.place("key"))
    write_key(tmp_path / "key.json", made)
    read = read_key(tmp_path / "key.json")
    assert (read.suite, read.public_key, read.held) == (made.suite, made.public_key, made.held)
    assert signs(read)


def test_a_file_names_one_place_for_the_secret(token: SoftToken, tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    write_key(file, make("ed25519", token.place("key")))
    content = json.loads(file.read_bytes())
    for change in ({"secret": "00" * 32}, {"pkcs11": None}, {"pkcs11": content["pkcs11"] | {"pin": PIN}}):
        file.write_text(json.dumps(content | change))
        with pytest.raises(KeyFileError, match=r"key\.malformed"):
            read_key(file)


def test_a_pin_may_stand_in_a_file_that_its_owner_alone_reads(token: SoftToken, tmp_path: Path) -> None:
    file = tmp_path / "pin"
    place = token.place("key", pin_variable="", pin_file=str(file))
    assert refused(lambda: make("ed25519", place)) == "key.pin_missing"
    file.write_text(f"{PIN}\n")
    file.chmod(0o640)
    assert refused(lambda: make("ed25519", place)) == "key.readable_by_others"
    file.chmod(0o600)
    assert signs(make("ed25519", place))


def test_a_wrong_pin_is_refused_and_tried_once(token: SoftToken, monkeypatch: pytest.MonkeyPatch) -> None:
    library, tried = pkcs11.lib(MODULE), list[str]()

    class Counting:
        """The token, and which PINs it is given: twenty wrong ones would lock a real one."""

        finalize = library.finalize

        def get_token(self, token_label: str) -> "Counting":
            self.token = library.get_token(token_label=token_label)
            return self

        def open(self, user_pin: str) -> pkcs11.Session:
            tried.append(user_pin)
            return self.token.open(user_pin=user_pin)

    monkeypatch.setattr(pkcs11, "lib", lambda path: (library.initialize(), Counting())[1])
    for pin, code in (("", "key.pin_missing"), ("000000", "key.pin"), ("1", "key.pin")):
        monkeypatch.setenv(PIN_VARIABLE, pin)
        assert {refused(lambda: make("ed25519", token.place("key"))) for _ in range(20)} == {code}
    assert tried == ["000000", "1"]
    monkeypatch.undo()
    for name, value in token.environment.items():
        monkeypatch.setenv(name, value)
    assert signs(make("ed25519", token.place("key")))


def test_what_is_not_there_is_named(token: SoftToken, tmp_path: Path) -> None:
    key = make("p256", token.place("key"))
    again = lambda **changes: open_key("p256", token.place(changes.pop("label", "key"), **changes), key.public_key)  # noqa: E731
    assert signs(again())
    (tmp_path / "no-library.so").write_bytes(b"not a library")
    assert refused(lambda: again(module=str(tmp_path / "no-library.so"))) == "key.pkcs11_module"
    assert refused(lambda: again(module=str(tmp_path / "missing.so"))) == "key.pkcs11_module"
    assert refused(lambda: again(token="another")) == "key.token_missing"
    assert refused(lambda: again(label="another")) == "key.not_in_token"
    assert refused(lambda: open_key("ed25519", token.place("key"), bytes(32))) == "key.not_in_token"
    other = make("p256", token.place("other"))
    assert refused(lambda: open_key("p256", token.place("key"), other.public_key)) == "key.mismatch"
    assert refused(lambda: make("p256", token.place("key"))) == "key.label_taken"
    for suite in SUITES.keys() - set(IN_TOKENS):
        assert refused(lambda suite=suite: make(suite, token.place("third"))) == "key.suite_not_in_token"
    assert signs(key)


def test_a_restarted_token_is_found_again(token: SoftToken) -> None:
    keys = [make(suite, token.place(suite)) for suite in IN_TOKENS]
    for end_sessions in (pkcs11.lib(MODULE).finalize, pkcs11.lib(MODULE).reinitialize):
        end_sessions()
        assert all(map(signs, keys))


def test_a_removed_key_is_named_and_other_keys_go_on(token: SoftToken, tokens: Path) -> None:
    key = make("ed25519", token.place("key"))
    other = make("p256", SoftToken(tokens, f"{token.label}-other").place("key"))
    token.remove_keys()
    assert {refused(lambda: key.sign(b"message")) for _ in range(3)} == {"key.not_in_token"}
    assert signs(other)


def test_a_token_that_is_away_is_named_until_it_is_back(token: SoftToken) -> None:
    key = make("ed25519", token.place("key"))
    token.take_away()
    assert {refused(lambda: key.sign(b"message")) for _ in range(3)} == {"key.token_missing"}
    token.put_in()
    assert refused(lambda: key.sign(b"message")) == "key.not_in_token"
    again = make("ed25519", token.place("key"))
    assert signs(again)


class Wrong:
    """A token's key that signs something else than it is asked, and says nothing of it."""

    def __init__(self, key: Any) -> None:
        self._key = key

    def sign(self, data: bytes, **mechanism: Any) -> Any:
        return self._key.sign(bytes(len(data)), **mechanism)


@pytest.fixture
def signing_wrongly(monkeypatch: pytest.MonkeyPatch) -> Callable[[], AbstractContextManager[None]]:
    right = _Session.key

    @contextmanager
    def wrongly() -> Iterator[None]:
        with monkeypatch.context() as broken:
            broken.setattr(_Session, "key", lambda session, *named: Wrong(right(session, *named)))
            yield

    return wrongly


@pytest.mark.parametrize("suite", IN_TOKENS)
def test_a_signature_that_does_not_hold_is_a_fault_of_the_token_until_it_signs_right_again(
    suite: str, token: SoftToken, signing_wrongly: Callable[[], AbstractContextManager[None]]
) -> None:
    key = make(suite, token.place("key"))
    with signing_wrongly():
        assert {refused(lambda: key.sign(b"message")) for _ in range(3)} == {"key.mismatch"}
    assert signs(key)


def test_threads_share_a_token(token: SoftToken) -> None:
    keys = [make(suite, token.place(suite)) for suite in IN_TOKENS]
    valid: list[bool] = []

    def sign(number: int) -> None:
        for turn in range(20):
            valid.append(signs(keys[(number + turn) % 2], b"%d %d" % (number, turn)))

    threads = [threading.Thread(target=sign, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(valid) == 120
    assert all(valid)


GENESIS = bytes(32)
ORIGIN = origin_of("trial", GENESIS)
ROOT = bytes(range(32))


@pytest.fixture
def attester(token: SoftToken, tmp_path: Path) -> NodeAttester:
    """A member's, all of whose keys are in a token, as its node reads them from their files."""
    roles = {role: f"attester-{role}" for role in AttesterRole}
    made = AttesterKeys.generate(make=lambda role, suite: make(suite, token.place(roles[role])))
    made.write(tmp_path / "keys")
    return NodeAttester(
        ORIGIN, "beihai", AttesterKeys.read(tmp_path / "keys"), Marks(tmp_path / "attested.json"), lambda size: ROOT
    )


def test_a_node_cosigns_with_keys_in_a_token(attester: NodeAttester) -> None:
    checkpoint = Checkpoint(ORIGIN, 7, ROOT)
    note = Note(checkpoint.encode(), ()).with_lines(attester.attest(checkpoint, 1_000_000))
    known = [attester.verifiers.log, attester.verifiers.cosigner]
    text, signatures = open_note(note.encode(), known)
    assert text == checkpoint.encode()
    assert {signature.key for signature in signatures} == set(known)


def test_a_node_whose_token_signs_wrongly_says_so_and_attests_once_it_signs_right_again(
    attester: NodeAttester,
    signing_wrongly: Callable[[], AbstractContextManager[None]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    node = Attestation("trial", GENESIS, [attester])
    members = AttesterSet(1, 1, (attester.public,), ())
    with signing_wrongly():
        assert node.committed(7, ROOT, members, 1_000_000) is None
    assert "this node does not attest size 7: key.mismatch" in caplog.text
    assert node.newest() == ""
    assert node.committed(7, ROOT, members, 1_010_000)
    assert node.newest()


def test_a_node_without_its_token_gathers_what_others_sign(attester: NodeAttester, token: SoftToken) -> None:
    node = Attestation("trial", GENESIS, [attester])
    members = AttesterSet(1, 1, (attester.public,), ())
    assert node.committed(7, ROOT, members, 1_000_000)
    token.remove_keys()
    assert node.committed(8, ROOT, members, 1_000_000) is None
    token.take_away()
    assert node.committed(9, ROOT, members, 1_000_000) is None
