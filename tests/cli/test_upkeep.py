"""Who looks after a node is told in both languages what is wrong and what comes next, and about what was typed."""

import re
import sqlite3
from pathlib import Path
from typing import Annotated

import pytest
from cyclopts import Parameter
from nodes import as_json, infoharbor

from infoharbor.cli.network_status import CONDITIONS, NEXT, ROLES, _why
from infoharbor.cli.output import Failure, as_failure, fails_clearly
from infoharbor.cli.upkeep import PARTS
from infoharbor.engine.interface import Refused
from infoharbor.sdk.problems import Problem

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def lines_without_chinese(said: str) -> list[str]:
    return [line for line in said.splitlines() if line.strip() and not CHINESE.search(line)]


def test_every_line_of_looking_after_a_node_is_bilingual(demo: Path) -> None:
    said = [
        infoharbor(*words, cwd=demo).stdout
        for words in (
            ("doctor", "--data", "data"),
            ("audit", "--data", "data"),
            ("backup", "copy", "--data", "data"),
            ("restore", "copy", "--data", "restored"),
            ("readmodel", "rebuild", "--data", "restored"),
        )
    ]
    assert [lines_without_chinese(each) for each in said] == [[]] * len(said)


def test_names_of_parts_roles_conditions_are_bilingual() -> None:
    for words in (PARTS, ROLES, CONDITIONS):
        assert [word for word in words.values() if not CHINESE.search(word)] == []


# What is wrong, and what comes next


def test_the_doctor_says_of_each_finding_what_to_do(demo: Path) -> None:
    (demo / "data/genesis").chmod(0o644)
    (demo / "data").chmod(0o755)
    said = infoharbor(
        "doctor", "--data", "data", "--url", "postgresql://nobody@127.0.0.1:1/none", cwd=demo, fails=True
    ).stdout
    assert "data: others can read it; chmod go-rwx 其他用户可读，请收回其权限" in said
    assert "read model SQL 镜像: check --readmodel-url and the database 请检查地址与数据库: " in said
    assert lines_without_chinese(said) == []


def test_an_audit_of_a_mirror_that_differs_says_that_it_is_made_again(demo: Path) -> None:
    mirror = sqlite3.connect(demo / "data/readmodel.sqlite")
    mirror.execute("DELETE FROM identity__organisations")
    mirror.commit()
    mirror.close()
    said = infoharbor("audit", "--data", "data", cwd=demo, fails=True).stdout
    assert "state 状态: clean 无异常\n" in said
    assert "next 下一步: infoharbor readmodel rebuild" in said
    infoharbor("readmodel", "rebuild", "--data", "data", cwd=demo)
    assert "next" not in infoharbor("audit", "--data", "data", cwd=demo).stdout


def test_a_mirror_that_cannot_be_used_does_not_keep_the_ledger_from_its_audit(demo: Path) -> None:
    (demo / "data/readmodel.sqlite").write_text("this is no database, and never was one")
    for leftover in (demo / "data").glob("readmodel.sqlite-*"):
        leftover.unlink()
    audited = as_json("audit", "--data", "data", cwd=demo, fails=True)
    assert audited["replay"] == audited["state"] == []
    assert len(audited["read_model"]) == 1
    assert "next" not in infoharbor("audit", "--data", "data", cwd=demo, fails=True).stdout
    refused = as_json("readmodel", "rebuild", "--data", "data", cwd=demo, fails=True)
    assert (refused["code"], refused["field"]) == ("readmodel.unusable", "--readmodel-url")
    assert refused["detail_zh"] != refused["code"] != refused["detail"]


@pytest.mark.parametrize("condition", NEXT)
def test_a_node_that_stands_is_told_with_what_comes_next(condition: str) -> None:
    node = {"name": "member-1", "condition": condition, "reason": "why", "data": "net/nodes/member-1"}
    why, coming = _why(node)
    assert why == f"member-1 {CONDITIONS[condition]}: why"
    assert coming.startswith("  next 下一步: ")
    assert "{" not in coming


# What was typed


def test_restore_names_the_folder_that_was_typed(demo: Path) -> None:
    refused = as_json("restore", "nowhere", "--data", "restored", cwd=demo, fails=True)
    assert (refused["code"], refused["field"]) == ("node.no_ledger", "nowhere")
    assert not (demo / "restored").exists()
    infoharbor("backup", "copy", "--data", "data", cwd=demo)
    refused = as_json("restore", "copy", "--data", "data", cwd=demo, fails=True)
    assert (refused["code"], refused["field"]) == ("node.target_not_empty", "--data")


def test_a_folder_without_a_ledger_is_named_by_its_option(tmp_path: Path) -> None:
    assert as_json("doctor", "--data", "none", cwd=tmp_path, fails=True)["field"] == "--data"


Renamed = Annotated[str, Parameter(name=["--from", "-f"])]


@pytest.mark.parametrize(
    ("field", "typed"),
    [("log_key", "--log-key"), ("source", "--from"), ("file", "file"), ("actions[0].by", "actions[0].by"), ("", "")],
)
def test_a_refusal_names_an_option_as_it_is_typed(field: str, typed: str) -> None:
    @fails_clearly
    def command(file: str, *, log_key: str = "", source: Renamed = "") -> None:
        raise Refused("node.no_ledger", field, file + log_key + source)

    with pytest.raises(Failure) as refused:
        command("x")
    assert refused.value.field == typed


def test_a_gateway_s_fields_are_not_taken_for_options() -> None:
    @fails_clearly
    def command(*, key: str = "") -> None:
        raise Problem("ledger.malformed", field="key", expected=key)

    with pytest.raises(Failure) as refused:
        command()
    assert refused.value.field == "key"


def test_another_library_s_code_is_no_refusal_of_ours() -> None:
    class Foreign(Exception):
        code = "e3q8"

    assert as_failure(Foreign()) is None
