"""What CometBFT is answered when it asks for signatures."""

from pathlib import Path
from typing import Any

import pytest

from infoharbor.crypto.keyfile import TokenFault, encoded
from infoharbor.crypto.suites import ED25519, TokenPlace
from infoharbor.engine.cometbft import last_signed
from infoharbor.engine.cometbft.framing import BadFrame
from infoharbor.engine.cometbft.home import ConsensusHome, new_keys
from infoharbor.engine.cometbft.last_signed import LastSigned
from infoharbor.engine.cometbft.signing import Signing
from infoharbor.engine.cometbft.signing_messages import (
    Message,
    Proposal,
    Vote,
    extension_bytes,
    proposal_bytes,
    vote_bytes,
)
from infoharbor.engine.cometbft.voting_key import VotingKey

CHAIN = "test_chain_id"
HASH = b"--June_15_2020_amino_was_removed"
BLOCK = {"hash": HASH, "part_set_header": {"total": 111, "hash": HASH}}
STAMP = {"seconds": 1518332962, "nanos": 765000000}
PRECOMMIT = Vote(
    type=2, height=12345, round=300, block_id=BLOCK, timestamp=STAMP, validator_address=HASH[:20], validator_index=3,
    extension=b"note",
)  # fmt: skip
PROPOSAL = Proposal(type=32, height=12345, round=23456, pol_round=-1, block_id=BLOCK, timestamp=STAMP)
OF_BLOCK = (
    "0a202d2d4a756e655f31355f323032305f616d696e6f5f7761735f72656d6f7665641224086f12202d2d4a756e655f31355f323032305f616d69"
    "6e6f5f7761735f72656d6f766564"
)
AT, CHAIN_HEX = "0c08a2d8ffd30510c0f2e3ec02", "0d746573745f636861696e5f6964"


@pytest.mark.parametrize(
    ("signed", "expected"),
    [
        (vote_bytes(CHAIN, PRECOMMIT), f"7b0802113930000000000000192c010000000000002248{OF_BLOCK}2a{AT}32{CHAIN_HEX}"),
        (extension_bytes(CHAIN, PRECOMMIT), f"270a046e6f7465113930000000000000192c0100000000000022{CHAIN_HEX}"),
        (vote_bytes(CHAIN, Vote(type=1, height=1, timestamp=STAMP)), f"2808011101000000000000002a{AT}32{CHAIN_HEX}"),
        (
            proposal_bytes(CHAIN, PROPOSAL),
            f"8601082011393000000000000019a05b00000000000020ffffffffffffffffff012a48{OF_BLOCK}32{AT}3a{CHAIN_HEX}",
        ),
        (
            vote_bytes("", Vote(type=2, height=1, round=1, timestamp={"seconds": -62135596800})),
            "2108021101000000000000001901000000000000002a0b088092b8c398feffffff01",
        ),
        (
            vote_bytes(CHAIN, Vote(height=1, round=1, timestamp={"seconds": -62135596800})),
            f"2e1101000000000000001901000000000000002a0b088092b8c398feffffff0132{CHAIN_HEX}",
        ),
    ],
)
def test_what_is_signed_is_what_cometbft_signs(signed: bytes, expected: str) -> None:
    """The bytes are those of CometBFT's own `types.VoteSignBytes` and its like."""
    assert signed.hex() == expected


class Key(VotingKey):
    """One whose token may be away."""

    away = False

    def _open(self) -> Any:
        if self.away:
            raise TokenFault("key.token_missing", "token", "one token")
        return super()._open()

    def sign(self, message: bytes) -> bytes:
        if self.away:
            raise TokenFault("key.token_missing", "token", "one token")
        return super().sign(message)


class Validator:
    """Whose signatures CometBFT asks for; `begun` counts how often it is to begin again."""

    def __init__(self, data: Path) -> None:
        self.home = ConsensusHome(data)
        self.home.write_keys(new_keys())
        self.key = Key(data / "consensus/config/priv_validator_key.json")
        self.public, self.begun = self.key.public_key, 0
        last = LastSigned(self.home.votes, self.public)
        self.signing = Signing(self.key, last, CHAIN, self._begin_again)

    def ask(self, **request: Any) -> Any:
        answer = self.signing.answer(Message(**request))
        return getattr(answer, answer.WhichOneof("value"))

    def vote(self, vote: Any, chain: str = CHAIN) -> Any:
        return self.ask(sign_vote_request={"vote": vote, "chain_id": chain})

    def propose(self, proposal: Any) -> Any:
        return self.ask(sign_proposal_request={"proposal": proposal, "chain_id": CHAIN})

    def signed(self, message: bytes, signature: bytes) -> bool:
        return ED25519.verify(self.public, message, signature)

    def _begin_again(self) -> None:
        self.begun += 1


@pytest.fixture
def validator(tmp_path: Path) -> Validator:
    return Validator(tmp_path)


def changed(message: Any, **changes: Any) -> Any:
    copy = type(message).FromString(message.SerializeToString())
    for field, value in changes.items():
        setattr(copy, field, value)
    return copy


def test_it_tells_its_public_key(validator: Validator) -> None:
    told = validator.ask(pub_key_request={"chain_id": CHAIN})
    assert told.pub_key.ed25519 == validator.public
    assert not told.HasField("error")


def test_a_vote_comes_back_whole_with_both_signatures(validator: Validator) -> None:
    vote = validator.vote(PRECOMMIT).vote
    assert validator.signed(vote_bytes(CHAIN, PRECOMMIT), vote.signature)
    assert validator.signed(extension_bytes(CHAIN, PRECOMMIT), vote.extension_signature)
    assert changed(vote, signature=b"", extension_signature=b"") == PRECOMMIT


