"""`infoharbor contract`: writes a new contract that works, and checks what is written."""

import importlib.resources
import importlib.util
import keyword
from pathlib import Path
from string import Template
from typing import Annotated

from cyclopts import Parameter

from infoharbor.cli.anatomy import complaint_in_chinese, lacking
from infoharbor.cli.command_group import command_group
from infoharbor.cli.output import AsJson, Failure, answer, console, fails_clearly
from infoharbor.kernel.registry import installed_registry
from infoharbor.kernel.rulefiles import contract_packages

contract = command_group("contract", help="Write and check contracts. 编写与检查合约。")
IN_PROJECT = ("pyproject.toml", "README.md")
"""What stands beside the package; everything else is in it."""
NAME_LENGTH = 40


@contract.command
@fails_clearly
def new(name: str, *, folder: Annotated[Path, Parameter(name="--in")] = Path()) -> None:
    """Write a contract that works, in a package of its own. 生成一个可运行的合约（独立软件包）。

    Parameters
    ----------
    name
        Lower-case letters and digits; the contract's name and the package's. 合约与软件包的名称：小写字母与数字。
    folder
        Where the package's folder goes; by default here. 软件包目录的位置；默认为当前目录。
    """
    _ensure_free(name)
    project = folder / name
    if project.exists():
        raise Failure("cli.file_exists", str(project), "a folder that is not there yet")
    package = project / name
    (package / "words").mkdir(parents=True)
    for source, text in templates().items():
        base = project if source in IN_PROJECT else package
        file = base / source.replace("test_contract", f"test_{name}")
        file.write_text(Template(text).substitute(name=name), encoding="utf-8")
    console.print(f"{project}\n  next 下一步: pip install -e {project} && pytest {project}", markup=False)


def _ensure_free(name: str) -> None:
    plain = name.isascii() and name.isalnum() and name.islower() and name[0].isalpha() and len(name) <= NAME_LENGTH
    if not plain or keyword.iskeyword(name):
        raise Failure(
            "cli.contract_name", "name", f"at most {NAME_LENGTH} lower-case letters and digits, a letter first"
        )
    if name in contract_packages() or importlib.util.find_spec(name) is not None:
        raise Failure(
            "cli.contract_name", "name", f"a name that no contract and no Python package has; {name} is taken"
        )


def templates() -> dict[str, str]:
    """What is written, by file; `$name` stands for the contract's name."""
    top = importlib.resources.files("infoharbor.cli") / "template"
    found = {file.name: file for file in top.iterdir() if file.is_file()}
    found |= {f"words/{file.name}": file for file in (top / "words").iterdir()}
    return {name.removesuffix(".txt"): file.read_text(encoding="utf-8") for name, file in sorted(found.items())}


@contract.command
@fails_clearly
def check(*, as_json: AsJson = False) -> None:
    """Check every installed contract: rules pure, words complete; prints the rules' hashes. 检查已安装合约的规则与文案。"""
    registry = installed_registry()
    found = [
        {
            "contract": each.name,
            "version": each.version,
            "rules": each.rules_hash.hex(),
            "lacking": (complaints := list(lacking(each, registry))),
            "lacking_zh": [complaint_in_chinese(complaint) for complaint in complaints],
        }
        for each in registry.contracts.values()
    ]
    lines = [f"{each['contract']} {each['version']}  {each['rules']}" for each in found]
    lines += [
        f"{each['contract']}: {complaint}\n    {chinese}"
        for each in found
        for complaint, chinese in zip(each["lacking"], each["lacking_zh"], strict=True)  # type: ignore[call-overload]
    ]
    answer({"contracts": found}, as_json=as_json, text="\n".join(lines))
    if any(each["lacking"] for each in found):
        raise SystemExit(1)
