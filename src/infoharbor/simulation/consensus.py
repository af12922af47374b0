"""Agreement on block after block as Tendermint has it (Buchman, Kwon, Milosevic 2018), small enough to simulate.

It stands in for CometBFT's own code, which is not under test here: what CometBFT would log before it acts (its votes, its
locks, the blocks it has stored) outlives a crash, and its signatures are looked up instead of computed.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from infoharbor.simulation.votes import NIL, Block, Decided, Kind, Proposal, Vote, proposer_of, quorum

EARLY_MOST = 200
PROPOSE_MS, VOTE_MS, LATER_MS, PAUSE_MS = 400, 150, 100, 100
"""How long to wait for a proposal and for votes, how much longer with every round, and between two blocks."""


class Step(StrEnum):
    PROPOSE = "propose"
    PREVOTE = "prevote"
    PRECOMMIT = "precommit"
    COMMIT = "commit"


class Host(Protocol):
    """What consensus asks of the node around it."""

    def propose(self, height: int) -> Block: ...
    def is_valid(self, block: Block) -> bool: ...
    def vote(self, kind: Kind, height: int, round: int, block: Block | None) -> Vote: ...
    def tell(self, message: Proposal | Vote) -> None: ...
    def wait(self, milliseconds: int, step: Step, height: int, round: int) -> None: ...
    def decide(self, decided: Decided) -> None: ...


class Consensus:
    """One member's part in it. Who votes for two blocks in one round is counted for both: a quorum for each would still have
    an honest member in common, who votes once."""

    def __init__(self, member: int, members: int, host: Host) -> None:
        self._member, self._members, self._host = member, members, host
        self._quorum = quorum(members)
        self.height = self.round = 0
        self.step = Step.COMMIT
        self._locked: Proposal | None = None
        self._valid: Proposal | None = None
        self._decided: Proposal | None = None
        self._proposals: dict[int, Proposal] = {}
        self._votes: dict[tuple[Kind, int], dict[bytes, dict[int, Vote]]] = {}
        self._judged: dict[bytes, bool] = {}
        self._waited: set[tuple[Step, int]] = set()
        self._early: list[Proposal | Vote] = []
        self.last_commit: tuple[Vote, ...] = ()

    def begin(self, height: int, last_commit: tuple[Vote, ...]) -> None:
        """Start on a height; `last_commit` decided the one before."""
        self.height, self.last_commit = height, last_commit
        self._locked = self._valid = None
        self._proposals, self._votes, self._judged, self._waited = {}, {}, {}, set()
        early, self._early = self._early, []
        self._begin_round(0)
        for message in early:
            self.hear(message)

    def resume(self) -> None:
        """Go on after a crash at the step where it happened: the waits are gone, what was said is not."""
        self._judged, self._waited = {}, set()
        self._host.wait(self._patience(PROPOSE_MS), self.step, self.height, self.round)
        if self.step == Step.PROPOSE:
            self._propose()
        self._apply_rules()

    def known(self) -> list[Proposal | Vote]:
        """Everything said at this height, to be told to whoever missed it."""
        votes = (vote for blocks in self._votes.values() for by_voter in blocks.values() for vote in by_voter.values())
        return [*self._proposals.values(), *votes]

    def hear(self, message: Proposal | Vote) -> None:
        if message.height == self.height + 1 and len(self._early) < EARLY_MOST:
            self._early.append(message)
        if message.height != self.height:
            return
        if isinstance(message, Vote):
            if not self._keep(message):
                return
        elif message.proposer == proposer_of(message.height, message.round, self._members):
            if message.round in self._proposals:
                return
            self._proposals[message.round] = message
        self._apply_rules()

    def wait_is_over(self, step: Step, height: int, round: int) -> None:
        if height != self.height:
            return
        if step == Step.COMMIT:
            if self.step == Step.COMMIT:
                self.begin(height + 1, self._commit())
        elif round == self.round and self.step != Step.COMMIT:
            if step == Step.PROPOSE and self.step == Step.PROPOSE:
                self._prevote(None)
            elif step == Step.PREVOTE and self.step == Step.PREVOTE:
                self._precommit(None)
            elif step == Step.PRECOMMIT:
                self._begin_round(round + 1)
            self._apply_rules()

    def may_prevote(self, proposal: Proposal) -> bool:
        """The locking rule: who has precommitted a block votes for another only if a later quorum did."""
        locked = self._locked
        if locked is None or locked.block.hash == proposal.block.hash:
            return True
        return locked.round <= proposal.valid_round

    def _commit(self) -> tuple[Vote, ...]:
        """The precommits for the decided block, those that came late with them."""
        decided = self._decided
        assert decided is not None
        return tuple(self._votes_for(Kind.PRECOMMIT, decided.round, decided.block.hash).values())

    # The rules, in the order in which they are looked at

    def _apply_rules(self) -> None:
        while self.step != Step.COMMIT and self._apply_one():
            pass

    def _apply_one(self) -> bool:
        return (
            self._decides()
            or self._skips_rounds()
            or self._prevotes()
            or self._locks()
            or self._precommits_nil()
            or self._waits()
        )

    def _decides(self) -> bool:
        for proposal in list(self._proposals.values()):
            commit = self._votes_for(Kind.PRECOMMIT, proposal.round, proposal.block.hash)
            if len(commit) >= self._quorum:
                self.step, self._decided = Step.COMMIT, proposal
                self._host.wait(PAUSE_MS, Step.COMMIT, self.height, self.round)
                self._host.decide(Decided(proposal.block, tuple(commit.values())))
                return True
        return False

    def _skips_rounds(self) -> bool:
        for round in sorted({round for _, round in self._votes if round > self.round}, reverse=True):
            if len(self._voters(Kind.PREVOTE, round) | self._voters(Kind.PRECOMMIT, round)) > (self._members - 1) // 3:
                self._begin_round(round)
                return True
        return False

    def _prevotes(self) -> bool:
        proposal = self._proposals.get(self.round)
        if proposal is None or self.step != Step.PROPOSE:
            return False
        earlier = proposal.valid_round
        if earlier >= 0:
            polled = len(self._votes_for(Kind.PREVOTE, earlier, proposal.block.hash)) >= self._quorum
            if not (earlier < self.round and polled):
                return False
        self._prevote(proposal.block if self._is_valid(proposal.block) and self.may_prevote(proposal) else None)
        return True

    def _locks(self) -> bool:
        proposal = self._proposals.get(self.round)
        if (
            proposal is None
            or self.step == Step.PROPOSE
            or (self._valid is not None and self._valid.round == self.round)
        ):
            return False
        polled = len(self._votes_for(Kind.PREVOTE, self.round, proposal.block.hash)) >= self._quorum
        if not polled or not self._is_valid(proposal.block):
            return False
        self._valid = proposal
        if self.step == Step.PREVOTE:
            self._locked = proposal
            self._precommit(proposal.block)
        return True

    def _precommits_nil(self) -> bool:
        if self.step != Step.PREVOTE or len(self._votes_for(Kind.PREVOTE, self.round, NIL)) < self._quorum:
            return False
        self._precommit(None)
        return True

    def _waits(self) -> bool:
        """Where a quorum has voted without agreeing, wait a little for the rest."""
        for kind, step in ((Kind.PREVOTE, Step.PREVOTE), (Kind.PRECOMMIT, Step.PRECOMMIT)):
            begun = step == Step.PRECOMMIT or self.step == Step.PREVOTE
            fresh = begun and (step, self.round) not in self._waited
            if fresh and len(self._voters(kind, self.round)) >= self._quorum:
                self._waited.add((step, self.round))
                self._host.wait(self._patience(VOTE_MS), step, self.height, self.round)
        return False

    def _begin_round(self, round: int) -> None:
        self.round, self.step = round, Step.PROPOSE
        self._host.wait(self._patience(PROPOSE_MS), Step.PROPOSE, self.height, round)
        self._propose()
        self._apply_rules()

    def _propose(self) -> None:
        if proposer_of(self.height, self.round, self._members) != self._member or self.round in self._proposals:
            return
        known = self._valid
        block = self._host.propose(self.height) if known is None else known.block
        proposal = Proposal(self.round, block, -1 if known is None else known.round, self._member)
        self._proposals[self.round] = proposal
        self._host.tell(proposal)

    def _prevote(self, block: Block | None) -> None:
        self.step = Step.PREVOTE
        self._cast(Kind.PREVOTE, block)

    def _precommit(self, block: Block | None) -> None:
        self.step = Step.PRECOMMIT
        self._cast(Kind.PRECOMMIT, block)

    def _cast(self, kind: Kind, block: Block | None) -> None:
        vote = self._host.vote(kind, self.height, self.round, block)
        self._keep(vote)
        self._host.tell(vote)

    def _keep(self, vote: Vote) -> bool:
        """Whether the vote is new."""
        votes = self._votes.setdefault((vote.kind, vote.round), {}).setdefault(vote.block, {})
        return votes.setdefault(vote.voter, vote) is vote

    def _votes_for(self, kind: Kind, round: int, block: bytes) -> dict[int, Vote]:
        return self._votes.get((kind, round), {}).get(block, {})

    def _voters(self, kind: Kind, round: int) -> set[int]:
        return {voter for votes in self._votes.get((kind, round), {}).values() for voter in votes}

    def _is_valid(self, block: Block) -> bool:
        if block.hash not in self._judged:
            self._judged[block.hash] = self._host.is_valid(block)
        return self._judged[block.hash]

    def _patience(self, least: int) -> int:
        return least + LATER_MS * self.round
