"""What nodes tell one another beside the blocks that were decided."""

from __future__ import annotations

from typing import NamedTuple

from infoharbor.simulation.votes import Proposal, Vote


class Told(NamedTuple):
    """What a node tells the others again and again: where it is, and all that was said at its height."""

    height: int
    messages: tuple[Proposal | Vote, ...]


class Transaction(NamedTuple):
    raw: bytes


class Note(NamedTuple):
    """Attesters' signatures over a checkpoint; in an answer they are a quorum's."""

    raw: bytes
    is_answer: bool = False
