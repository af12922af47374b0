"""How commands speak: results on standard output, refusals on standard error, both as JSON where asked."""

import functools
import inspect
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
from infoharbor.sdk.problems import Problem

Given = ParamSpec("Given")
Answer = TypeVar("Answer")

Data = Annotated[
    Path, Parameter(name="--data", env_var="INFOHARBOR_DATA", help="The node's data folder. 节点数据目录。")
]
AsJson = Annotated[bool, Parameter(name="--json", negative=(), help="Answer as JSON. 以 JSON 输出。")]
ReadmodelUrl = Annotated[
    str,
    Parameter(
        name=["--readmodel-url", "--url"],
        env_var="INFOHARBOR_READMODEL_URL",
        help="The SQL mirror's database, such as postgresql://user@host/name; by default SQLite in the data folder. "
        "SQL 镜像的数据库地址，默认为数据目录中的 SQLite。",
    ),
]
Token = Annotated[
    str, Parameter(name="--token", env_var="INFOHARBOR_TOKEN", help="A bearer token of the gateway. 网关访问令牌。")
]
GATEWAY = "http://127.0.0.1:8600"
GatewayUrl = Annotated[str, Parameter(name="--url", help="The gateway's address. 网关地址。")]
OwnGatewayUrl = Annotated[str, Parameter(name="--url", help="The gateway of one's own node. 本机构节点的网关。")]
DEFAULT_DATA = Path("data")

errors = Console(stderr=True, highlight=False, soft_wrap=True)
console = Console(highlight=False, soft_wrap=True)


class Failure(Exception):
    """A command that could not do what was asked: a stable code, the field, and what would be right."""

    as_json = False

    def __init__(self, code: str, field: str = "", expected: str = "") -> None:
        super().__init__(code)
        self.code, self.field, self.expected = code, field, expected

    def print(self) -> None:
        words = _words()
        sentence, expected = words.refusal(self.code), words.expected(self.code, self.expected)
        if self.as_json:
            parts = {"code": self.code, "field": self.field, "expected": expected.en, "expected_zh": expected.zh}
            print(json.dumps({**parts, "detail": sentence.en, "detail_zh": sentence.zh}, ensure_ascii=False))
            return
        errors.print(self.code, style="bold red", markup=False, end="")
        errors.print(f" ({self.field})" if self.field else "", markup=False)
        if sentence.en != self.code:
            errors.print(f"  {sentence.en}\n  {sentence.zh}", markup=False)
        if self.expected:
            errors.print(f"  expected 应为: {expected.en}", markup=False)
        if expected.zh != expected.en:
            errors.print(f"    {expected.zh}", markup=False)


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
        try:
            return command(*given, **named)
        except Exception as fault:
            failure = as_failure(fault)
            if failure is None:
                raise
            if not isinstance(fault, Failure | Problem):  # A gateway's fields are the action's, not the command's.
                failure.field = _as_typed(command, failure.field)
            failure.as_json = bool(named.get("as_json", False))
            raise failure from None

    return run


def _as_typed(command: Callable[..., Any], field: str) -> str:
    """The option's own name where a field is an option of the command; else the field."""
    parameter = inspect.signature(command).parameters.get(field)
    if parameter is None or parameter.kind is not parameter.KEYWORD_ONLY:
        return field
    told = [each for each in getattr(parameter.annotation, "__metadata__", ()) if isinstance(each, Parameter)]
    names = [name for each in told for name in each.name or ()]
    return names[0] if names else f"--{field.replace('_', '-')}"


def as_failure(fault: Exception) -> Failure | None:
    """None for an error of our own, whose traceback is what there is to report."""
    code = getattr(fault, "code", None)
    match fault:
        case Failure():
            return fault
        case _ if isinstance(code, str) and "." in code:  # Other libraries have codes of their own, without a dot.
            return Failure(code, str(getattr(fault, "field", "")), str(getattr(fault, "expected", "")))
        case FileNotFoundError():
            return Failure("cli.file_missing", str(fault.filename), "a file that is there")
        case FileExistsError():
            return Failure("cli.file_exists", str(fault.filename), "a name that is not taken")
        case Inactive():
            return Failure("node.rules_differ", "contracts", str(fault))
        case OSError():
            return Failure("cli.system", str(fault.filename or ""), fault.strerror or str(fault))
    return None


def answer(value: Any, *, as_json: bool, text: str) -> None:
    """Print the answer: as JSON, or as the text that a person reads."""
    if as_json:
        sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
    else:
        console.print(text, markup=False)


def plain(value: Any) -> str:
    """A field's value on one line: a text as it stands, anything else as JSON. What would begin a line or steer the terminal
    is escaped: the value may be a stranger's."""
    if isinstance(value, str) and value.isprintable():
        return value
    written = json.dumps(value, ensure_ascii=False)
    return written if written.isprintable() else json.dumps(value)


@contextmanager
def progress(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on standard error for long work; call the given function with how much is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done: bar.update(task, completed=done)
