"""What a vote brings along is heard, however late the vote, or the node that it comes to."""

from collections.abc import Callable
from typing import Any

import pytest
from driven import Driven
from votes import Votes

from infoharbor.engine.cometbft.answers import Answers
from infoharbor.engine.cometbft.attesting import NOTE_BYTES
from infoharbor.engine.cometbft.messages import Request


@pytest.fixture
def node(drive: Callable[..., Driven]) -> Driven:
    return drive()


@pytest.fixture
def votes() -> Votes:
    return Votes(b"own")


@pytest.fixture
def answers(node: Driven, votes: Votes) -> Answers:
    return Answers(node.application, None, votes, None)  # type: ignore[arg-type]


def vote(note: bytes) -> Any:
    request = Request()
    request.verify_vote_extension.vote_extension = note
    return request


def own_vote() -> Any:
    request = Request()
    request.extend_vote.height = 1
    return request


def test_the_next_proposer_hears_the_votes_that_came_once_the_block_was_decided(answers: Answers, votes: Votes) -> None:
    proposal = Request()
    proposal.prepare_proposal.max_tx_bytes = 1000
    for note in (b"first", b"late"):
        proposal.prepare_proposal.local_last_commit.votes.add(vote_extension=note)
    answers.answer(proposal, 0)
    assert votes.heard == []
    for _ in range(2):
        assert answers.answer(own_vote(), 0).extend_vote.vote_extension == b"own"
        assert votes.heard == [b"first", b"late"]


def test_a_slow_node_hears_the_votes_that_came_before_their_block(answers: Answers, votes: Votes, node: Driven) -> None:
    for note in (b"one", b"two"):
        answers.answer(vote(note), 0)
    assert votes.heard == []
    decided = Request()
    decided.finalize_block.height = node.application.info()[0] + 1
    decided.finalize_block.hash = b"block"
    answers.answer(decided, 0)
    assert votes.heard == [b"one", b"two"]


def test_only_so_much_is_kept_until_it_can_be_heard(answers: Answers, votes: Votes) -> None:
    for note in (b"", bytes(NOTE_BYTES + 1), *(b"%d" % number for number in range(300))):
        answers.answer(vote(note), 0)
    answers.answer(own_vote(), 0)
    assert votes.heard == [b"%d" % number for number in range(300 - 256, 300)]
