"""`infoharbor contract`: writes a new contract that works, and checks what is written."""

import importlib.resources
import keyword
from pathlib import Path
from string import Template
from typing import Annotated

from cyclopts import App, Parameter

from infoharbor.cli.output import Failure, console, errors, fails_clearly
from infoharbor.contractkit.purity import faults
from infoharbor.kernel.rulefiles import find_contracts

contract = App(name="contract", help="Write and check contracts. 编写与检查合约。")
IN_PROJECT = ("pyproject.toml", "README.md")
"""What stands beside the package; everything else is in it."""


@contract.command
@fails_clearly
def new(name: str, *, folder: Annotated[Path, Parameter(name="--in")] = Path()) -> None:
    """Write a contract that works, in a package of its own. 生成一个可运行的合约（独立软件包）。

    Parameters
    ----------
    name
        Lower-case letters and digits; the contract's name and the package's.
    folder
        Where the package's folder goes; by default here.
    """
    taken = {each.name for each in find_contracts()}
    plain = name.isascii() and name.isalnum() and name.islower() and not keyword.iskeyword(name)
    if not plain or not name[0].isalpha() or name in taken or len(name) > 40:
        raise Failure("cli.contract_name", "name", f"lower-case letters and digits, and not one of {', '.join(sorted(taken))}")
    project = folder / name
    package = project / name
    (package / "words").mkdir(parents=True)
    for source in _templates():
        target = source.removesuffix(".txt")
        base = project if target in IN_PROJECT else package
        file = base / ("test_" + name + ".py" if target == "test_contract.py" else target)
        file.write_text(Template(_read(source)).substitute(name=name), encoding="utf-8")
    console.print(f"{project}\n  next 下一步: pip install -e {project} && pytest {project}", markup=False)


def _templates() -> list[str]:
    top = importlib.resources.files("infoharbor.cli") / "template"
    words = [f"words/{file.name}" for file in (top / "words").iterdir()]
    return sorted([file.name for file in top.iterdir() if file.is_file()] + words)


def _read(source: str) -> str:
    return (importlib.resources.files("infoharbor.cli") / "template" / source).read_text(encoding="utf-8")


@contract.command
@fails_clearly
def check() -> None:
    """Check that the rules of every installed contract are pure and their words complete. 检查已安装合约的规则与文案。"""
    found = []
    for loaded in find_contracts():
        for file, module in loaded.modules.items():
            source = vars(module)["__rules_source__"].decode()
            found += [f"{loaded.name}/{file}.py:{line}: {fault}" for line, fault in faults(source)]
    for fault in found:
        errors.print(fault, markup=False)
    if found:
        raise Failure("cli.impure", "rules", "pure and deterministic rules")
    console.print("pure 规则检查通过", markup=False)
