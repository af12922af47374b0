"""What commands read of the ledger at a gateway."""

from typing import Any

from infoharbor.sdk.client import Client
from infoharbor.sdk.problems import Problem


def find(client: Client, path: str) -> dict[str, Any] | None:
    """The newest version of the record at `CONTRACT/TABLE/KEY`, as `Client.record` gives it; None if there is none."""
    try:
        return client.record(path)
    except Problem as problem:
        if problem.code != "ledger.record_unknown":
            raise
        return None
