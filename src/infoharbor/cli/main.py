"""The command `infoharbor`: what each subcommand is called, and how errors reach the terminal."""

import sys

from cyclopts import App

from infoharbor.cli import (
    contracts,
    founding,
    imports,
    invoices,
    keys,
    leave,
    network,
    pending,
    proofs,
    serving,
    simulate,
    trusting,
    upkeep,
)
from infoharbor.cli.output import Failure

app = App(
    name="infoharbor",
    help="One ledger that organisations keep together, and can prove to anyone. 多家机构共同维护、随时可向任何人证明的账本。",
    version_flags=["--version"],
)
app.command(founding.init)
app.command(serving.run)
app.command(serving.token)
app.command(keys.key)
app.command(proofs.submit)
app.command(pending.pending)
app.command(proofs.show)
app.command(proofs.prove)
app.command(trusting.trust)
app.command(proofs.verify)
app.command(upkeep.audit)
app.command(upkeep.backup)
app.command(upkeep.restore)
app.command(upkeep.doctor)
app.command(upkeep.readmodel)
app.command(contracts.contract)
app.command(invoices.invoice)
app.command(imports.imports)
app.command(leave.leave)
app.command(network.network)
app.command(simulate.simulate)


def main() -> None:
    """Run the command line; a refusal is printed in both languages and ends with exit code 1."""
    try:
        app()
    except Failure as failure:
        failure.print()
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
