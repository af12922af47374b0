"""`infoharbor network set-seat`: the members give a member a seat, with which it votes on decisions, or take it back."""

from typing import Any

from infoharbor.cli.deciding import AtGateway, vote
from infoharbor.cli.keys import PassphraseVariable
from infoharbor.cli.local_network import DEFAULT_DIR, NetworkDir
from infoharbor.cli.output import GATEWAY, AsJson, Failure, OwnGatewayUrl, answer, fails_clearly
from infoharbor.cli.records import find
from infoharbor.cli.voting import Attempt, Key, Organisation, attempted, voters_at
from infoharbor.contracts.identity.organisations import SetSeat
from infoharbor.sdk.client import Client


@fails_clearly
def set_seat(
    member: str,
    *,
    withdraw: bool = False,
    organisation: Organisation = "",
    key: Key = None,
    url: OwnGatewayUrl = GATEWAY,
    directory: NetworkDir = DEFAULT_DIR,
    attempt: Attempt = 1,
    passphrase_variable: PassphraseVariable = "",
    as_json: AsJson = False,
) -> None:
    """Vote that a member has a seat, with which it votes on decisions; or no more. 表决授予成员席位，或收回席位。

    A seat is one vote on what the members decide; whose validator votes on blocks is another matter. Each member runs the
    same command at its own gateway, until a majority has.
    席位即成员决策的一票，与区块投票无关。各成员在本机构网关执行同一命令，直至过半数。

    Parameters
    ----------
    member
        The organisation whose seat it is. 席位所属机构。
    withdraw
        Take the seat back. 收回席位。
    directory
        A trial network, all of whose members vote yes, if no key is given.
    """
    voters, gateway = voters_at(organisation, key, passphrase_variable, url=url, directory=directory)
    with Client(gateway, signer=voters[0]) as client:
        found = _organisation(client, member)
        # A version of the record is put to the vote once: the same change can be decided again later.
        proposal = attempted(f"{'withdraw' if withdraw else 'give'}-seat-{member}-{found['version']}", attempt)
        state = f"{member} has {'no seat 没有席位' if withdraw else 'a seat 拥有席位'}"
        adopted = found["record"]["seat"] is not withdraw
        adopted = adopted or vote(AtGateway(client), voters, SetSeat(member, not withdraw), id=proposal, reason=state)
        text = state if adopted else AtGateway(client).awaited(proposal)
    answer({"member": member, "seat": not withdraw, "adopted": adopted}, as_json=as_json, text=text)


def _organisation(client: Client, member: str) -> dict[str, Any]:
    """The newest version of the organisation's record."""
    found = find(client, f"identity/organisations/{member}")
    if found is None:
        raise Failure("identity.organisation_unknown", "member", "an organisation of this ledger")
    return found
