"""What the commands of a network refuse before they ask anyone, and what they make of what they see."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from infoharbor.cli import attesters
from infoharbor.cli.network import init
from infoharbor.cli.network_status import Seen, Shortage, shortage
from infoharbor.cli.output import Failure
from infoharbor.cli.seating import set_seat
from infoharbor.cli.voting import voters_at
from infoharbor.contracts.identity.attesters import CURRENT, Attesters
from infoharbor.crypto.keyfile import write_key
from infoharbor.crypto.suites import ED25519
from infoharbor.engine.cometbft.home import ConsensusHome, NodeConfig, new_keys
from infoharbor.sdk.client import Client

KEYS = [bytes([number]) * 32 for number in range(6)]


@pytest.mark.parametrize(
    ("organisation", "key", "missing"), [("member-1", None, "--key"), ("", Path("key.json"), "--organisation")]
)
def test_whose_vote_it_is_is_said_whole_or_not_at_all(
    organisation: str, key: Path | None, missing: str, tmp_path: Path
) -> None:
    with pytest.raises(Failure) as refused:
        voters_at(organisation, key, "", url="http://127.0.0.1:1", directory=tmp_path)
    assert (refused.value.code, refused.value.field) == ("cli.option_missing", missing)


def test_a_seat_of_nobody_is_refused_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(client: Client, method: str, path: str, **content: Any) -> httpx.Response:
        problem = {"code": "ledger.record_unknown", "field": "path", "expected": "", "title": "", "title_zh": ""}
        return httpx.Response(404, json=problem)

    monkeypatch.setattr(Client, "_ask", unknown)
    write_key(tmp_path / "key.json", ED25519.generate())
    with pytest.raises(Failure) as refused:
        set_seat("nobody", organisation="member-1", key=tmp_path / "key.json")
    assert (refused.value.code, refused.value.field) == ("identity.organisation_unknown", "member")


@pytest.mark.parametrize("port", [-1, 0, 65_533, 99_999])
def test_each_node_of_a_trial_has_a_port_that_there_is(port: int, tmp_path: Path) -> None:
    with pytest.raises(Failure) as refused:
        init(validators=4, directory=tmp_path / "net", port=port)
    assert (refused.value.code, refused.value.field) == ("cli.port", "--port")
    assert not (tmp_path / "net").exists()


@pytest.mark.parametrize(("data", "code"), [("nowhere", "network.no_request"), ("elsewhere", "network.node_other")])
def test_keys_that_attest_go_to_no_other_node_than_the_organisations_own(
    data: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over another's they would put that one's out of force, and nobody would sign with them."""
    monkeypatch.setattr(attesters, "attesters", lambda client: Attesters(CURRENT, 1, (), ()))
    write_key(tmp_path / "key.json", ED25519.generate())
    home = ConsensusHome(tmp_path / "elsewhere")
    home.write_keys(new_keys())
    home.write_config(NodeConfig("member-2", "127.0.0.1:1", ()))
    with pytest.raises(Failure) as refused:
        attesters.attest(data=tmp_path / data, organisation="member-1", key=tmp_path / "key.json")
    assert (refused.value.code, refused.value.field) == (code, "--data")


def seen(number: int, condition: str, voted: int, *, height: int = 5, role: str = "validator") -> Seen:
    """A node with the key of this number, who knows of so many validators."""
    return Seen(
        {"height": height, "condition": condition, "role": role}, frozenset(KEYS[:voted]), frozenset({KEYS[number]})
    )


@pytest.mark.parametrize(
    ("conditions", "voted", "short"),
    [
        (("running", "running", "running", "down"), 4, None),
        (("running", "silent", "disk_full", "halted"), 4, None),
        (("running", "running", "quarantined", "down"), 4, Shortage(2, 0, 3)),
        (("running", "running", "running", "down"), 5, None),  # The fifth may be up, elsewhere.
        (("running", "running", "down", "down"), 5, Shortage(2, 1, 4)),
        (("running", "running", "running", "running"), 6, None),
        (("running", "running", "down", "down"), 6, Shortage(2, 2, 5)),
        (("down", "down", "down", "down"), 0, Shortage(0, 0, 1)),
    ],
)
def test_a_network_stalls_by_the_validators_of_the_ledger_also_those_elsewhere(
    conditions: tuple[str, ...], voted: int, short: Shortage | None
) -> None:
    assert shortage([seen(number, condition, voted) for number, condition in enumerate(conditions)]) == short


def test_who_knows_the_most_says_who_validates_and_a_key_not_taken_yet_does_not_vote() -> None:
    behind = seen(0, "running", 1, height=2)
    rotated = Seen(
        {"height": 5, "condition": "running", "role": "observer"}, frozenset(KEYS[:4]), frozenset({KEYS[3], KEYS[5]})
    )
    nodes = [behind, seen(1, "running", 4), seen(2, "down", 4), rotated]
    assert shortage(nodes) == Shortage(2, 0, 3)
