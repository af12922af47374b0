"""Whatever a refusal says would be right is there in Chinese: read from the source, so that nothing new is forgotten."""

from collections import Counter

import pytest

from infoharbor.cli.anatomy import BELOW
from infoharbor.cli.expected_texts import HOLE, Program, Said, has_words, said_by, sources_of
from infoharbor.edgekit.languages import SAYING, Words, expected_in_chinese
from infoharbor.kernel.registry import installed_registry

REGISTRY = installed_registry()
CONTRACTS = {name: contract.package for name, contract in REGISTRY.contracts.items()}
OURS = {
    name: package
    for name, package in CONTRACTS.items()
    if package == f"infoharbor.contracts.{package.rpartition('.')[2]}"
}
LAYERS = tuple(package.rpartition(".")[2] for package in SAYING)
VALUES = ("7", "wuzhou-tea", "2026-01-01", "kg")
READ_NOWHERE = frozenset({
    # Values: an id, a code, a name, a hash, a number, a record's own text.
    "absent", "action.__action__.contract", "before.status", "chain.hex()", "chain.id.hex()",
    "currency_in(currency_field)", "currency_in(root.wanted('DocumentCurrencyCode'))", "declared.contract", "found.name",
    "gathered.checkpoint.root.hex()", "hold.beneficiary", "index", "key.id.hex()", "last", "policy.genesis.hex()",
    "policy.origin", "reader.organisation", "self.ceilings.reads", "self.ceilings.writes", "self.ceilings.written_bytes",
    "self.chain.hex()", "self.origin", "size", "steps", "title.beneficiary", "title.issuer",
    "transaction_at(block, receipt.position)", "type(fault).__name__", "whole.face", "_nearest(word, known)",
    # What another refusal, which is read where it is made, expected or came to.
    "expected", "fault", "form['expected']", "getattr(fault, 'expected', '')", "inactive", "known.told", "refused",
    "self._quarantine.told", "self.engine.status().reason", "text",
    # What another program says.
    "fault.detail", "fault.exception_message", "fault.strerror", "lines[-1]",
})  # fmt: skip
"""The expressions that hand over what no source tells."""
IN_BOTH = "row 行 "
"""How a line of an import's preview begins, which says everything in both languages."""


@pytest.fixture(scope="module")
def said() -> set[Said]:
    return Program(sources_of("infoharbor")).said()


@pytest.fixture(scope="module")
def texts(said: set[Said]) -> dict[str, set[str]]:
    """What each of our packages says, by its name."""
    found: dict[str, set[str]] = {}
    for each in said:
        if each.text.readable and has_words(each.text.text) and not each.text.text.startswith(IN_BOTH):
            _, layer, *more = each.module.split(".")
            found.setdefault(more[0] if layer == "contracts" else layer, set()).add(each.text.text)
    return found


def told(package: str) -> dict[str, str]:
    return expected_in_chinese(OURS.get(package, f"infoharbor.{package}"))


def below(package: str) -> tuple[str, ...]:
    """The packages whose texts this one may say too."""
    return BELOW if package in OURS else LAYERS[: LAYERS.index(package)]


def test_every_text_has_its_chinese(texts: dict[str, set[str]]) -> None:
    untold = {
        package: sorted(own - {text for each in (package, *below(package)) for text in told(each)})
        for package, own in texts.items()
    }
    assert {package: lacking for package, lacking in untold.items() if lacking} == {}


def test_every_chinese_text_is_of_something_that_is_said(texts: dict[str, set[str]]) -> None:
    unsaid = {package: sorted(told(package).keys() - texts[package]) for package in (*LAYERS, *OURS)}
    assert {package: surplus for package, surplus in unsaid.items() if surplus} == {}


def test_a_text_is_put_into_chinese_once() -> None:
    assert [text for text, times in Counter(text for each in LAYERS for text in told(each)).items() if times > 1] == []
    for name in OURS:
        assert sorted(told(name).keys() & {text for each in BELOW for text in told(each)}) == []


