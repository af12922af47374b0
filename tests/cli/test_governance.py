"""A next version is proposed and voted by one command that every member types; the how-to's commands and code work."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from documents import blocks
from nodes import Running, as_json, infoharbor, running

from infoharbor.contracts.governance.actions import Propose, SetParameter
from infoharbor.crypto.keyfile import read_key
from infoharbor.sdk.client import Client
from infoharbor.sdk.keys import Signer, id_of

sys.path.insert(0, str(Path(__file__).parents[1] / "engine"))

from lending_versions import NEXT, change, environment, install

ENGLISH, CHINESE = "how-to/upgrade-a-contract.md", "how-to/upgrade-a-contract.zh.md"
FOUND = (
    "init", "--data", "ledger", "--name", "x.example", "--organisation", "port", "--organisation-name", "Port",
    "--country", "CN", "--registration", "registry", "--number", "EX-1",
)  # fmt: skip
VOTE = ("governance", "propose-upgrade", "lending", "--organisation", "port")
KEY = "ledger/keys/port-administrator.json"


def has(installed: Path) -> dict[str, str]:
    """The variable by which a process finds this version."""
    return {"PYTHONPATH": environment(installed)["PYTHONPATH"]}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(tmp_path_factory.mktemp("version-1"), 1)


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(tmp_path_factory.mktemp("version-2"), 2)


@pytest.fixture(scope="module")
def folder(first: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With `ledger`, on which version 1 of `lending` is in force."""
    folder = tmp_path_factory.mktemp("founded")
    infoharbor(*FOUND, cwd=folder, **has(first))
    return folder


@pytest.fixture(scope="module")
def node(first: Path, folder: Path) -> Iterator[Running]:
    """It runs, by the files of version 1."""
    with running("--data", "ledger", cwd=folder, environment=os.environ | has(first)) as node:
        yield node


def shell(document: str) -> list[str]:
    return [line for block in blocks(document) if block.language == "bash" for line in block.text.splitlines()]


def test_an_upgrade_goes_as_the_document_says(first: Path, second: Path, tmp_path: Path) -> None:
    infoharbor(*FOUND, cwd=tmp_path, **has(first))
    said = []
    with running("--data", "ledger", cwd=tmp_path, environment=os.environ | has(first)) as node:
        for command in shell(ENGLISH):
            program, *arguments = command.split()
            assert program == "infoharbor"
            at = ("--url", node.url) if "--key" in arguments else ()
            said.append(infoharbor(*arguments, *at, cwd=tmp_path, **has(second)).stdout)
        assert node.stop() == 0
    warned = infoharbor("doctor", "--data", "ledger", cwd=tmp_path, fails=True, **has(first)).stdout
    assert "lending version 2 has to be installed before" in warned
    infoharbor("doctor", "--data", "ledger", cwd=tmp_path, **has(second))
    checked, rehearsed, voted = said
    assert "lending 2" in checked
    assert "byte for byte" in rehearsed
    assert "lending 1 → 2" in rehearsed
    assert "in force from" in voted
    with running("--data", "ledger", cwd=tmp_path, environment=os.environ | has(second)) as again:
        assert httpx.get(f"{again.url}/v1/status").json()["height"] == 1
        # What the next version brings is offered once it is in force.
        listed = httpx.get(f"{again.url}/contracts/lending").text
        assert "OfferLoan" in listed
        assert "ReportLost" not in listed
        html = {"Accept": "text/html"}
        forms = [httpx.get(f"{again.url}/act/lending/{each}", headers=html) for each in ("OfferLoan", "ReportLost")]
        assert [form.status_code for form in forms] == [200, 422]


def test_both_languages_tell_to_type_the_same() -> None:
    assert shell(ENGLISH) == shell(CHINESE) != []


def test_the_documents_code_is_that_of_the_contract_that_is_tested() -> None:
    files = [file.read_text(encoding="utf-8") for file in NEXT.glob("*.py")]
    quoted = [block.text.strip("\n") for block in blocks(ENGLISH) if block.language == "python"]
    assert len(quoted) == 3
    assert [text for text in quoted if not any(text in file for file in files)] == []


def test_the_proposal_is_printed_for_who_signs_elsewhere(node: Running, folder: Path, second: Path) -> None:
    signer = Signer("port", read_key(folder / KEY))
    document = as_json(*VOTE, cwd=folder, **has(second))
    assert document["actions"][0]["arguments"]["decision"]["version"] == "2"
    answer = httpx.post(f"{node.url}/v1/prepare", json=document | {"keys": [id_of(signer).hex()]})
    assert answer.status_code == 200, answer.text


def test_voted_again_it_stays_as_it_was_voted(node: Running, folder: Path, second: Path) -> None:
    def vote() -> Any:
        return as_json(*VOTE, "--key", KEY, "--url", node.url, cwd=folder, **has(second))

    first = vote()
    assert first["adopted"]
    assert vote() == first


def test_what_is_in_force_needs_no_vote(node: Running, folder: Path, first: Path) -> None:
    refused = infoharbor(*VOTE, "--key", KEY, "--url", node.url, cwd=folder, fails=True, **has(first)).stderr
    assert "cli.version_known" in refused


def test_another_decision_under_the_upgrades_id_gets_no_vote(node: Running, folder: Path, tmp_path: Path) -> None:
    other = install(tmp_path / "other", 2)
    change(other, "actions.py", "30 * DAY", "31 * DAY")
    document = as_json(*VOTE, cwd=folder, **has(other))
    named = document["actions"][0]["arguments"]["id"]
    with Client(node.url, signer=Signer("port", read_key(folder / KEY))) as client:
        client.act(Propose.to(SetParameter("governance.majority_twelfths", 7), id=named, reason="the next version"))
    refused = infoharbor(*VOTE, "--key", KEY, "--url", node.url, cwd=folder, fails=True, **has(other)).stderr
    assert "cli.proposal_other" in refused


def test_a_contract_that_is_not_here_cannot_be_proposed(tmp_path: Path) -> None:
    refused = infoharbor("governance", "propose-upgrade", "nothing", "--organisation", "port", cwd=tmp_path, fails=True)
    assert "cli.contract_missing" in refused.stderr
