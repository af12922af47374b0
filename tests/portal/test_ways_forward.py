"""A browser carries an old trust file forward as `infoharbor trust advance` does: to the same bytes, or refuses it alike."""

import base64
import random
from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest
from tests.attestation.attested_network import MEMBERS, AttestedNetwork, Pilot
from tests.formats.mutations import mutations
from tests.portal.conftest import Screens
from tests.portal.forged_ways import Way, odd_way

from infoharbor.engine.trial import START
from infoharbor.evidence.handover import WayForward, advance, way_forward_codec
from infoharbor.evidence.policy import parse_trust
from infoharbor.kernel import merkle
from infoharbor.kernel.encoding import Malformed, encode
from infoharbor.sdk.trusting import way_forward

SEED = 20261125
REFRESH_BY = START + 3 * 10**10
LATER = START + 2 * 10**10
JUDGE = """async ([program, cases]) => {
  const { advance } = await import(`${program}/handover.js`);
  const { encodeTrust, parseTrust } = await import(`${program}/trust.js`);
  const bytes = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  return cases.map(([trust, way, now, notes, refreshBy]) => {
    try {
      const carried = advance(parseTrust(bytes(trust)), bytes(way), { now, refreshBy, witnessed: notes.map(bytes) });
      return `${carried.handovers}: ${encodeTrust(carried.trust)}`;
    } catch (fault) {
      return fault.code ? `${fault.code} (${fault.field})` : `no verdict: ${fault.stack}`;
    }
  });
}"""
CONSISTENT = """async ([program, cases]) => {
  const { isConsistent } = await import(`${program}/merkle.js`);
  const { sha256 } = await import(`${program}/hashes.js`);
  const bytes = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  const tree = ([size, root]) => ({ size: BigInt(size), root: bytes(root) });
  return cases.map(([older, later, path]) => isConsistent(sha256, tree(older), tree(later), path.map(bytes)));
}"""
Judge = Callable[[list[Way]], list[str]]


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.fixture
def program(screens: Screens) -> Callable[[str, list[object]], list[object]]:
    """Calls a function of the program with cases."""
    page = screens.open("/verify")
    source = page.locator("script[type=module]").get_attribute("src")
    assert source is not None
    folder = source.rpartition("/")[0]

    def called(script: str, cases: list[object]) -> list[object]:
        told: list[object] = page.evaluate(script, [folder, cases])
        return told

    return called


def ours(case: Way) -> str:
    """What our own program makes of it."""
    try:
        policy, way = parse_trust(case.trust), way_forward_codec.decode(case.way)
        carried = advance(policy, way, now=case.now, refresh_by=REFRESH_BY, witnessed=case.notes)
    except Malformed as fault:
        return f"{fault.code} ({fault.field})"
    return f"{len(way.handovers)}: {carried.encode().decode()}"


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Pilot:
    """A pilot whose members have begun to attest."""
    pilot = Pilot(tmp_path_factory.mktemp("begun"))
    pilot.gather(*MEMBERS)
    pilot.begin()
    pilot.grow()
    return pilot


@pytest.fixture
def agreed(program: Callable[[str, list[object]], list[object]]) -> Judge:
    """Both say the same of every case; what they say."""

    def judged(cases: list[Way]) -> list[str]:
        told: list[object] = [
            [encoded(case.trust), encoded(case.way), case.now, [encoded(note) for note in case.notes], REFRESH_BY]
            for case in cases
        ]
        theirs, mine = program(JUDGE, told), [ours(case) for case in cases]
        differing = [(one, other) for one, other in zip(theirs, mine, strict=True) if one != other]
        assert not differing, f"{len(differing)} of {len(cases)}, such as {differing[0]}"
        return mine

    return judged


def test_it_carries_a_trust_file_forward_to_the_same_bytes(agreed: Judge, grown: AttestedNetwork) -> None:
    pinned = [replace(grown.old_trust, pin_size=size, pin_root=grown.root(size)) for size in range(1, grown.size + 1)]
    cases = [Way(trust.encode(), encode(way_forward(grown, trust.pin_size)), START, []) for trust in pinned[:4]]
    urls = b"\n".join(
        line + b" https://node.example/log" if line.startswith((b"log ", b"witness ")) else line
        for line in cases[0].trust.split(b"\n")
    )
    verdicts = agreed([*cases, cases[0]._replace(trust=urls)])
    assert all(verdict.startswith("2: # infoharbor-trust/1") for verdict in verdicts)
    assert "https://node.example/log" in verdicts[-1]


