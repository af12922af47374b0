"""The verifier that runs in a browser judges every file as ours does: the same verdict, under the same code."""

import base64
import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.formats.mutations import changed_inside, mutations, sealed_again, to_json
from tests.portal import conformance
from tests.portal.conftest import Portal, Screens

from infoharbor.crypto.hashes import SHA256, SM3
from infoharbor.edgekit.languages import Words
from infoharbor.evidence.policy import parse_trust
from infoharbor.evidence.verify import Unproven, verify
from infoharbor.kernel.encoding import Malformed
from infoharbor.portal.pages.verifier import codes, modules

VECTORS = Path(__file__).parents[1] / "vectors"
FILES = sorted((VECTORS / "formats").glob("*.evidence.json"))
SEED = 20261125
JUDGE = """async ([program, files, cases]) => {
  const { parseTrust } = await import(`${program}/trust.js`);
  const { verify } = await import(`${program}/verify.js`);
  const bytes = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  const given = files.map(bytes);
  return cases.map((places) => {
    const [evidence, trust, ...witnessed] = places.map((place) => given[place]);
    try {
      const proven = verify(evidence, parseTrust(trust), witnessed);
      const told = proven.records.map(({ path, complete, versions }) =>
        [path, complete, versions.map(({ version, named }) => [version, named && Object.keys(named)])]);
      const receipts = proven.receipts.map(({ transaction, code, actions }) =>
        [Array.from(transaction), code, actions.map(({ contract, name }) => `${contract}.${name}`)]);
      const { height, time, signers } = proven;
      return JSON.stringify([String(height), String(time), signers, told, receipts]);
    } catch (fault) {
      return fault.code ? `${fault.code} (${fault.field})` : `no verdict: ${fault.stack}`;
    }
  });
}"""
Case = tuple[bytes, ...]
Judge = Callable[[list[Case]], list[str]]


@pytest.fixture
def judge(screens: Screens) -> Judge:
    """What the browser says of each evidence with its trust file and members' notes."""
    page = screens.open("/verify")
    source = page.locator("script[type=module]").get_attribute("src")
    assert source is not None
    program = source.rpartition("/")[0]

    def judged(cases: list[Case]) -> list[str]:
        files = {content: place for place, content in enumerate(dict.fromkeys(file for case in cases for file in case))}
        encoded = [base64.b64encode(content).decode() for content in files]
        told: list[str] = page.evaluate(JUDGE, [program, encoded, [[files[each] for each in case] for case in cases]])
        return told

    return judged


def ours(evidence: bytes, trust: bytes, *witnessed: bytes) -> str:
    """The same of our own verifier."""
    try:
        proven = verify(evidence, parse_trust(trust), witnessed)
    except (Unproven, Malformed) as fault:
        return f"{fault.code} ({fault.field})"
    told = [
        [each.path, each.complete, [[version.version, named and list(named)] for version, named in each.versions]]
        for each in proven.records
    ]
    receipts = [
        [list(each.receipt.transaction), each.receipt.code, [name for _, name, _ in each.actions]]
        for each in proven.receipts
    ]
    said = [str(proven.height), str(proven.time), proven.signers, told, receipts]
    return json.dumps(said, separators=(",", ":"), ensure_ascii=False)


def ensure_agreement(judge: Judge, cases: list[Case]) -> list[str]:
    """Both say the same of every case; returns it."""
    theirs, mine = judge(cases), [ours(*case) for case in cases]
    differing = [(one, other, case[0][:2000], case[1]) for one, other, case in zip(theirs, mine, cases, strict=True)
                 if one != other]  # fmt: skip
    assert not differing, f"{len(differing)} of {len(cases)}, such as {differing[0]}"
    return mine


def with_trust(file: Path) -> Case:
    return file.read_bytes(), file.with_name(file.name.replace(".evidence.json", ".trust")).read_bytes()


