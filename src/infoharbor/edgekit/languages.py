"""The sentences that people read, in Chinese and English, from the words files of the contracts and our own."""

import functools
import importlib.resources
import inspect
import json
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from infoharbor.edgekit.expectations import Expectations, in_chinese
from infoharbor.kernel.actions import ActionType
from infoharbor.kernel.records import RecordType
from infoharbor.kernel.registry import Registry

LANGUAGES: Final = ("en", "zh")
OWN_WORDS: Final = (
    "infoharbor.kernel",
    "infoharbor.crypto",
    "infoharbor.evidence",
    "infoharbor.edgekit",
    "infoharbor.vault",
)
"""The packages whose words explain the refusals of the ledger itself, of its proofs, of its doors and its tools."""
ABOUT: Final = ("tables", "actions")
"""Of which parts of a contract the docstrings are told in Chinese, each in a file of its own."""
SAYING: Final = tuple(
    f"infoharbor.{layer}"
    for layer in (
        "crypto", "kernel", "evidence", "contractkit", "edgekit", "engine", "simulation", "vault", "readmodel", "sdk",
        "gateway", "portal", "cli",
    )
)  # fmt: skip
"""The packages that say what would be right, each with the Chinese of it in `words/expected.zh.json`, the lowest first."""


class Sentence(NamedTuple):
    """One text in both languages."""

    en: str
    zh: str

    def to(self, language: str) -> str:
        return self.zh if language == "zh" else self.en


class Words:
    """The texts of every contract of a registry, by language, contract, part and key."""

    def __init__(self, registry: Registry) -> None:
        self._refusals: dict[str, dict[str, str]] = {language: {} for language in LANGUAGES}
        for package in OWN_WORDS:
            for language in LANGUAGES:
                self._refusals[language] |= read_words(package, language).get("refusals", {})
        self._contracts = {
            name: {language: read_words(contract.package, language) for language in LANGUAGES}
            for name, contract in registry.contracts.items()
        }
        self._packages = {name: contract.package for name, contract in registry.contracts.items()}
        self._about = {name: about_in_chinese(contract.package) for name, contract in registry.contracts.items()}
        for name, languages in self._contracts.items():
            for language, words in languages.items():
                for code, sentence in words.get("refusals", {}).items():
                    self._refusals[language][code if "." in code else f"{name}.{code}"] = sentence

    def refusal(self, code: str) -> Sentence:
        """What a refusal's code says; the code itself where nobody has written a sentence."""
        return Sentence(*(self._refusals[language].get(code, code) for language in LANGUAGES))

    def has_refusal(self, code: str) -> bool:
        return all(code in self._refusals[language] for language in LANGUAGES)

    def expected(self, code: str, text: str) -> Sentence:
        """What would be right, as a refusal of this code says it in English; data stands as it is in both languages."""
        own = code.partition(".")[0]
        own_first = sorted(self._expectations, key=lambda name: name != own)
        return Sentence(text, in_chinese(text, tuple(self._expectations[name] for name in own_first)) or text)

    @functools.cached_property
    def _expectations(self) -> dict[str, Expectations]:
        """Our own texts, and those of each contract by its name; read when somebody is shown one."""
        contracts = {name: Expectations(expected_in_chinese(package)) for name, package in self._packages.items()}
        return {"": Expectations(ours_in_chinese())} | contracts

    def text(self, contract: str, part: str, key: str = "") -> Sentence:
        """A contract's `title` or `about`, or the text of `key` in its `tables`, `fields`, `statuses` or `actions`."""
        return Sentence(*(self._text(contract, language, part, key) for language in LANGUAGES))

    def status(self, contract: str, status: str) -> Sentence:
        """The text of a status: of `KIND.STATUS`, where statuses of several kinds are called so and differ, or of itself."""
        own = f"{type(status).__name__}.{status}"
        found = self.text(contract, "statuses", own)
        return found if found != Sentence(own, own) else self.text(contract, "statuses", str(status))

    def about(self, kind: ActionType | RecordType) -> Sentence:
        """What an action does or a table keeps: its docstring; in English too where nobody has put it into Chinese."""
        part, name = ("actions", kind.name) if isinstance(kind, ActionType) else ("tables", kind.table)
        english = inspect.cleandoc(kind.of.__doc__ or "")
        return Sentence(english, self._about[kind.contract][part].get(name, english))

    def _text(self, contract: str, language: str, part: str, key: str) -> str:
        words = self._contracts.get(contract, {}).get(language, {})
        found = words.get(part, {})
        return str(found.get(key, key) if isinstance(found, dict) else found)


def about_in_chinese(package: str) -> dict[str, dict[str, str]]:
    """What a contract's tables and actions are, by part and name, from `words/PART.zh.json`."""
    return {part: read_words(package, f"{part}.zh").get("about", {}) for part in ABOUT}


def expected_in_chinese(package: str) -> dict[str, str]:
    """What the refusals of a package say would be right, by the English text with `{}` for each value."""
    texts: dict[str, str] = read_words(package, "expected.zh").get("expected", {})
    return texts


def ours_in_chinese() -> dict[str, str]:
    """The same of all our own packages but the contracts."""
    return {text: chinese for package in SAYING for text, chinese in expected_in_chinese(package).items()}


@functools.cache
def read_words(package: str, language: str) -> dict[str, Any]:
    """A package's words file; empty if it has none."""
    file = importlib.resources.files(package) / "words" / f"{language}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def preferred(accept_language: str, offered: Iterable[str] = LANGUAGES) -> str:
    """The best of the offered languages for an Accept-Language header (RFC 9110, 12.5.4); English if none fits."""
    offers = tuple(offered)
    weighed = []
    for place, part in enumerate(accept_language[:200].split(",")):
        tag, _, parameter = part.strip().lower().partition(";")
        weight = parameter.strip().removeprefix("q=") if parameter else "1"
        language = tag.partition("-")[0]
        if language in offers and weight not in ("0", "0.0", "0.00", "0.000"):
            weighed.append((weight, -place, language))
    return max(weighed)[2] if weighed else "en"