def test_it_carries_an_operators_trust_file_forward_to_the_members(agreed: Judge, begun: Pilot) -> None:
    trust, way = begun.begun_trust, way_forward(begun, 1)
    raw, chance = encode(way), random.Random(SEED)
    cases = [Way(replace(trust, pin_size=size, pin_root=begun.root(size)).encode(), raw, START, []) for size in (1, 2)]
    of_others = replace(trust, witnesses=begun.trust().witnesses, quorum="beihai")
    cases += [Way(of_others.encode(), raw, START, []), Way(trust.encode(), raw, LATER, [])]
    cases += [
        Way(trust.encode(), encode(WayForward(1, steps, way.newest)), START, []) for steps in ((), way.handovers * 2)
    ]
    for _ in range(60):
        flipped = bytearray(raw)
        flipped[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        cases.append(Way(trust.encode(), bytes(flipped), START, []))
    verdicts = agreed(cases)
    assert verdicts[0].startswith("1: # infoharbor-trust/1")
    assert verdicts[2] == "trust.no_attesters (group)"
    assert not [verdict for verdict in verdicts[1:] if verdict.startswith("1: ")]


def test_it_refuses_under_the_same_code_a_way_that_was_changed(agreed: Judge, grown: AttestedNetwork) -> None:
    chance = random.Random(SEED)
    trust, way = grown.old_trust.encode(), way_forward(grown, 1)
    first, second = way.handovers
    parts = [(second,), (first,), (first, first, second), (second, first), (first, second, second), (), (way.newest,)]
    changed = [encode(WayForward(1, steps, way.newest)) for steps in parts]
    changed += [encode(WayForward(1, way.handovers, each)) for each in (first, second)]
    raw = encode(way)
    for _ in range(120):
        flipped = bytearray(raw)
        flipped[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        changed.append(bytes(flipped))
    every = list(mutations(msgspec.msgpack.decode(raw)))
    for each in chance.sample(every, min(len(every), 200)):
        try:
            changed.append(msgspec.msgpack.encode(each))
        except OverflowError:
            continue
    changed += [raw[:-1], raw + b"\xc0", b"", b"\xc0", bytes(16 * 1024 * 1024 + 1)]
    cases = [Way(trust, each, START, []) for each in changed] + [Way(trust, raw, LATER, [])]
    found = {verdict.partition(" ")[0] for verdict in agreed(cases)}
    assert found >= {"ledger.malformed", "ledger.too_large", "trust.stale", "note.signature_invalid"}


def test_it_judges_a_way_that_members_keys_signed_alike(agreed: Judge, grown: AttestedNetwork) -> None:
    chance = random.Random(SEED)
    verdicts = agreed([odd_way(grown, chance) for _ in range(500)])
    found = {verdict.partition(" ")[0] for verdict in verdicts}
    wanted = ("stale", "quorum", "not_named", "not_included", "no_handover", "handover_format", "other_chain")
    assert found >= {f"trust.{code}" for code in (*wanted, "inconsistent", "key_kind", "member_note", "other_era")}
    assert found >= {"trust.duplicate_name", "trust.duplicate_key", "note.key_name", "note.key_length"}
    assert sum("# infoharbor-trust/1" in verdict for verdict in verdicts) >= 40


def test_it_knows_a_log_that_only_grew_from_any_other(program: Callable[[str, list[object]], list[object]]) -> None:
    chance = random.Random(SEED)
    leaves = [merkle.leaf_hash(bytes([number])) for number in range(40)]
    cases = []
    for _ in range(1500):
        old, new = sorted((chance.randrange(1, 41), chance.randrange(1, 41)))
        path = merkle.consistency_proof(old, new, merkle.in_memory(leaves))
        match chance.randrange(6):
            case 0 if path:
                del path[chance.randrange(len(path))]
            case 1:
                path.insert(chance.randrange(len(path) + 1), leaves[0])
            case 2:
                old, new = (new, old) if chance.randrange(2) else (old, new + 1)
        cases.append((old, merkle.root(leaves[:old]), new, merkle.root(leaves[:new]), path))
    told: list[object] = [
        [[old, encoded(one)], [new, encoded(other)], [encoded(each) for each in path]]
        for old, one, new, other, path in cases
    ]
    mine = [merkle.verify_consistency(*case) for case in cases]
    assert program(CONSISTENT, told) == mine
    assert mine.count(True) >= 500
    assert mine.count(False) >= 300
