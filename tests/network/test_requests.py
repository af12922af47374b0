"""A request to join asks for who it names alone, and only a member comes back as one."""

from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from infoharbor.cli.joining import ensure_member
from infoharbor.cli.output import Failure
from infoharbor.engine.cometbft.joining import Request, read_request
from infoharbor.engine.interface import Refused
from infoharbor.sdk.client import Client


@pytest.mark.parametrize("admission", [{"id": "bank-a"}, {}, {"id": None}, {"id": ["bank-b"]}])
def test_a_request_in_one_name_asks_for_no_other_organisations_node(tmp_path: Path, admission: dict[str, Any]) -> None:
    file = tmp_path / "request.json"
    good = Request("bank-b", "00" * 20, "00" * 32, "127.0.0.1:1", {"id": "bank-b"})
    file.write_bytes(msgspec.json.encode(good))
    assert read_request(file) == good
    file.write_bytes(msgspec.json.encode(msgspec.structs.replace(good, admission=admission)))
    with pytest.raises(Refused) as refused:
        read_request(file)
    assert (refused.value.code, refused.value.field) == ("network.request", "admission.id")


class Told:
    """A gateway that tells of one organisation."""

    def __init__(self, status: str) -> None:
        self.status = status

    def record(self, path: str) -> dict[str, Any]:
        assert path == "identity/organisations/bank-b"
        return {"record": {"status": self.status}}


def test_who_was_expelled_or_is_suspended_comes_back_by_no_request() -> None:
    ensure_member(cast(Client, Told("active")), "bank-b")
    for status in ("suspended", "expelled"):
        with pytest.raises(Failure) as failed:
            ensure_member(cast(Client, Told(status)), "bank-b")
        assert failed.value.code == "identity.organisation_not_active"