def test_after_a_crash_a_vote_may_bring_something_else_along(validator: Validator) -> None:
    first, other = validator.vote(PRECOMMIT).vote, changed(PRECOMMIT, extension=b"another note")
    again = validator.vote(other).vote
    assert again.signature == first.signature
    assert validator.signed(extension_bytes(CHAIN, other), again.extension_signature)


@pytest.mark.parametrize("vote", [Vote(type=1, height=1, block_id=BLOCK), Vote(type=2, height=1)])
def test_only_a_precommit_for_a_block_brings_something_along(vote: Any, validator: Validator) -> None:
    assert validator.vote(changed(vote, extension=b"note")).HasField("error")
    assert validator.vote(vote).vote.extension_signature == b""


def test_a_proposal_comes_back_signed(validator: Validator) -> None:
    proposal = validator.propose(PROPOSAL).proposal
    assert validator.signed(proposal_bytes(CHAIN, PROPOSAL), proposal.signature)
    assert changed(proposal, signature=b"") == PROPOSAL


def test_what_is_refused_has_no_signature(validator: Validator) -> None:
    validator.vote(PRECOMMIT)
    other = changed(PRECOMMIT)
    other.block_id.hash = HASH[::-1]
    for refused in (
        validator.vote(other),
        validator.vote(changed(PRECOMMIT, height=1)),
        validator.vote(changed(PRECOMMIT, height=12346), chain="another"),
        validator.vote(changed(PRECOMMIT, height=12346, type=32)),
    ):
        assert refused.error.description
        assert not refused.HasField("vote")
    proposed = validator.propose(changed(PROPOSAL, height=1))
    assert proposed.error.description
    assert not proposed.HasField("proposal")


def test_a_token_that_was_away_votes_again_and_cometbft_asks_again_for_what_it_missed(validator: Validator) -> None:
    validator.key.away = True
    assert "key.token_missing" in validator.vote(PRECOMMIT).error.description
    assert validator.ask(pub_key_request={"chain_id": CHAIN}).pub_key.ed25519 == validator.public
    validator.ask(ping_request={})
    assert validator.begun == 0
    validator.key.away = False
    validator.ask(ping_request={})
    validator.ask(ping_request={})
    assert validator.begun == 1
    assert validator.signed(vote_bytes(CHAIN, PRECOMMIT), validator.vote(PRECOMMIT).vote.signature)


def test_a_disk_that_was_full_keeps_votes_again_and_cometbft_asks_again(
    validator: Validator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "no space")

    with monkeypatch.context() as patch:
        patch.setattr(last_signed, "write_private", full)
        assert "no space" in validator.vote(PRECOMMIT).error.description
        validator.ask(ping_request={})
    assert validator.begun == 0
    for _ in range(2):
        validator.ask(ping_request={})
    assert validator.begun == 1
    assert validator.signed(vote_bytes(CHAIN, PRECOMMIT), validator.vote(PRECOMMIT).vote.signature)


@pytest.mark.parametrize("size", [1, 31, 33, 30_000])
def test_hashes_of_no_block_are_not_signed_and_the_memory_stays_readable(size: int, validator: Validator) -> None:
    for block in (
        {"hash": bytes(size), "part_set_header": {"total": 1, "hash": HASH}},
        {"hash": HASH, "part_set_header": {"total": 1, "hash": bytes(size)}},
    ):
        assert validator.vote(Vote(type=2, height=1, block_id=block)).HasField("error")
        assert validator.propose(Proposal(type=32, height=1, pol_round=-1, block_id=block)).HasField("error")
    LastSigned(validator.home.votes, validator.public)


def test_a_network_that_went_on_without_the_vote_is_not_disturbed(validator: Validator) -> None:
    validator.key.away = True
    validator.vote(PRECOMMIT)
    validator.key.away = False
    validator.vote(changed(PRECOMMIT, height=12346))
    validator.ask(ping_request={})
    assert validator.begun == 0


def test_what_is_no_request_is_none(validator: Validator) -> None:
    for message in (Message(), Message(ping_response={})):
        with pytest.raises(BadFrame):
            validator.signing.answer(message)


def test_a_key_file_names_a_token_that_need_not_be_there(tmp_path: Path) -> None:
    key = VotingKey(tmp_path / "key.json")
    place = TokenPlace(str(tmp_path / "no-library.so"), "token", "label", "PIN")
    made = ED25519.generate()._replace(held=place)
    key.write(made)
    assert (key.in_token, key.public_key) == (True, made.public_key)
    assert (tmp_path / "key.json").read_bytes() == encoded(made)
    with pytest.raises(TokenFault):
        key.sign(b"message")


def test_one_key_takes_anothers_place_whatever_their_form(tmp_path: Path) -> None:
    old, new = VotingKey(tmp_path / "old.json"), VotingKey(tmp_path / "new.json")
    old.write(ED25519.generate()._replace(held=TokenPlace("library", "token", "label", "PIN")))
    assert old.in_token
    made, before = ED25519.generate(), ED25519.generate()
    old.write(before)
    assert ED25519.verify(before.public_key, b"message", old.sign(b"message"))
    new.write(made)
    new.take_place_of(old)
    assert (old.in_token, old.public_key, new.exists) == (False, made.public_key, False)
    assert ED25519.verify(made.public_key, b"message", old.sign(b"message"))
