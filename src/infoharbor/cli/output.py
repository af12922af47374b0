"""How commands speak: results on standard output, refusals on standard error, both as JSON where asked."""

import functools
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from infoharbor.edgekit.languages import Words
from infoharbor.kernel.activation import Inactive
from infoharbor.kernel.registry import Registry, installed_registry
from infoharbor.kernel.rulefiles import BrokenContract

Given = ParamSpec("Given")
Answer = TypeVar("Answer")

Data = Annotated[Path, Parameter(name="--data", env_var="INFOHARBOR_DATA", help="The node's data folder. 节点数据目录。")]
AsJson = Annotated[bool, Parameter(name="--json", negative=(), help="Answer as JSON. 以 JSON 输出。")]
DEFAULT_DATA = Path("data")

errors = Console(stderr=True, highlight=False, soft_wrap=True)
console = Console(highlight=False, soft_wrap=True)


class Failure(Exception):
    """A command that could not do what was asked: a stable code, the field, and what would be right."""

    def __init__(self, code: str, field: str = "", expected: str = "", *, as_json: bool = False) -> None:
        super().__init__(code)
        self.code, self.field, self.expected, self.as_json = code, field, expected, as_json

    def print(self) -> None:
        sentence = _words().refusal(self.code)
        if self.as_json:
            parts = {"code": self.code, "field": self.field, "expected": self.expected}
            print(json.dumps({**parts, "detail": sentence.en, "detail_zh": sentence.zh}, ensure_ascii=False))
            return
        place = f" ({self.field})" if self.field else ""
        errors.print(f"[bold red]{self.code}[/]{place}", markup=True)
        if sentence.en != self.code:
            errors.print(f"  {sentence.en}\n  {sentence.zh}", markup=False)
        if self.expected:
            errors.print(f"  expected 应为: {self.expected}", markup=False)


def _words() -> Words:
    """Every sentence there is; without those of contracts if one of them cannot be loaded."""
    try:
        return Words(installed_registry())
    except BrokenContract:
        return Words(Registry([]))


def fails_clearly(command: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """Turns whatever refuses into a `Failure`: everything of ours that refuses has a code, a field and an expectation."""

    @functools.wraps(command)
    def run(*given: Given.args, **named: Given.kwargs) -> Answer:
        as_json = bool(named.get("as_json", False))
        try:
            return command(*given, **named)
        except Failure:
            raise
        except FileNotFoundError as missing:
            raise Failure("cli.file_missing", str(missing.filename), "a file that is there", as_json=as_json) from None
        except FileExistsError as there:
            raise Failure("cli.file_exists", str(there.filename), "a name that is not taken", as_json=as_json) from None
        except OSError as fault:
            place = str(fault.filename or "")
            raise Failure("cli.system", place, fault.strerror or str(fault), as_json=as_json) from None
        except Inactive as inactive:
            raise Failure("cli.rules_differ", "contracts", str(inactive), as_json=as_json) from None
        except Exception as refusal:
            code = getattr(refusal, "code", None)
            if not isinstance(code, str):
                raise
            field, expected = getattr(refusal, "field", ""), getattr(refusal, "expected", "")
            raise Failure(code, str(field), str(expected), as_json=as_json) from None

    return run


def answer(value: Any, *, as_json: bool, text: str) -> None:
    """Print the answer: as JSON, or as the text that a person reads."""
    if as_json:
        sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
    else:
        console.print(text, markup=False)


@contextmanager
def progress(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on standard error for long work; call the given function with how much is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done: bar.update(task, completed=done)
