"""Every help page says everything in English and in Chinese, and stands in a terminal of 80 columns."""

import inspect
import io
import re
from collections.abc import Iterator

import pytest
from cyclopts import App
from rich.cells import cell_len
from rich.console import Console

from infoharbor.cli.main import app, describe_all

CHINESE, ENGLISH = re.compile(r"[\u4e00-\u9fff]"), re.compile(r"[A-Za-z]")
COLUMNS = 80


def commands(group: App, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], App]]:
    yield path, group
    for name in group:
        if not name.startswith("-"):
            yield from commands(group[name], (*path, name))


describe_all()
COMMANDS = dict(commands(app))
PAGES = pytest.mark.parametrize("path", COMMANDS, ids=" ".join)


def is_bilingual(text: str) -> bool:
    return bool(CHINESE.search(text) and ENGLISH.search(text))


def paragraphs(command: App) -> list[str]:
    """What is said of the command itself, above its options."""
    said = command.help
    if command.default_command is not None:
        said = inspect.getdoc(command.default_command) or ""
    return re.split(r"\n\n+", said.split("\nParameters\n")[0].strip())


def page(path: tuple[str, ...]) -> str:
    written = io.StringIO()
    app.help_print(path, console=Console(file=written, width=COLUMNS))
    return written.getvalue()


def test_the_walk_finds_groups_and_what_is_in_them() -> None:
    assert {(), ("init",), ("network",), ("network", "admit"), ("trust", "advance"), ("readmodel", "rebuild")} <= set(
        COMMANDS
    )


@PAGES
def test_every_paragraph_of_a_command_is_bilingual(path: tuple[str, ...]) -> None:
    assert [said for said in paragraphs(COMMANDS[path]) if not is_bilingual(said)] == []


@PAGES
def test_every_option_is_bilingual(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    if command.default_command is None:
        return
    options = {
        each.name: each.parameter.help or ""
        for each in command.assemble_argument_collection(parse_docstring=True)
        if each.show
    }
    assert [name for name, said in options.items() if not is_bilingual(said)] == []


@PAGES
def test_a_page_has_bilingual_headings_and_stays_within_its_columns(path: tuple[str, ...]) -> None:
    lines = page(path).splitlines()
    assert [line for line in lines if cell_len(line) > COLUMNS] == []
    headings = [line for line in lines if line.startswith("╭─")]
    assert all(map(is_bilingual, headings))


def test_help_and_version_are_bilingual_too() -> None:
    options = [line for line in page(()).splitlines() if line.startswith("│ --")]
    assert len(options) == 2
    assert all(map(is_bilingual, options))
