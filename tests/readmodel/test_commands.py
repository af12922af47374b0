"""The commands that look after a mirror, with its database given by a URL."""

import contextlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sql

sys.path.insert(0, str(Path(__file__).parent.parent / "gateway"))

from node import found

from infoharbor.cli.addresses import ensure_public_url
from infoharbor.cli.main import app
from infoharbor.cli.output import Failure
from infoharbor.edgekit.cast import Cast
from infoharbor.engine.lifecycle import open_engine

Fresh = Callable[[], sql.Engine]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ledger") / "data"
    found(folder, Cast(b"mirror"))
    open_engine(folder, workers=0).close()
    return folder


def run(capsys: pytest.CaptureFixture[str], *words: object, fails: bool = False) -> Any:
    capsys.readouterr()
    try:
        app([*map(str, words), "--json"], result_action="return_value")
        assert not fails
    except SystemExit:
        assert fails
    return json.loads(capsys.readouterr().out)


def test_a_mirror_is_made_and_audited_in_the_database_that_is_named(
    data: Path, fresh: Fresh, capsys: pytest.CaptureFixture[str]
) -> None:
    database = fresh()
    url = database.url.render_as_string(hide_password=False)
    assert run(capsys, "readmodel", "rebuild", "--data", data, "--url", url) == {"height": 0}
    assert run(capsys, "audit", "--data", data, "--readmodel-url", url)["clean"]
    with database.begin() as connection:
        connection.exec_driver_sql("UPDATE identity__organisations SET name = 'x' WHERE id = 'bank'")
    audited = run(capsys, "audit", "--data", data, "--readmodel-url", url, fails=True)
    assert audited["read_model"] == ["identity/organisations/bank"]
    assert not [each for each in _doctor(capsys, data, url) if "read model" in each]


@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:1/none", "sqlite:////nowhere/at/all.sqlite"])
def test_the_doctor_names_a_database_that_is_away(data: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    (finding,) = (each for each in _doctor(capsys, data, url) if "read model" in each)
    assert "SQL 镜像: check --readmodel-url" in finding


def _doctor(capsys: pytest.CaptureFixture[str], data: Path, url: str) -> list[str]:
    capsys.readouterr()
    with contextlib.suppress(SystemExit):
        app(["doctor", "--data", str(data), "--readmodel-url", url, "--json"], result_action="return_value")
    findings: list[str] = json.loads(capsys.readouterr().out)["findings"]
    return findings


def test_a_public_url_is_an_origin() -> None:
    for url in ("", "https://ledger.example", "http://127.0.0.1:8600/"):
        ensure_public_url(url)
    for url in ("ledger.example", "ftp://x", "https://x/path", "https://x?q", "https://u@x", "https://"):
        with pytest.raises(Failure) as refused:
            ensure_public_url(url)
        assert (refused.value.code, refused.value.field) == ("cli.public_url", "--public-url")
