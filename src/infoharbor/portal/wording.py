"""The portal's own texts, in every language that it speaks."""

import functools
from collections.abc import Mapping
from typing import Any, Final

from infoharbor.edgekit.languages import LANGUAGES, Sentence, preferred, read_words

PUBLIC_LANGUAGES: Final = (*LANGUAGES, "vi")
"""The languages of the pages that buyers and shoppers read."""
LANGUAGE_NAMES: Final = {"en": "English", "zh": "中文", "vi": "Tiếng Việt"}
COOKIE: Final = "lang"


class Texts:
    """The portal's texts in one language; a page that asks for one that is not there fails."""

    def __init__(self, language: str, words: Mapping[str, Any], vocabulary: Mapping[str, str]) -> None:
        self.language, self._words, self._vocabulary = language, words, vocabulary

    def __call__(self, key: str, **values: object) -> str:
        text: str = self._words["texts"][key]
        return text.format(**values) if values else text

    def word(self, part: str, key: str) -> str:
        """The word for a code of a standard; a code that nobody has a word for is shown as it is."""
        found: str = self._words[part].get(key, key.replace("_", " "))
        return found

    def epcis(self, code: str) -> str:
        """The word for a business step or disposition of EPCIS, else the code."""
        return self._vocabulary.get(code, code)

    def sentence(self, sentence: Sentence) -> str:
        """A contract's text; where the contracts do not speak the language, in English."""
        return sentence.to(self.language)


@functools.cache
def texts_in(language: str) -> Texts:
    """The texts in one of `PUBLIC_LANGUAGES`."""
    vocabulary = read_words("infoharbor.contracts.trace", language)["codes"]
    return Texts(language, read_words("infoharbor.portal", language), vocabulary)


def chosen(asked: str, kept: str, accepted: str, offered: tuple[str, ...]) -> str:
    """The reader's language: what the address asks for, else what was chosen before, else what the browser prefers."""
    for wish in (asked, kept):
        if wish in offered:
            return wish
    return preferred(accepted, offered)
