"""Blocks, votes for them, and what makes a commit: what members of a simulated network tell one another."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from infoharbor.engine.cometbft import validators

NIL = b""


class Kind(StrEnum):
    PREVOTE = "prevote"
    PRECOMMIT = "precommit"


class Vote(NamedTuple):
    """One member's vote for a block, or for none (`NIL`), with what its clock showed."""

    kind: Kind
    height: int
    round: int
    block: bytes
    voter: int
    stamp: int


@dataclass(frozen=True)
class Block:
    """`last_commit` holds precommits for the block before, and gives this one its time."""

    height: int
    time: int
    transactions: tuple[bytes, ...]
    app_hash: bytes
    last_commit: tuple[Vote, ...]
    proposer: int

    @functools.cached_property
    def hash(self) -> bytes:
        digest = hashlib.sha256(repr((self.height, self.time, self.app_hash, self.last_commit, self.proposer)).encode())
        for raw in self.transactions:
            digest.update(hashlib.sha256(raw).digest())
        return digest.digest()


class Proposal(NamedTuple):
    """A block for a round; `valid_round` is that of an earlier quorum of prevotes for it, or -1."""

    round: int
    block: Block
    valid_round: int
    proposer: int

    @property
    def height(self) -> int:
        return self.block.height


class Decided(NamedTuple):
    """A block with the precommits that decided it."""

    block: Block
    commit: tuple[Vote, ...]


def quorum(members: int) -> int:
    """More than two thirds."""
    return members * 2 // 3 + 1


def proposer_of(height: int, round: int, members: int) -> int:
    return (height + round) % members


def median_time(commit: Iterable[Vote]) -> int:
    """BFT time: the weighted median of the stamps, as CometBFT takes it."""
    stamps = sorted(vote.stamp for vote in commit)
    left = validators.POWER * len(stamps) // 2
    for stamp in stamps:
        if left <= validators.POWER:
            return stamp
        left -= validators.POWER
    raise ValueError("a commit without votes")


def is_commit(commit: Iterable[Vote], block: Block, members: int) -> bool:
    """Whether these votes decide the block."""
    votes = list(commit)
    round = votes[0].round if votes else 0
    expected = {(Kind.PRECOMMIT, block.height, round, block.hash, vote.voter) for vote in votes}
    return {vote[:5] for vote in votes} == expected and len({vote.voter for vote in votes}) == len(votes) >= quorum(
        members
    )
