"""Attacks on a proof that is taken away: whoever forges one also fills in its digest again."""

import base64
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from world import TOKEN, World

from infoharbor.contracts.identity.policies import SetSealingKey
from infoharbor.crypto.hashes import SHA256
from infoharbor.engine.lifecycle import open_engine
from infoharbor.engine.node import NodeEngine
from infoharbor.evidence.file import Evidence, decode_evidence
from infoharbor.evidence.making import make_evidence
from infoharbor.evidence.policy import parse_trust
from infoharbor.evidence.trust import TrustPolicy
from infoharbor.evidence.verify import Proven, Unproven, verify
from infoharbor.kernel.encoding import Malformed, encode, tag
from infoharbor.kernel.transaction import action_codec, action_hash, body_codec
from infoharbor.sdk.building import Chain, build_signed
from infoharbor.sdk.trusting import ledger_trust

RECORD = "identity/organisations/firm-1"
ABSENT = "identity/organisations/nobody"
BALANCE = f"asset/balances/{TOKEN}/firm-1"
Document = dict[str, Any]


@pytest.fixture(scope="module", params=["sha256", "sm3"])
def scene(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[World, NodeEngine]]:
    world = World(suite=request.param)
    engine = open_engine(world.create(tmp_path_factory.mktemp("evidence") / "data"), workers=0)
    for raw in world.opening():
        assert engine.submit(raw).result(10).code == ""
    for count in range(3):
        raw = world.signed(SetSealingKey(bytes([count]) * 32), by="firm-1")
        assert engine.submit(raw).result(10).code == ""
    yield world, engine
    engine.close()


@pytest.fixture
def engine(scene: tuple[World, NodeEngine]) -> NodeEngine:
    return scene[1]


@pytest.fixture
def policy(engine: NodeEngine) -> TrustPolicy:
    found: TrustPolicy = parse_trust(ledger_trust(engine).encode())
    return found


def made(engine: NodeEngine, *paths: str, **options: bool) -> Document:
    document: Document = json.loads(make_evidence(engine.chain, engine, paths, **options))
    return document


def sealed(document: Document) -> bytes:
    """The document in the one encoding, with its digest filled in as only an honest maker should."""

    def written(digest: str) -> bytes:
        text = json.dumps(document | {"digest": digest}, separators=(",", ":"), ensure_ascii=False)
        return text.encode() + b"\n"

    return written(base64.b64encode(SHA256.digest(tag("evidence") + written(""))).decode())


def refused(document: Document, policy: TrustPolicy) -> str:
    with pytest.raises((Unproven, Malformed)) as fault:
        verify(sealed(document), policy)
    code: str = fault.value.code  # type: ignore[union-attr]
    return code


def statements(proven: Proven) -> set[str]:
    """Everything that a file proves, one statement each."""
    about = f"{proven.chain.hex()} at {proven.height} {proven.time}: "
    said = {about + "signed by " + ", ".join(proven.signers)}
    for record in proven.records:
        said |= {about + f"{record.path} {each!r}" for each in record.versions}
        said.add(about + f"{record.path} newest {record.versions[0] if record.versions else 'none'!r}")
    return said | {repr(receipt._replace(actions=[])) for receipt in proven.receipts}


def test_sealing_it_again_gives_the_honest_file(engine: NodeEngine, policy: TrustPolicy) -> None:
    """Else the forgeries below would fail for the wrong reason."""
    raw = make_evidence(engine.chain, engine, [RECORD, ABSENT, BALANCE])
    assert sealed(json.loads(raw)) == raw
    verify(raw, policy)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict):
        for name, part in value.items():
            yield from places(part, (*path, name))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from places(part, (*path, index))


