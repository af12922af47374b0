"""Bundles that three firms sign together."""

from typing import Any

import pytest
from node import TOKEN, Node

from infoharbor.contracts.asset.tokens import Transfer
from infoharbor.sdk.building import Unsigned, build, now_ms
from infoharbor.sdk.keys import id_of
from infoharbor.sdk.problems import Problem

DAY_MS = 24 * 60 * 60 * 1000
FIRMS = ("firm-1", "firm-2", "firm-3")


def bundle(node: Node, *, signers: Any = None, amount: int = 1, days: int = 20, **more: Any) -> Unsigned:
    """Each firm pays the next one, all or nothing."""
    payments = [(Transfer(TOKEN, to, amount, ""), (by,)) for by, to in zip(FIRMS, (*FIRMS[1:], FIRMS[0]), strict=True)]
    keys = [id_of(each) for each in signers or map(node.signer, FIRMS)]
    return build(node.ledger.chain, payments, keys, expiry=now_ms() + days * DAY_MS, **more)


def refuses(code: str, call: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        call()
    assert caught.value.code == code
    return caught.value
