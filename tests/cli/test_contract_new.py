"""`infoharbor contract new` writes a contract that works, and the tutorial explains it without a line of its own."""

import shutil
import subprocess
from pathlib import Path
from string import Template

import pytest
from documents import blocks
from environments import Environment
from nodes import free_port, infoharbor

from infoharbor.cli.contracts import templates
from infoharbor.edgekit.languages import Words
from infoharbor.kernel.registry import installed_registry

EXPLAINED = ("records.py", "actions.py", "demo.py", "test_lending.py")
WAIT_S = 280


def written() -> dict[str, str]:
    """The generated files, by the names that the tutorial gives them."""
    named = {name.replace("test_contract", "test_lending"): text for name, text in templates().items()}
    return {f"lending/{name}": Template(text).substitute(name="lending") for name, text in named.items()}


def explained() -> dict[str, list[str]]:
    """The tutorial's blocks that quote a generated file, by file, in order."""
    found: dict[str, list[str]] = {}
    for block in blocks("tutorial.md"):
        if block.file in written() and ", added" not in block.text.partition("\n")[0]:
            found.setdefault(block.file, []).append(block.body.strip("\n"))
    return found


@pytest.mark.parametrize("name", EXPLAINED)
def test_the_tutorial_quotes_every_line_of_what_is_generated(name: str) -> None:
    generated = written()[f"lending/{name}"]
    quoted = explained()[f"lending/{name}"]
    assert [part for part in quoted if part not in generated] == []
    lines = [line for part in quoted for line in part.splitlines() if line]
    assert lines == [line for line in generated.splitlines() if line]


def test_a_name_that_cannot_be_a_package_is_refused(tmp_path: Path) -> None:
    for name in ("Loans", "my-loans", "2loans", "class", "x" * 41, "trace", "json"):
        assert "cli.contract_name" in infoharbor("contract", "new", name, cwd=tmp_path, fails=True).stderr
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    infoharbor("contract", "new", "lending", cwd=tmp_path)
    assert "cli.file_exists" in infoharbor("contract", "new", "lending", cwd=tmp_path, fails=True).stderr


@pytest.mark.timeout(WAIT_S * 2)
def test_the_tutorial_works_as_it_stands(tmp_path: Path) -> None:
    """From `contract new` over portal and proof to a rule that was changed by vote."""
    environment, port = Environment(tmp_path / "environment"), free_port()
    environment.install("--editable", Path(__file__).parents[2])
    install = "python -m pip install --quiet --no-deps --no-index --no-build-isolation -e lending"
    script = ["set -eum", "trap 'kill $(jobs -p); wait' EXIT"]
    for block in blocks("tutorial.md"):
        text = block.body.replace("127.0.0.1:8600", f"127.0.0.1:{port}")
        if block.language == "bash":
            text = text.replace("pip install -e lending", install).replace("pytest lending", "python -m pytest lending")
            script.append(text.replace("infoharbor run ", f"infoharbor run --port {port} "))
            if "contract check" in text:
                script.append("infoharbor contract check > lacking.txt || true")
        elif block.file == "lending/actions.py" and ", added" in block.text.partition("\n")[0]:
            (tmp_path / "added.py").write_text(text, encoding="utf-8")
            script.append("{ echo; echo; cat added.py; } >> lending/lending/actions.py")
        elif block.file in ("lend.py", "vote.py"):
            (tmp_path / block.file).write_text(text, encoding="utf-8")
    page = f"http://127.0.0.1:{port}/records/lending/loans/crane-1"
    script.append(f"curl --silent --fail {page} > page.html")
    with (tmp_path / "output.txt").open("w") as output:
        done = subprocess.run(
            ["bash", "-c", "\n".join(script)], cwd=tmp_path, env=environment.variables, stdout=output, stderr=output,
            timeout=WAIT_S, check=False,
        )  # fmt: skip
    said = (tmp_path / "output.txt").read_text()
    assert done.returncode == 0, said
    assert "PROVED" in said
    lacking = (tmp_path / "lacking.txt").read_text()
    assert "too_long" in lacking
    assert [line for line in lacking.splitlines() if "expected.zh.json" in line] == [
        "lending: words/expected.zh.json: expected has no at most a year ahead"
    ]
    assert "crane-1" in (tmp_path / "page.html").read_text()


def test_a_contract_that_is_gone_or_broken_is_named(tmp_path: Path) -> None:
    environment = Environment(tmp_path / "environment")
    environment.install("--editable", Path(__file__).parents[2])
    infoharbor("contract", "new", "lending", cwd=tmp_path)
    environment.install("--editable", tmp_path / "lending")
    actions = tmp_path / "lending/lending/actions.py"
    actions.write_text(actions.read_text().replace("class OfferLoan(Action)", "class OfferLoan(Action"))
    check = [environment.program("infoharbor"), "contract", "check"]

    def ensure_named() -> None:
        done = subprocess.run(check, env=environment.variables, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 1
        assert "contract.broken (lending)" in done.stderr
        assert Words(installed_registry()).refusal("contract.broken").zh in done.stderr

    ensure_named()
    shutil.rmtree(tmp_path / "lending")
    ensure_named()