def changed(value: Any, chance: random.Random) -> Any:
    """The same kind of value, another one."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return max(0, value + chance.choice((-1, 1, 7)))
    if isinstance(value, str):
        try:
            raw = bytearray(base64.b64decode(value, validate=True))
            raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
            return base64.b64encode(raw).decode()
        except (ValueError, IndexError):
            return value[:-1] or "x"
    if isinstance(value, list):
        again = list(value)
        match chance.randrange(3):
            case 0 if again:
                del again[chance.randrange(len(again))]
            case 1 if again:
                again.insert(0, again[chance.randrange(len(again))])
            case _:
                again.reverse()
        return again
    return None


def test_no_part_can_be_changed_even_with_the_digest_filled_in_again(engine: NodeEngine, policy: TrustPolicy) -> None:
    """Whatever of a forged file still proves, the honest one proved too: leaving out is all that is possible."""
    honest = made(engine, RECORD, ABSENT, BALANCE)
    truth = statements(verify(sealed(honest), policy))
    chance = random.Random(4)
    everywhere = list(places(honest))
    for _ in range(600):
        path = chance.choice(everywhere[1:])
        forged = json.loads(json.dumps(honest))
        holder = forged
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = changed(holder[path[-1]], chance)
        if forged == honest:
            continue
        try:
            proven = verify(sealed(forged), policy)
        except (Unproven, Malformed):
            continue
        assert statements(proven) <= truth, path


def test_a_checkpoint_of_another_size_is_of_another_log(scene: tuple[World, NodeEngine], policy: TrustPolicy) -> None:
    world, engine = scene
    before = made(engine, RECORD)
    assert engine.submit(world.transfer("bank", "firm-2")).result(10).code == ""
    after = made(engine, RECORD)
    assert refused(before | {"checkpoint": after["checkpoint"]}, policy) == "evidence.header"
    assert refused(after | {"checkpoint": before["checkpoint"]}, policy) == "evidence.header"
    assert refused(after | {"state": before["state"]}, policy) == "evidence.header"


def test_an_old_state_under_a_new_checkpoint_says_how_old_it_is(
    scene: tuple[World, NodeEngine], policy: TrustPolicy
) -> None:
    """A document that was revoked since can be shown as it stood, but never as it stands."""
    world, engine = scene
    old = made(engine, RECORD, receipts=False)
    height = verify(sealed(old), policy).height
    assert engine.submit(world.signed(SetSealingKey(b"n" * 32), by="firm-1")).result(10).code == ""
    new = made(engine, RECORD, receipts=False)
    path = [base64.b64encode(each).decode() for each in engine.inclusion(height)]
    state = {"header": old["state"]["header"], "path": path}
    shown = verify(sealed(old | {"checkpoint": new["checkpoint"], "state": state}), policy)
    assert (shown.height, shown.height < verify(sealed(new), policy).height) == (height, True)
    assert refused(new | {"state": state}, policy) == "evidence.record"


def test_swapped_and_guessed_blinds_open_nothing(engine: NodeEngine, policy: TrustPolicy) -> None:
    honest = made(engine, RECORD, BALANCE)
    blinds = [version["blind"] for item in honest["records"] for version in item["versions"]]
    for blind in (*blinds[1:], base64.b64encode(bytes(32)).decode(), ""):
        forged = json.loads(json.dumps(honest))
        forged["records"][0]["versions"][0]["blind"] = blind
        assert refused(forged, policy) == "evidence.record"
    forged = json.loads(json.dumps(honest))
    first, second = forged["receipts"][:2]
    first["blind"], second["blind"] = second["blind"], first["blind"]
    assert refused(forged, policy) == "evidence.receipt"


@pytest.mark.parametrize("named", ["sha256", "sm3", "sha512", "", "SHA256", "md5"])
def test_another_hash_suite_proves_nothing(engine: NodeEngine, policy: TrustPolicy, named: str) -> None:
    if named == engine.chain.suite.name:
        return
    for paths in ((RECORD,), (ABSENT,)):
        code = refused(made(engine, *paths) | {"hash_suite": named}, policy)
        assert code == ("evidence.record" if named in ("sha256", "sm3") else "evidence.hash_suite")


def test_what_is_there_is_not_proved_absent_nor_the_other_way_round(engine: NodeEngine, policy: TrustPolicy) -> None:
    there, not_there = made(engine, RECORD, receipts=False), made(engine, ABSENT)
    hidden = json.loads(json.dumps(there))
    hidden["records"][0] |= {"versions": [], "complete": True}
    hidden["schemas"] = []
    assert refused(hidden, policy) == "evidence.record"
    hidden["records"][0]["neighbour"] = not_there["records"][0]["neighbour"]
    assert refused(hidden, policy) == "evidence.record"
    claimed = json.loads(json.dumps(not_there))
    claimed["records"][0]["versions"] = there["records"][0]["versions"]
    claimed["schemas"] = there["schemas"]
    assert refused(claimed, policy) == "evidence.record"
    renamed = json.loads(json.dumps(there))
    renamed["records"][0]["path"] = ABSENT
    assert refused(renamed, policy) == "evidence.record"


def test_the_newest_version_cannot_be_left_out_of_a_history(engine: NodeEngine, policy: TrustPolicy) -> None:
    honest = made(engine, RECORD, receipts=False)
    for cut in (slice(1, None), slice(0, 1), slice(0, -1)):
        forged = json.loads(json.dumps(honest))
        forged["records"][0]["versions"] = forged["records"][0]["versions"][cut]
        if cut.start != 1:
            assert refused(forged, policy) == "evidence.history"
            forged["records"][0]["complete"] = False
            assert not verify(sealed(forged), policy).records[0].complete
        else:
            assert refused(forged, policy) == "evidence.record"
    gap = json.loads(json.dumps(honest))
    del gap["records"][0]["versions"][1]
    assert refused(gap, policy) == "evidence.history"


LOOSE: list[Callable[[str], str]] = [
    lambda note: note + "— stranger AAAAAAAA\n",
    lambda note: note.replace("\n\n", "\nextension\n\n", 1),
    lambda note: note.rstrip("\n"),
    lambda note: note + "\n",
    lambda note: note.replace("=", "", 1),
    lambda note: note + note.splitlines(keepends=True)[-1],
    lambda note: note.replace("— ", "-- ", 1),
    lambda note: note.replace("\n", "\r\n"),
]


@pytest.mark.parametrize("loosen", LOOSE)
def test_a_checkpoint_has_no_unknown_line_and_no_loose_spelling(
    engine: NodeEngine, policy: TrustPolicy, loosen: Callable[[str], str]
) -> None:
    honest = made(engine, RECORD)
    loose = loosen(honest["checkpoint"])
    assert loose != honest["checkpoint"]
    assert refused(honest | {"checkpoint": loose}, policy).startswith(("note.", "evidence.", "trust."))


@pytest.mark.parametrize("extra", ["extra", "Records", "infoharbor "])
def test_a_file_has_no_extra_members(engine: NodeEngine, policy: TrustPolicy, extra: str) -> None:
    honest = made(engine, RECORD)
    assert refused(honest | {extra: []}, policy) == "evidence.malformed"
    forged = json.loads(json.dumps(honest))
    forged["records"][0][extra] = 1
    assert refused(forged, policy) == "evidence.malformed"


def test_evidence_of_a_twin_ledger_with_the_same_log_key_proves_nothing_here(
    scene: tuple[World, NodeEngine], policy: TrustPolicy, tmp_path: Path
) -> None:
    """Two living ledgers: the operator's key signs both; origin and chain id tell them apart."""
    world, engine = scene
    twin = World(suite=world.suite.name, begin=world.begin - 1)
    with open_engine(twin.create(tmp_path / "twin"), workers=0) as other:
        document = made(other, RECORD)
    assert refused(document, policy).startswith(("evidence.", "note.", "trust."))
    assert engine.chain.id != twin.chain


