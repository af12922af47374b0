"""What must hold for every contract: pure rules, words for everything, a story that can be told."""

import ast
import inspect
from collections.abc import Iterator
from types import ModuleType

import pytest

from infoharbor.cli import anatomy
from infoharbor.cli.anatomy import codes, complaint_in_chinese, lacking, sources
from infoharbor.contractkit import purity
from infoharbor.edgekit.languages import Words, about_in_chinese, expected_in_chinese
from infoharbor.edgekit.story import Story
from infoharbor.engine.trial import Trial
from infoharbor.kernel.registry import Registry, installed_registry
from infoharbor.sdk.telling import stories_of

REGISTRY = installed_registry()
CONTRACTS = sorted(REGISTRY.contracts)
STORIES = {story.contract: story for story in stories_of(REGISTRY)}


@pytest.fixture(scope="module")
def registry() -> Registry:
    return REGISTRY


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_contract_lacks_nothing(name: str, registry: Registry) -> None:
    assert list(lacking(registry.contracts[name], registry)) == []


def test_what_is_not_told_in_chinese_or_no_longer_there_is_found(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = about_in_chinese(registry.contracts["trace"].package)
    told["actions"] = {"Captured": "已采集"} | {name: text for name, text in told["actions"].items() if name[0] == "S"}
    monkeypatch.setattr(anatomy, "about_in_chinese", lambda _: told)
    assert list(lacking(registry.contracts["trace"], registry)) == [
        "words/actions.zh.json: about has no AccreditPrefix",
        "words/actions.zh.json: about has no CaptureEvents",
        "words/actions.zh.json: Captured is not of actions",
    ]


def test_what_would_be_right_and_is_not_told_in_chinese_is_found(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = expected_in_chinese

    def forgetful(package: str) -> dict[str, str]:
        return {text: chinese for text, chinese in told(package).items() if text != "another organisation"}

    monkeypatch.setattr(anatomy, "expected_in_chinese", forgetful)
    assert list(lacking(registry.contracts["asset"], registry)) == [
        "words/expected.zh.json: expected has no another organisation"
    ]


@pytest.mark.parametrize(
    ("complaint", "chinese"),
    [
        ("actions.py:3: the float 0.5", "规则不得使用浮点数 0.5"),
        (
            "actions.py:3: an iteration over a set, which has no order: sort it",
            "规则不得遍历集合：集合没有次序，请先排序",
        ),
        ("Mint: no docstring, which is what its user reads", "缺少文档字符串，而使用者读的正是它"),
        ("words/zh.json: fields has no loans.until", "fields 中缺少 loans.until"),
        ("words/expected.zh.json: expected has no at most a year", "“应为”的中文文案缺少：at most a year"),
        ("words: fields loans.until is there in one language only", "fields 的 loans.until 只有一种语言的文案"),
    ],
)
def test_what_a_contract_lacks_is_told_in_chinese_too(complaint: str, chinese: str) -> None:
    assert complaint_in_chinese(complaint) == chinese


def yielded(module: ModuleType) -> Iterator[str]:
    """The texts that a module yields, each with an x in place of its values."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        value = node.value if isinstance(node, ast.Yield | ast.YieldFrom) else None
        value = value.elt if isinstance(value, ast.GeneratorExp) else value
        value = value.elts[-1] if isinstance(value, ast.Tuple) else value
        if isinstance(value, ast.JoinedStr | ast.Constant):
            pieces = value.values if isinstance(value, ast.JoinedStr) else [value]
            yield "".join(str(each.value) if isinstance(each, ast.Constant) else "x" for each in pieces)


def test_every_complaint_has_its_chinese() -> None:
    placed = [text for text in yielded(anatomy) if " " in text.replace("x: x", "")]
    complaints = [*placed, *(f"actions.py:3: {text}" for text in yielded(purity) if " " in text or "()" in text)]
    assert len(complaints) > 15
    assert [each for each in complaints if complaint_in_chinese(each) == each] == []


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_refusal_has_a_sentence_in_both_languages(name: str, registry: Registry) -> None:
    words = Words(registry)
    named = {code for source in sources(registry.contracts[name]).values() for code in codes(source)}
    whole = {code if "." in code else f"{name}.{code}" for code in named}
    assert sorted(code for code in whole if not words.has_refusal(code)) == []


def test_every_contract_tells_a_story() -> None:
    assert sorted(STORIES) == CONTRACTS


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_story_names_what_is_told_before_it(name: str) -> None:
    """It can be told after nothing but the stories that it needs, and leaves a ledger whose invariants hold."""
    Trial().tell(*_with_needs(name)).audit()


def test_all_stories_can_be_told_on_one_ledger() -> None:
    Trial().tell(*STORIES.values()).audit()


def _with_needs(name: str) -> list[Story]:
    needed = {name}
    while (more := needed | {each for one in needed for each in STORIES[one].needs}) != needed:
        needed = more
    return [story for story in STORIES.values() if story.contract in needed]
