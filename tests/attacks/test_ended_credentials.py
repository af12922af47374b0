"""Attacks with credentials that have ended, are for elsewhere, or were stolen: none opens a door."""

import httpx
from harbour import Harbour, events
from node import TOKEN

from infoharbor.contracts.governance.actions import Propose
from infoharbor.contracts.identity.demo import new_key
from infoharbor.contracts.identity.keys import AddKey
from infoharbor.contracts.identity.organisations import ReinstateOrganisation, SuspendOrganisation
from infoharbor.contracts.identity.records import UserKind
from infoharbor.contracts.identity.users import DisableUser, EnableUser
from infoharbor.gateway.tokens import issue_token
from infoharbor.sdk.building import now_ms
from infoharbor.sdk.keys import read_credential


def status_of(harbour: Harbour, authorization: str) -> int:
    found: int = httpx.get(f"{harbour.url}/v1/status", headers={"Authorization": authorization}).status_code
    return found


def test_a_suspended_members_tokens_and_keys_read_nothing_until_it_is_back(harbour: Harbour) -> None:
    token, signer = f"Bearer {harbour.token_of('firm-2')}", harbour.signer("firm-2")
    key = read_credential(signer, harbour.ledger.chain.id, harbour.address, now_ms() + 60_000)
    bank = harbour.local("bank")
    assert (status_of(harbour, token), status_of(harbour, key)) == (200, 200)
    bank.act(Propose.to(SuspendOrganisation("firm-2"), id="suspend", reason=""))
    try:
        assert (status_of(harbour, token), status_of(harbour, key)) == (401, 401)
    finally:
        bank.act(Propose.to(ReinstateOrganisation("firm-2"), id="reinstate", reason=""))
    assert (status_of(harbour, token), status_of(harbour, key)) == (200, 200)


def test_a_disabled_users_token_and_open_stream_end(harbour: Harbour) -> None:
    """The stream that was opened before shows nothing that came after."""
    clerk = harbour.cast.signer("firm-1", "clerk")
    harbour.hire("firm-1", clerk, UserKind.PERSON)
    token = f"Bearer {issue_token(harbour.data, 'firm-1', clerk.user)}"
    height = harbour.engine.status().height
    with httpx.Client(base_url=harbour.url, headers={"Authorization": token}, timeout=20) as client:
        stream = events(client, after=height - 1)
        assert next(stream)["height"] == height
        harbour.local("firm-1").act(DisableUser(clerk.user))
        harbour.local("firm-1").act(harbour.transfer("firm-2", 1))
        assert list(stream) == []
    assert status_of(harbour, token) == 401
    harbour.local("firm-1").act(EnableUser(clerk.user))
    assert status_of(harbour, token) == 200


def test_a_revoked_tokens_open_stream_ends(harbour: Harbour) -> None:
    token = harbour.token_of("firm-1")
    height = harbour.engine.status().height
    with httpx.Client(base_url=harbour.url, headers={"Authorization": f"Bearer {token}"}, timeout=20) as client:
        stream = events(client, after=height - 1)
        assert next(stream)["height"] == height
        assert harbour.server.gateway.tokens is not None
        assert harbour.server.gateway.tokens.revoke(token)
        harbour.local("firm-1").act(harbour.transfer("firm-2", 1))
        assert list(stream) == []


def test_an_expired_key_does_not_read_as_its_organisation(harbour: Harbour) -> None:
    user = harbour.signer("firm-1").user
    brief = harbour.cast.signer("firm-1", "brief")
    until = now_ms() + 3_000
    harbour.local("firm-1").act(AddKey(user, new_key(brief, user, until=until), ()))
    credential = read_credential(brief, harbour.ledger.chain.id, harbour.address, now_ms() + 60_000)
    assert status_of(harbour, credential) == 200
    while now_ms() <= until:
        harbour.engine.wait_beyond(harbour.engine.status().height, 0.1)
    assert status_of(harbour, credential) == 401


def test_a_credential_for_another_gateway_or_time_is_none_here(harbour: Harbour) -> None:
    signer, chain = harbour.signer("firm-1"), harbour.ledger.chain.id
    for credential in (
        read_credential(signer, chain, "127.0.0.1:1", now_ms() + 60_000),
        read_credential(signer, bytes(32), harbour.address, now_ms() + 60_000),
        read_credential(signer, chain, harbour.address, now_ms() - 1),
        read_credential(signer, chain, harbour.address, now_ms() + 10**9),
    ):
        assert status_of(harbour, credential) == 401


def test_a_stolen_token_mints_nothing(harbour: Harbour) -> None:
    """Whoever has a member's token acts only through its agent, within the agent's scope."""
    action = {
        "by": ["bank"], "contract": "asset", "action": "Mint",
        "arguments": {"token": TOKEN, "to": "firm-3", "amount": "1", "reference": ""},
    }  # fmt: skip
    before = harbour.local("bank").record(f"asset/tokens/{TOKEN}")["record"]["minted"]
    for by in (["bank"], ["firm-3"], ["bank", "firm-3"], ["firm-3", "bank"], ["ledger:genesis"]):
        with harbour.asking("firm-3") as client:
            answer = client.post("/v1/act", json={"actions": [action | {"by": by}]})
        assert answer.status_code in (403, 409, 422), answer.text
    assert harbour.local("bank").record(f"asset/tokens/{TOKEN}")["record"]["minted"] == before
