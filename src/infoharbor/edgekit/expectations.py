"""What a refusal says would be right, in Chinese: patterns with their Chinese, matched when somebody is shown the text."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

HOLE: Final = "{}"
DEEP: Final = 4
"""How far a text is looked into for texts in its holes, as `an integer from 0 to 5` in `{}, or null`."""
LENGTH_MAX: Final = 1000
"""What is longer quotes something that is nobody's text."""


class Pattern(NamedTuple):
    """The pieces of an English text between its holes, and the text's Chinese with as many holes."""

    pieces: tuple[str, ...]
    chinese: str

    def values(self, text: str) -> list[str] | None:
        """What stands in the holes, each as short as can be; None where the text is another one."""
        first, *between, last = self.pieces
        if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
            return None
        values, start, end = [], len(first), len(text) - len(last)
        for piece in between:
            at = text.find(piece, start, end)
            if at < 0:
                return None
            values.append(text[start:at])
            start = at + len(piece)
        return [*values, text[start:end]]


def by_likelihood(texts: Mapping[str, str]) -> dict[str, str]:
    """First what leaves least open, above all at its end: `at most {} bytes` before `at most {}`."""

    def open_to(english: str) -> tuple[int, int, str]:
        *_, end = pieces = english.split(HOLE)
        return -len(end), -sum(map(len, pieces)), english

    return {english: texts[english] for english in sorted(texts, key=open_to)}


class Expectations:
    """The texts of one package, by English text with `{}` for each value, as `words/expected.zh.json` has them."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._whole = {english: chinese for english, chinese in texts.items() if HOLE not in english}
        self._patterns = [
            Pattern(tuple(english.split(HOLE)), chinese)
            for english, chinese in by_likelihood(texts).items()
            if HOLE in english
        ]

    def whole(self, text: str) -> str | None:
        """The Chinese of a text without holes."""
        return self._whole.get(text)

    def matching(self, text: str) -> Iterator[tuple[Pattern, list[str]]]:
        """The patterns that fit a text, and what stands in their holes; first what leaves least of it open."""
        for pattern in self._patterns:
            values = pattern.values(text)
            if values is not None:
                yield pattern, values


def in_chinese(text: str, tables: tuple[Expectations, ...]) -> str | None:
    """The text in Chinese; None where it is data alone, or nobody has put it into Chinese. The first table goes first.

    Values stay as they are, unless they are such texts themselves. The pattern that explains most is taken: values that are
    words or such texts go before any others. One at the beginning has to be: what another program says in English is not to
    be put into Chinese by its middle.
    """
    return _Reading(tables).chinese(text, DEEP) if len(text) <= LENGTH_MAX else None


class _Reading:
    """One text while it is put into Chinese: what has been found of its pieces is not looked for again."""

    def __init__(self, tables: tuple[Expectations, ...]) -> None:
        self._tables = tables
        self._found: dict[tuple[str, int], str | None] = {}

    def chinese(self, text: str, deep: int) -> str | None:
        if " " not in text:
            return None
        if (text, deep) not in self._found:
            whole = next((found for table in self._tables if (found := table.whole(text)) is not None), None)
            self._found[text, deep] = whole or (self._from_pattern(text, deep) if deep else None)
        return self._found[text, deep]

    def _from_pattern(self, text: str, deep: int) -> str | None:
        likely = None
        for pattern, values in (found for table in self._tables for found in table.matching(text)):
            told = [self.chinese(value, deep - 1) for value in values]
            untold = [zh is None and " " in value for value, zh in zip(values, told, strict=True)]
            chinese = pattern.chinese.format(*(zh or value for value, zh in zip(values, told, strict=True)))
            if not any(untold):
                return chinese
            if likely is None and (pattern.pieces[0] or not untold[0]):
                likely = chinese
        return likely
