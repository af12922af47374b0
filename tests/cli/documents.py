"""The code blocks of our documents, so that tests can run what readers are told to type."""

import re
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    language: str
    text: str

    @property
    def file(self) -> str:
        """The file that the block's first line names as a comment; empty if it names none."""
        first = self.text.partition("\n")[0]
        found = re.fullmatch(r"# ([\w/]+\.py)(, .*)?", first)
        return found[1] if found else ""

    @property
    def body(self) -> str:
        """The block without the line that names its file."""
        return self.text.partition("\n")[2] if self.file else self.text


def blocks(document: str) -> list[Block]:
    return [Block(*found) for found in BLOCK.findall((DOCS / document).read_text(encoding="utf-8"))]