def test_what_cannot_be_read_is_known(said: set[Said]) -> None:
    unread = {each.text.text for each in said if not each.text.readable}
    assert (sorted(unread - READ_NOWHERE), sorted(READ_NOWHERE - unread)) == ([], [])


@pytest.mark.parametrize("package", [*LAYERS, *OURS])
def test_a_text_with_values_is_shown_as_its_own_chinese_with_all_of_them(package: str) -> None:
    words = Words(REGISTRY)
    for english, chinese in told(package).items():
        values = VALUES[: english.count(HOLE)]
        shown = words.expected(f"{package}.code", english.replace(HOLE, "{}").format(*values))
        assert shown.zh == chinese.format(*values)
        assert [value for value in values if value not in shown.zh] == []


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_contract_is_read_alone_as_among_all(name: str, texts: dict[str, set[str]]) -> None:
    """`contract check` reads a contract by itself, wherever its package comes from."""
    if name in OURS:
        assert said_by(CONTRACTS[name]) <= texts[name]
    assert said_by(CONTRACTS[name])


RULES = {
    "a constant": 'ensure(x, "c", expected="a b")',
    "a constant of the module": 'A = "a b"\nensure(x, "c", expected=A)',
    "a constant of another module": 'from other import WANTED\nensure(x, "c", expected=WANTED)',
    "a module's constant": 'import_it = 1\nfrom package import other\nensure(x, "c", expected=other.WANTED)',
    "a variable": 'def f():\n    a = "a b"\n    ensure(x, "c", expected=a)',
    "the second place": 'class Fault(Exception):\n    def __init__(self, code, expected): ...\nFault("c", "a b")',
    "what a base takes": 'class Fault:\n    def __init__(self, expected): ...\nclass Own(Fault): ...\nOwn("a b")',
    "a call of the base": "class F:\n    def __init__(self, expected): ...\n"
    'class G(F):\n    def __init__(self):\n        super().__init__("a b")',
    "a parameter": 'def f(wanted):\n    ensure(x, "c", expected=wanted)\nf("a b")',
    "a parameter of a parameter": 'def f(w):\n    ensure(x, "c", expected=w)\ndef g(v):\n    f(v)\ng(v="a b")',
    "what a function gives": 'def f():\n    return "a b"\nensure(x, "c", expected=f())',
    "a table": 'T = {1: "a b"}\nensure(x, "c", expected=T[k])',
    "pieces": 'ensure(x, "c", expected="a " + "b")',
    "a cut text": 'ensure(x, "c", expected="a b"[:200])',
    "what may be empty": 'ensure(x, "c", expected=y or "a b")',
    "a piece within": 'def f(y):\n    p = " b"\n    ensure(x, "c", expected=f"a{p}")',
    "an item of a list": 'ensure(x, "c", expected=" or ".join(y or "a b" for y in z))',
}
"""What hands over "a b", each in its own way."""


@pytest.mark.parametrize("way", RULES)
def test_a_text_is_found_however_it_is_handed_over(way: str) -> None:
    assert "a b" in found(RULES[way])


def test_every_branch_and_every_value_of_a_text_is_found() -> None:
    assert found('ensure(x, "c", expected=f"at most {n}" if n else "no more")') >= {"at most {}", "no more"}
    assert found('ensure(x, "c", expected=y.strip())') == {"y.strip()"}
    assert found('ensure(x, "c", expected="all of " + ", ".join(y))') == {"all of {}"}
    assert found("ensure(x, 'c', expected=f\"for {' or '.join(y)}\")") == {"for {}", "for {} or {}"}


def test_what_another_refusal_expected_is_not_read_again() -> None:
    assert found('ensure(x, "c", expected=fault.expected)') == set()


def found(source: str) -> set[str]:
    ensure = "def ensure(condition, code, *, expected=''): ..."
    modules = {"own": f"{ensure}\n{source}", "other": 'WANTED = "a b"', "package.other": 'WANTED = "a b"'}
    return {said.text.text for said in Program(modules).said() if said.module == "own"}