def test_it_proves_the_same_of_every_kind_of_evidence(judge: Judge, portal: Portal) -> None:
    trust = portal.get("/v1/trust").content
    paths = [
        "/evidence/01~09521002002027~10~LB250418-B",
        "/v1/proofs/identity/organisations/nanning-exporter",
        "/v1/proofs/identity/organisations/nobody",
        "/v1/proofs/trace/objects/01~09521002002027~10~LB250418-B?history=false",
    ]
    cases = [*map(with_trust, FILES), *((portal.get(path).content, trust) for path in paths)]
    verdicts = ensure_agreement(judge, cases)
    assert all(verdict.startswith("[") for verdict in verdicts)
    assert len(cases) >= 16


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name.partition(".")[0])
def test_it_refuses_under_the_same_code_what_is_removed_repeated_swapped_or_replaced(judge: Judge, file: Path) -> None:
    """Whoever changes a file also makes its digest right."""
    raw, trust = with_trust(file)
    chance = random.Random(SEED)
    document = json.loads(raw)
    parts = chance.sample(every := list(mutations(document)), min(len(every), 60))
    changed = [*parts, *(changed_inside(document, chance) for _ in range(60))]
    sealed = [again for each in changed if (again := sealed_again(to_json(each))) is not None]
    verdicts = ensure_agreement(judge, [(each, trust) for each in sealed])
    assert len({verdict.partition(" ")[0] for verdict in verdicts}) >= 4
    assert len(sealed) >= 80


