"""The documents as a reader follows them: links that lead somewhere, commands that are the same in both languages."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "src/infoharbor").rglob("*.md")])
CHINESE = [path for path in DOCUMENTS if path.name.endswith(".zh.md")]
FENCE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
REMARK = re.compile(r" *(#|//\s).*")
HAN = re.compile(r"[\u4e00-\u9fff]")


def blocks(document: Path) -> list[str]:
    return FENCE.findall(document.read_text("utf-8"))


def anchors(document: Path) -> set[str]:
    """The places in a document that a link may name, as GitHub makes them of its headings."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", document.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands(block: str) -> list[str]:
    """A block's lines without remarks; empty where Chinese says something, or names what the reader replaces."""
    lines = [REMARK.sub("", line).strip() for line in block.splitlines()]
    return ["" if HAN.search(line) else line for line in lines]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_link_leads_to_a_place_that_is_there(document: Path) -> None:
    lost = []
    for file, anchor in LINK.findall(FENCE.sub("", document.read_text("utf-8"))):
        there = document.parent / file if file else document
        if not there.exists() or (anchor and anchor not in anchors(there)):
            lost.append(f"{file}#{anchor}")
    assert lost == []


@pytest.mark.parametrize("document", CHINESE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_chinese_guide_and_the_english_one_lead_to_each_other_and_tell_the_same_commands(document: Path) -> None:
    english = document.with_name(document.name.removesuffix(".zh.md") + ".md")
    assert f"({document.name})" in english.read_text("utf-8")
    assert f"({english.name})" in document.read_text("utf-8")
    for chinese, told in zip(blocks(document), blocks(english), strict=True):
        assert [
            said for said, meant in zip(commands(chinese), commands(told), strict=True) if said not in ("", meant)
        ] == []


@pytest.mark.parametrize("document", CHINESE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_chinese_guide_leads_to_chinese_ones_where_there_are_some(document: Path) -> None:
    own = document.name.removesuffix(".zh.md") + ".md"
    files = {file for file, _ in LINK.findall(document.read_text("utf-8"))} - {own, ""}
    assert [file for file in files if (document.parent / file).resolve().with_suffix(".zh.md") in CHINESE] == []
