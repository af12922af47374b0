"""A command line that is not understood is refused like anything else: a code, the word, and what would be right."""

import json

import pytest

from infoharbor.cli.addresses import ensure_port
from infoharbor.cli.main import main
from infoharbor.cli.output import Failure, plain


@pytest.mark.parametrize(
    ("words", "code", "field", "expected"),
    [
        (["shw"], "cli.command_unknown", "shw", "show"),
        (["key", "xyz"], "cli.command_unknown", "xyz", "see infoharbor key --help"),
        (["run", "--datta", "x"], "cli.option_unknown", "--datta", "--data"),
        (["show"], "cli.option_missing", "PATH", "see infoharbor show --help"),
        (["verify", "evidence.json"], "cli.option_missing", "--trust", "see infoharbor verify --help"),
        (["prove", "a/b/c", "-o"], "cli.option_missing", "-o", "see infoharbor prove --help"),
        (["key", "new", "--suite", "rsa"], "cli.option_value", "--suite", "ed25519, p256, sm2, ml-dsa-44"),
        (["init", "--registration", "x"], "cli.option_value", "--registration", "uscc, lei, registry"),
        (["network", "set-seat", "port", "--attempt", "0"], "cli.option_value", "--attempt", "Must be >= 1."),
        (["run", "--port", "abc"], "cli.option_value", "--port", "a whole number"),
    ],
)
def test_a_misuse_names_the_word_and_what_would_be_right(
    words: list[str],
    code: str,
    field: str,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.argv", ["infoharbor", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    said = capsys.readouterr().err.splitlines()
    assert said[0] == f"{code} ({field})"
    assert said[1].isascii()
    assert not said[2].isascii()
    assert said[3] == f"  expected 应为: {expected}"
    chinese = "整数" if expected == "a whole number" else expected.replace("see ", "见 ")
    assert said[4:] == ([] if chinese == expected else [f"    {chinese}"])


def test_a_misuse_is_json_where_json_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["infoharbor", "show", "a", "b", "--json"])
    with pytest.raises(SystemExit):
        main()
    assert json.loads(capsys.readouterr().out)["code"] == "cli.usage"


def test_brackets_in_what_was_typed_are_said_as_they_stand(capsys: pytest.CaptureFixture[str]) -> None:
    Failure("ledger.record_unknown", "[/bold]").print()
    assert capsys.readouterr().err.startswith("ledger.record_unknown ([/bold])\n")


def test_a_value_stays_on_its_line_and_cannot_steer_the_terminal() -> None:
    assert [plain(each) for each in ("六堡茶 tea", True, ["茶"])] == ["六堡茶 tea", "true", '["茶"]']
    assert plain("a\nPROVED") == '"a\\nPROVED"'
    assert plain(["\u202e\x9b"]) == '["\\u202e\\u009b"]'


def test_a_port_that_no_machine_has_is_refused() -> None:
    with pytest.raises(Failure) as refused:
        ensure_port("127.0.0.1", 70_000)
    assert (refused.value.code, refused.value.field, refused.value.expected) == ("cli.port", "--port", "0 to 65535")