def test_a_hidden_action_of_a_shown_bundle_is_not_guessed(scene: tuple[World, NodeEngine], policy: TrustPolicy) -> None:
    """A half-shown bundle: whoever knows what the other action must say still lacks its salt."""
    world, engine = scene
    both = SetSealingKey(b"x" * 32), SetSealingKey(b"y" * 32)
    raw = build_signed(Chain(engine.chain.id, engine.chain.suite), both, world.signer("firm-2"))
    assert engine.submit(raw).result(10).code == ""
    document = made(engine, "identity/organisations/firm-2", open_actions=True, history=False)
    shown = document["receipts"][-1]
    hidden = action_codec.decode(base64.b64decode(shown["actions"].pop(1)[1]))
    proven = verify(sealed(document), policy)
    assert [name for _, name, _ in proven.receipts[-1].actions] == ["identity.SetSealingKey"]
    committed = body_codec.decode(base64.b64decode(shown["body"])).actions[1]
    assert action_hash(world.suite, encode(hidden)) == committed
    known = action_codec.decode(base64.b64decode(shown["actions"][0][1]))
    for salt in (known.salt, bytes(16), body_codec.decode(base64.b64decode(shown["body"])).nonce):
        assert action_hash(world.suite, encode(replace(hidden, salt=salt))) != committed


def test_a_far_too_large_or_too_deep_file_is_refused_unread(policy: TrustPolicy) -> None:
    for raw in (b"[" * 100_000, b"{}" * 9_000_000, b'{"a":' * 50_000, b"\xff" * 100, b"", encode([1])):
        with pytest.raises(Malformed):
            verify(raw, policy)


def test_the_honest_encoding_is_what_the_maker_gives(engine: NodeEngine) -> None:
    assert isinstance(decode_evidence(sealed(made(engine, RECORD))), Evidence)
