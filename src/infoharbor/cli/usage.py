"""What someone is told whose command line is not understood: which word, and what would be right."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import get_args

from cyclopts import (
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    ValidationError,
)

from infoharbor.cli.output import Failure


def misuse(fault: CycloptsError) -> Failure:
    """The refusal, in both languages, for what the library that reads command lines says in English."""
    command = " ".join(("infoharbor", *(fault.command_chain or ())))
    listed = f"see {command} --help"
    match fault:
        case UnknownCommandError(app=app, unused_tokens=[str(word), *_]):
            known = [] if app is None else list(app)
            return Failure("cli.command_unknown", word, _nearest(word, known) or listed)
        case UnknownOptionError():
            word = fault.token.keyword or fault.token.value
            known = [name for each in fault.argument_collection for name in each.names]
            return Failure("cli.option_unknown", word, _nearest(word, known) or listed)
        case MissingArgumentError(argument=argument) if argument is not None:
            positional = argument.index is not None
            name = argument.name.lstrip("-").upper() if positional else fault.keyword or argument.name
            return Failure("cli.option_missing", name, listed)
        case CoercionError(argument=argument) if argument is not None:
            choices = get_args(argument.hint)
            right = ", ".join(filter(None, choices)) if all(isinstance(each, str) for each in choices) else ""
            right = right or ("a whole number" if fault.target_type is int else listed)
            return Failure("cli.option_value", argument.name, right)
        case ValidationError(argument=argument) if argument is not None:
            return Failure("cli.option_value", argument.name, fault.exception_message)
    return Failure("cli.usage", "", f"{listed}; {fault}")


def _nearest(word: str, known: Iterable[str]) -> str:
    """The known word that was most likely meant, or nothing."""
    return next(iter(get_close_matches(word, list(known), n=1)), "")
