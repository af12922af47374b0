"""Who votes by a command: the one member whose key is given, or all members of a trial network, whose keys lie here."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from infoharbor.cli.keys import passphrase
from infoharbor.cli.local_network import NetworkFolder
from infoharbor.cli.output import Failure
from infoharbor.cli.trial_members import administrators
from infoharbor.crypto.keyfile import read_key
from infoharbor.sdk.keys import Signer

Organisation = Annotated[str, Parameter(help="The organisation that votes; it needs a seat. 投票的机构，须有席位。")]
Key = Annotated[Path | None, Parameter(help="The key file of a user who may vote for it. 可代其投票的用户的密钥文件。")]

Attempt = Annotated[
    int,
    Parameter(
        validator=Number(gte=1),
        help="Which attempt this is: 2 proposes anew what was rejected or has lapsed, or whose id another decision has taken."
        " 第几次提议：被否决、已失效或编号被占用时用 2 重新提议。",
    ),
]


def attempted(id: str, attempt: int) -> str:
    """The proposal's id at this attempt: the same for all members who agree on making it."""
    return id if attempt == 1 else f"{id}-{attempt}"


def voters_at(
    organisation: str, key: Path | None, passphrase_variable: str, *, url: str, directory: Path
) -> tuple[list[Signer], str]:
    """Who votes, and at which gateway: the organisation at its own, `url`; without a key, everyone of the trial network in
    `directory`, which runs, at the first node's. `cli.option_missing` where only one of organisation and key is given: a trial's
    members must not all vote by mistake."""
    if key is None and organisation:
        raise Failure("cli.option_missing", "--key", "the key file of a user who may vote for it")
    if key is not None:
        if not organisation:
            raise Failure("cli.option_missing", "--organisation", "the organisation that votes")
        return [Signer(organisation, read_key(key, passphrase(passphrase_variable)))], url
    trial = NetworkFolder(directory)
    trial.keeper()
    nodes = trial.layout().nodes
    return administrators(trial.data(each.name) for each in nodes), f"http://127.0.0.1:{nodes[0].port}"
