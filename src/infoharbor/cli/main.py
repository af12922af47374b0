"""The command `infoharbor`: what each subcommand is called, and how errors reach the terminal."""

import importlib
import sys

from cyclopts import CycloptsError

from infoharbor.cli.command_group import command_group
from infoharbor.cli.output import Failure
from infoharbor.cli.usage import misuse

app = command_group(
    "infoharbor",
    help="One ledger that organisations keep together, and can prove to anyone. 多家机构共同维护、随时可向任何人证明的账本。",
)
app.version_flags = ("--version",)
app["--help"].help = "Display this message and exit. 显示本说明。"
app["--version"].help = "Display the version and exit. 显示版本。"
COMMANDS = {
    "init": "founding:init",
    "run": "serving:run",
    "token": "serving:token",
    "key": "keys:key",
    "submit": "submitting:submit",
    "pending": "pending:pending",
    "show": "proofs:show",
    "prove": "proofs:prove",
    "trust": "trusting:trust",
    "verify": "verifying:verify",
    "stamp": "stamping:stamp",
    "audit": "upkeep:audit",
    "backup": "upkeep:backup",
    "restore": "upkeep:restore",
    "doctor": "upkeep:doctor",
    "readmodel": "upkeep:readmodel",
    "contract": "contracts:contract",
    "governance": "governance:governance",
    "invoice": "invoices:invoice",
    "import": "imports:imports",
    "leave": "leave:leave",
    "network": "network:network",
    "simulate": "simulate:simulate",
}
"""Where each command is; it is loaded when it is called, so that a verifier need not wait for a whole node."""
for name, place in COMMANDS.items():
    app.command(f"infoharbor.cli.{place}", name=name)


def main() -> None:
    """Run the command line; a refusal is printed in both languages and ends with exit code 1, a command line that is not
    understood with 2."""
    if not {*sys.argv[1:]} - {"--help", "-h"}:
        describe_all()
    try:
        app(sys.argv[1:], exit_on_error=False, print_error=False)
    except Failure as failure:
        failure.print()
        sys.exit(1)
    except CycloptsError as fault:
        misused = misuse(fault)
        misused.as_json = "--json" in sys.argv
        misused.print()
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


def describe_all() -> None:
    """Load every command, whose own words stand in the list of all."""
    for name, place in COMMANDS.items():
        module, _, member = place.partition(":")
        del app[name]
        app.command(getattr(importlib.import_module(f"infoharbor.cli.{module}"), member), name=name)
