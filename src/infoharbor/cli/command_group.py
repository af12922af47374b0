"""What a group of commands is made of, so that every help page reads alike, in English and Chinese."""

from typing import Any

from cyclopts import App, Group, Parameter


def command_group(name: str, *, help: str) -> App:
    """A group of commands that is called by this name."""
    return App(
        name=name,
        help=help,
        group_commands="Commands 命令",
        group_arguments="Arguments 参数",
        group_parameters=Group(
            "Parameters 选项", help="required (*) 必填, default 默认值, choices 可选值, env var 环境变量"
        ),
        default_parameter=Parameter(negative_iterable=(), show_default=_shown),
    )


def _shown(default: Any) -> str | None:
    """What is said of a default: nothing of one that stands for nothing given."""
    return str(default) if default else None
