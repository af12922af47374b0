"""`infoharbor init`: a ledger from flags or from answers, or a folder in which nothing was left."""

import stat
from pathlib import Path

import pytest
from nodes import as_json, infoharbor

GIVEN = {
    "--name": "ledger.example.org",
    "--organisation": "port",
    "--organisation-name": "示例港 Example Port",
    "--country": "CN",
    "--registration": "registry",
    "--number": "EX-0001",
}


def flags(**changes: str) -> list[str]:
    given = GIVEN | {f"--{name}": value for name, value in changes.items()}
    return [part for pair in given.items() for part in pair]


@pytest.mark.parametrize("suite", ["sha256", "sm3"])
def test_flags_found_a_ledger_that_is_audited_clean(suite: str, tmp_path: Path) -> None:
    founded = as_json("init", "--data", "data", "--hash-suite", suite, *flags(), cwd=tmp_path)
    assert as_json("audit", "--data", "data", cwd=tmp_path)["clean"]
    assert as_json("doctor", "--data", "data", cwd=tmp_path)["findings"] == []
    shown = as_json("show", "identity/organisations/port", "--data", "data", cwd=tmp_path)["record"]
    assert (shown["name"], shown["seat"], shown["status"]) == (GIVEN["--organisation-name"], True, "active")
    assert as_json("show", f"identity/users/{founded['user']}", "--data", "data", cwd=tmp_path)["record"]["roles"] == [
        "administrator"
    ]


def test_answers_found_the_same(tmp_path: Path) -> None:
    answers = "\n".join(GIVEN.values()) + "\n"
    founded = as_json("init", "--data", "data", cwd=tmp_path, stdin=answers)
    assert (tmp_path / founded["key"]).is_file()
    as_json("show", "identity/organisations/port", "--data", "data", cwd=tmp_path)


def test_the_administrator_may_bring_a_key(tmp_path: Path) -> None:
    made = as_json("key", "new", "--suite", "sm2", "-o", "mine.json", cwd=tmp_path)
    as_json("init", "--data", "data", "--key", "mine.json", *flags(), cwd=tmp_path)
    record = as_json("show", f"identity/keys/{made['key']}", "--data", "data", cwd=tmp_path)["record"]
    assert record["suite"] == "sm2"


def test_everything_in_the_folder_is_its_owners_alone(tmp_path: Path) -> None:
    infoharbor("init", "--data", "data", *flags(), cwd=tmp_path)
    data = tmp_path / "data"
    for path in (data, data / "secret", *data.glob("keys/**/*")):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        *(({"country": code}, "identity.country", "--country") for code in ("C", "cn", "XX", "ZZ", "UK", "EU", "CHN")),
        ({"registration": "uscc"}, "identity.registration_number", "--number"),
        ({"registration": "lei"}, "identity.registration_number", "--number"),
        ({"organisation": "Port"}, "identity.organisation_id", "--organisation"),
        ({"organisation": "p"}, "input.length", "--organisation"),
        ({"organisation-name": "x" * 201}, "input.length", "--organisation-name"),
        ({"name": "two words"}, "note.key_name", "--name"),
    ],
)
def test_what_is_refused_leaves_nothing_behind(changes: dict[str, str], code: str, field: str, tmp_path: Path) -> None:
    refused = as_json("init", "--data", "data", *flags(**changes), cwd=tmp_path, fails=True)
    assert (refused["code"], refused["field"]) == (code, field)
    assert refused["detail"] != code != refused["detail_zh"]
    assert list(tmp_path.iterdir()) == []


def test_a_question_without_an_answer_is_refused(tmp_path: Path) -> None:
    assert "cli.option_missing (--number)" in infoharbor("init", *flags(number=""), cwd=tmp_path, fails=True).stderr


def test_a_second_ledger_does_not_go_into_the_same_folder(tmp_path: Path) -> None:
    infoharbor("init", "--data", "data", *flags(), cwd=tmp_path)
    assert "node.folder_taken" in infoharbor("init", "--data", "data", *flags(), cwd=tmp_path, fails=True).stderr
    assert "cli.not_a_demo" in infoharbor("run", "--demo", "--data", "data", cwd=tmp_path, fails=True).stderr


def test_a_country_that_there_is_not_asks_for_no_seat_in_a_network(tmp_path: Path) -> None:
    refused = as_json(
        "network", "join", "--organisation", "bank-b", "--organisation-name", "Bank B", "--country", "XX",
        "--number", "1", "--listen", "127.0.0.1:1", cwd=tmp_path, fails=True,
    )  # fmt: skip
    assert (refused["code"], refused["field"]) == ("identity.country", "--country")
    assert list(tmp_path.iterdir()) == []
