"""What a field takes, as a sentence in both languages."""

import functools

from msgspec import inspect

from infoharbor.edgekit.expectations import Expectations, in_chinese
from infoharbor.edgekit.json_form import describe
from infoharbor.edgekit.languages import Sentence, expected_in_chinese


def told(kind: inspect.Type) -> Sentence:
    english = describe(kind)
    return Sentence(english, in_chinese(english, (_texts(),)) or english)


@functools.cache
def _texts() -> Expectations:
    return Expectations(expected_in_chinese("infoharbor.edgekit"))
