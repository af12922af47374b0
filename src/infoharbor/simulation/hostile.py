"""A hostile member's node: proposes what no block may hold, lies about the time, and tells different nodes different things.

It cannot sign for others. All hostile nodes of a history conspire."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random

from infoharbor.contracts.asset.tokens import Transfer
from infoharbor.evidence.attesters import verifier_keys
from infoharbor.evidence.checkpoint import Checkpoint
from infoharbor.evidence.note import sign_note
from infoharbor.kernel import limits
from infoharbor.kernel.encoding import encode
from infoharbor.kernel.transaction import HIGHEST, Ceilings, transaction_codec
from infoharbor.kernel.transaction import Transaction as Signed
from infoharbor.simulation.founding import CEILINGS, TOKEN
from infoharbor.simulation.messages import Note, Transaction
from infoharbor.simulation.node import Node
from infoharbor.simulation.process import Surroundings
from infoharbor.simulation.votes import NIL, Block, Kind, Proposal, Vote

FAR_FUTURE = 2**47
EXPIRY_MS = 60_000
LIES_IN_THOUSAND = 500
Bad = Callable[["HostileNode", Block], tuple[bytes, ...]]


class Conspiracy:
    """What the hostile nodes have agreed on: in which rounds they try to have each half of the honest ones decide a block
    of its own."""

    def __init__(self, chance: Random, honest: Sequence[int]) -> None:
        self._chance = chance
        self.halves = (frozenset(honest[::2]), frozenset(honest[1::2]))
        self.honest = frozenset(honest)
        self._rounds: dict[tuple[int, int], bool] = {}
        self._blocks: dict[tuple[int, int], list[bytes]] = {}

    def splits(self, height: int, round: int) -> bool:
        if (height, round) not in self._rounds:
            self._rounds[height, round] = self._chance.randrange(1000) < LIES_IN_THOUSAND
        return self._rounds[height, round]

    def half_of(self, proposal: Proposal) -> frozenset[int]:
        """Who is to decide this block: the first of a round is one half's, the second the other's."""
        blocks = self._blocks.setdefault((proposal.height, proposal.round), [])
        if proposal.block.hash not in blocks:
            blocks.append(proposal.block.hash)
        return self.halves[blocks.index(proposal.block.hash) % 2]


class HostileNode(Node):
    """Follows the network with a node of its own, and lies about half the time."""

    def __init__(self, around: Surroundings, member: int, conspiracy: Conspiracy) -> None:
        super().__init__(around, member)
        self._conspiracy = conspiracy

    def _lie(self) -> bool:
        return self.chance.randrange(1000) < LIES_IN_THOUSAND

    # What it says

    def propose(self, height: int) -> Block:
        block = super().propose(height)
        if not self._lie():
            return block
        self.network.note("lies", self.member)
        return self.chance.choice((self._bad_content, self._bad_time, self._bad_state))(block)

    def tell(self, message: Proposal | Vote) -> None:
        if isinstance(message, Proposal) and self._conspiracy.splits(message.height, message.round):
            self._tell_two(message)
        elif isinstance(message, Proposal):
            super().tell(message)
        elif self._lie():
            self._tell_votes(message)
        else:
            super().tell(message)

    def vote(self, kind: Kind, height: int, round: int, block: Block | None) -> Vote:
        vote = super().vote(kind, height, round, block)
        if not self._lie():
            return vote
        return self.signed(vote._replace(stamp=self.chance.choice((0, vote.stamp, FAR_FUTURE))))

    def hear(self, sender: int, message: object) -> None:
        super().hear(sender, message)
        if isinstance(message, Proposal):
            self._back(message)
        if self.chance.randrange(40) == 0:
            self.network.broadcast(self.member, Transaction(self.chance.choice((b"", b"garbage", self._stripped()))))

    def _tell_two(self, proposal: Proposal) -> None:
        """One block for one half, another for the other."""
        other = replace(proposal.block, transactions=proposal.block.transactions[:-1] or (self._own(),))
        for each in (proposal, proposal._replace(block=other)):
            self._back(each)
            for receiver in range(len(self.network.members)):
                its = receiver in self._conspiracy.half_of(each) or not self._is_honest(receiver)
                if its and receiver != self.member:
                    self.network.send(self.member, receiver, each)

    def _back(self, proposal: Proposal) -> None:
        """Vote for whatever a conspirator proposes, where it is to be decided."""
        if self._is_honest(proposal.proposer) or not self._conspiracy.splits(proposal.height, proposal.round):
            return
        for kind in Kind:
            vote = super().vote(kind, proposal.height, proposal.round, proposal.block)
            for receiver in sorted(self._conspiracy.half_of(proposal)):
                self.network.send(self.member, receiver, vote)

    def _is_honest(self, member: int) -> bool:
        return member in self._conspiracy.honest

    def _tell_votes(self, vote: Vote) -> None:
        """For the block to some, for none to others, and nothing to the rest."""
        nil = self.signed(vote._replace(block=NIL))
        for receiver in range(len(self.network.members)):
            said = self.chance.choice((vote, nil, None))
            if said is not None and receiver != self.member:
                self.network.send(self.member, receiver, said)

    def _attest(self) -> None:
        """Sign another history too."""
        super()._attest()
        state = self.running.machine.state
        assert state is not None
        if not self._lie():
            return
        name = self.around.founding.members[self.member]
        origin, keys = self.running.attestation.origin, self.around.founding.attesters[name]
        text = Checkpoint(origin, state.height + 1, self.chance.randbytes(32)).encode()
        named = verifier_keys(origin, keys.public(name))
        lines = [named.log.sign(text, keys.log), named.cosigner.sign(text, keys.cosigner, max(self.clock, 1))]
        self.network.broadcast(self.member, Note(sign_note(text, lines)))

    # Blocks that nobody may vote for

    def _bad_content(self, block: Block) -> Block:
        bad = self.chance.choice(BAD_CONTENT)(self, block)
        at = self.chance.randint(0, len(block.transactions))
        return replace(block, transactions=(*block.transactions[:at], *bad, *block.transactions[at:]))

    def _bad_time(self, block: Block) -> Block:
        return replace(block, time=self.chance.choice((0, block.time - 1, block.time + 1, FAR_FUTURE)))

    def _bad_state(self, block: Block) -> Block:
        wrong = replace(block, app_hash=self.chance.randbytes(32)), replace(block, last_commit=block.last_commit[:-2])
        return self.chance.choice(wrong)

    def _own(self, *, expiry: int | None = None, chain: bytes | None = None, ceilings: Ceilings = CEILINGS) -> bytes:
        """A transfer of this member's."""
        founding = self.around.founding
        if chain is not None:
            founding = founding._replace(chain=founding.chain._replace(id=chain))
        name = founding.members[self.member]
        part = (Transfer(TOKEN, founding.members[0], 1, "hostile"), (name,))
        signer = founding.cast.signer(name)
        until = self.clock + EXPIRY_MS if expiry is None else expiry
        return founding.signed([part], [signer], self.chance.randbytes(16), until, ceilings=ceilings)

    def _stripped(self) -> bytes:
        signed = transaction_codec.decode(self._own())
        return encode(Signed(signed.body, signed.actions, self.chance.choice(((), (bytes(64),)))))

    def _committed(self) -> tuple[bytes, ...]:
        run = [decided.block.transactions[:1] for decided in self.blocks if decided.block.transactions]
        return self.chance.choice(run) if run else (b"nothing ran yet",)

    def _twice(self) -> tuple[bytes, ...]:
        return (self._own(),) * 2

    def _stuffed(self) -> tuple[bytes, ...]:
        """One more than this member's share of a block has room for, by what they declare."""
        share = limits.BLOCK_WRITTEN_BYTES // limits.ORGANISATION_SHARE // HIGHEST.written_bytes
        return tuple(self._own(ceilings=HIGHEST) for _ in range(share + 1))


BAD_CONTENT: tuple[Bad, ...] = (
    lambda node, block: (node.chance.randbytes(100),),
    lambda node, block: (b"",),
    lambda node, block: (bytes(limits.TRANSACTION_BYTES + 1),),
    lambda node, block: (node._stripped(),),
    lambda node, block: (node._own(chain=bytes(32)),),
    lambda node, block: (node._own(expiry=block.time - 1),),
    lambda node, block: (node._own(expiry=block.time + limits.EXPIRY_MS + 1),),
    lambda node, block: node._committed(),
    lambda node, block: node._twice(),
    lambda node, block: node._stuffed(),
)
