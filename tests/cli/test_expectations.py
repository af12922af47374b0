"""What would be right, as people read it: in Chinese beside the English, values untouched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infoharbor.edgekit.expectations import Expectations, in_chinese
from infoharbor.edgekit.languages import Words
from infoharbor.kernel.registry import installed_registry

WORDS = Words(installed_registry())
FREE = st.text(max_size=300)


def shown(text: str, code: str = "input.length") -> str:
    return WORDS.expected(code, text).zh


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("at most 200 bytes", "最多 200 字节"),
        ("rows that are taken, or proceed=true", "各行均可接收，或 proceed=true"),
        ("an integer from 0 to 5, or null", "0 至 5 的整数，或 null"),
        ("csv or xlsx or pdf", "csv 或 xlsx 或 pdf"),
        ("for this body text/csv or application/json", "此请求内容应为 text/csv 或 application/json"),
    ],
)
def test_a_text_is_shown_in_chinese_with_its_values(english: str, chinese: str) -> None:
    assert shown(english) == chinese
    assert WORDS.expected("input.length", english).en == english


@pytest.mark.parametrize(
    "data", ["", "7", "CNY", "wuzhou-tea", "2026-01-01", "六堡茶", "^[a-z]+$", "ab" * 32, "{} {0}"]
)
def test_data_stands_as_it_is(data: str) -> None:
    assert shown(data) == data


@pytest.mark.parametrize("said", ["No such file or directory", "connection refused by peer in time"])
def test_what_another_program_says_is_not_put_into_chinese_by_its_middle(said: str) -> None:
    assert shown(said) == said


@given(FREE)
def test_any_text_can_be_shown(text: str) -> None:
    assert isinstance(shown(text), str)


@given(st.lists(st.sampled_from([" or ", " in ", "at most ", ", or null", "a", " bytes", ": ", "not "]), max_size=400))
def test_a_long_text_of_our_own_pieces_is_shown_too(pieces: list[str]) -> None:
    assert isinstance(shown("".join(pieces)), str)


@given(st.text("abc{}01 ", min_size=1, max_size=20))
def test_a_value_is_shown_as_it_is_whatever_it_holds(value: str) -> None:
    assert (
        in_chinese(f"at most {value} bytes", (Expectations({"at most {} bytes": "最多 {} 字节"}),))
        == f"最多 {value} 字节"
    )


def test_a_contract_s_own_text_goes_before_ours() -> None:
    own, ours = Expectations({"another {}": "另一{}"}), Expectations({"another {}": "其他{}", "a {} c": "甲{}丙"})
    assert in_chinese("another x", (own, ours)) == "另一x"
    assert in_chinese("a b c", (own, ours)) == "甲b丙"


def test_chinese_may_name_the_values_in_another_order() -> None:
    assert in_chinese("a of b", (Expectations({"{} of {}": "{1} 的 {0}"}),)) == "b 的 a"