def test_it_refuses_under_the_same_code_what_no_longer_has_the_form_of_evidence(judge: Judge, portal: Portal) -> None:
    chance = random.Random(SEED)
    lot = portal.get("/evidence/01~09521002002027~10~LB250418-B").content, portal.get("/v1/trust").content
    cases = []
    for raw, trust in (*map(with_trust, FILES), lot):
        every = [to_json(each) for each in mutations(json.loads(raw))] if len(raw) < 100_000 else []
        cases += [(each, trust) for each in chance.sample(every, min(len(every), 25))]
        for _ in range(10):
            changed = bytearray(raw)
            changed[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
            cases.append((bytes(changed), trust))
        swaps = ((b'":', b'": '), (b"infoharbor/", b"infoharbor\\/"), (b'"path"', b'"p\\u0061th"'), (b"0", b"-0"))
        swaps += (
            (b'"digest":', b'"digest":"","digest":'),
            (b'"infoharbor":', b'"__proto__":1,"infoharbor":'),
            (b'"version":1,', b'"version":9007199254740993,'),
            (b'"path":"', b'"path":"\xf0\x9f\x8d\xb5'),
            (b'"path":"', b'"path":"\\ud83c\\udf75'),
        )
        cases += [(raw.replace(old, new, 1), trust) for old, new in swaps]
        lone = raw.replace(b'"infoharbor/evidence/1"', b'"\\ud800"', 1)
        cases += [(each, trust) for each in (raw[:-1], raw + b"\n", b"", b"\xef\xbb\xbf" + raw, b"[]", b"null", lone)]
        cases = [case for case in cases if case[0] != raw]
    verdicts = ensure_agreement(judge, cases)
    assert {verdict.partition(" ")[0] for verdict in verdicts} >= {"evidence.malformed", "evidence.not_canonical"}
    assert not [verdict for verdict in verdicts if verdict.startswith("[")]


def test_it_judges_what_is_large_or_deep_alike(judge: Judge) -> None:
    raw, trust = with_trust(FILES[0])
    document = json.loads(raw)
    large = base64.b64encode(bytes(5_000_000)).decode()
    receipt = document["receipts"][0]
    changes = [{"receipts": [receipt | {part: large}]} for part in ("receipt", "body", "blind")]
    changes += [{"state": {"header": large, "path": []}}, {"checkpoint": "A" * 70_000}, {"schemas": ["A" * 300_000]}]
    sealed = [sealed_again(to_json(document | change)) or b"" for change in changes]
    cases = [(each, trust) for each in (*sealed, b"[" * 100_000, b'{"a":' * 50_000, b" " * (2**24 + 1))]
    spaces = trust.replace(b"# engine", b" " * 200_000 + b"# engine" + b" " * 50_000, 1)
    cases += [(raw, each) for each in (spaces, trust + b"#" * 300_000, trust + b"#" * 100_000 + b"\n")]
    verdicts = ensure_agreement(judge, cases)
    found = {verdict.partition(" ")[0] for verdict in verdicts}
    assert found >= {
        "ledger.too_large",
        "note.too_large",
        "evidence.malformed",
        "evidence.too_large",
        "trust.too_large",
    }


def test_it_judges_what_stands_behind_right_hashes_alike(judge: Judge) -> None:
    chance = random.Random(SEED)
    verdicts = ensure_agreement(judge, [(conformance.odd_evidence(chance), conformance.trust()) for _ in range(600)])
    found = {verdict.partition(" ")[0] for verdict in verdicts}
    wanted = ("ledger.malformed", "ledger.not_canonical", "evidence.format", "evidence.receipt", "evidence.body")
    assert found >= {*wanted, "evidence.other_chain", "evidence.header", "evidence.actions"}
    assert sum(verdict.startswith("[") for verdict in verdicts) >= 50


def test_it_counts_outside_witnesses_alike(judge: Judge) -> None:
    chance = random.Random(SEED)
    verdicts = ensure_agreement(judge, [conformance.witnessed_evidence(chance) for _ in range(200)])
    found = {verdict.partition(" ")[0] for verdict in verdicts}
    assert found >= {"evidence.quorum", "trust.member_note"}
    assert any(verdict.startswith("[") for verdict in verdicts)


@pytest.mark.parametrize("name", ["sha256-cosigned", "sm3-present"])
def test_it_reads_trust_files_alike(judge: Judge, name: str) -> None:
    raw, trust = with_trust(VECTORS / "formats" / f"{name}.evidence.json")
    chance = random.Random(SEED)
    cases = [(raw, conformance.odd_trust(trust, chance)) for _ in range(400)]
    lines = trust.decode().split("\n")
    dates = [line for line in conformance.LINES if line.startswith("# refresh-by")]
    place = next(at for at, line in enumerate(lines) if line.startswith("# refresh-by"))
    cases += [(raw, "\n".join([*lines[:place], date, *lines[place + 1 :]]).encode()) for date in dates]
    cases += [(raw, with_trust(other)[1]) for other in FILES]
    verdicts = ensure_agreement(judge, cases)
    assert len({verdict.partition(" ")[0] for verdict in verdicts}) >= 12
    assert any(verdict.startswith("[") for verdict in verdicts)


def test_its_signatures_and_hashes_follow_the_one_rule_of_each_suite(screens: Screens) -> None:
    page = screens.open("/verify")
    cases = [
        [name, case["public_key"], case["message"], case["signature"], case["valid"]]
        for name in ("ed25519", "sm2", "ml-dsa-44")
        for case in json.loads((VECTORS / "crypto" / f"{name}.json").read_bytes())["cases"]
    ]
    chance = random.Random(SEED)
    texts = [chance.randbytes(length) for length in (0, 1, 55, 56, 63, 64, 65, 119, 120, 1000)]
    judged: dict[str, Any] = page.evaluate(
        """async ([cases, texts]) => {
          const program = document.querySelector("script[type=module]").src.replace(/page.js$/, "");
          const { holds } = await import(`${program}signatures.js`);
          const { HASH_SUITES } = await import(`${program}hashes.js`);
          const { fromHex, toHex } = await import(`${program}bytes.js`);
          const of = (name) => texts.map((text) => toHex(HASH_SUITES.get(name)(fromHex(text))));
          return {
            valid: cases.map(([name, ...parts]) => holds(name, ...parts.slice(0, 3).map(fromHex))),
            sha256: of("sha256"), sm3: of("sm3"),
          };
        }""",
        [cases, [text.hex() for text in texts]],
    )
    assert judged["valid"] == [case[-1] for case in cases]
    assert judged["sha256"] == [SHA256.digest(text).hex() for text in texts]
    assert judged["sm3"] == [SM3.digest(text).hex() for text in texts]


def test_every_code_it_refuses_under_has_a_sentence_in_both_languages(portal: Portal) -> None:
    words = Words(portal.engine.chain.registry)
    assert len(codes()) >= 50
    assert not [code for code in codes() if not words.has_refusal(code)]


def test_it_is_whole_and_imports_nothing_from_elsewhere() -> None:
    for name, content in modules().items():
        folder = Path(name).parent
        for target in re.findall(r'^(?:import|export)[^\n]*? from ["\']([^"\']+)["\']', content.decode(), re.MULTILINE):
            parts: list[str] = []
            for part in (folder / target).parts:
                if part == "..":
                    parts.pop()
                else:
                    parts.append(part)
            assert "/".join(parts) in modules(), (name, target)
