"""Senders: transfers between the members, good and bad, sent again until each is answered."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import NamedTuple

from infoharbor.contracts.asset.tokens import Transfer
from infoharbor.edgekit.cast import Signer
from infoharbor.engine.interface import Refused
from infoharbor.kernel.block import Receipt
from infoharbor.kernel.encoding import encode
from infoharbor.kernel.transaction import Transaction, open_transaction, transaction_codec
from infoharbor.simulation.checks import Rule, Violation
from infoharbor.simulation.founding import MINTED, TOKEN, Part
from infoharbor.simulation.node import Node
from infoharbor.simulation.process import Surroundings

EXPIRY_MS = 10 * 60 * 1000
EVERY_MS = (20, 250)
AGAIN_MS = 1_500
PASSING = ("node.busy", "node.closed")
"""Refusals after which a sender tries again."""


class Sent(NamedTuple):
    """One transaction that somebody waits for; `good` if nothing but its time may keep it from a block."""

    id: bytes
    raw: bytes
    expiry: int
    good: bool


class Load:
    """All senders of a history; `nodes` are those that they know."""

    def __init__(self, around: Surroundings, nodes: list[Node]) -> None:
        self._around, self._nodes = around, nodes
        self._network, self._founding = around.network, around.founding
        self._chance = around.plan.chance("load")
        self._waiting: dict[bytes, Sent] = {}
        self._sent: list[bytes] = []
        self._heard: list[tuple[Sent, Future[Receipt]]] = []
        self.answers: dict[bytes, Receipt] = {}
        self.ended = False

    @property
    def is_settled(self) -> bool:
        """Whether everything good has been answered, or has lapsed."""
        return not any(sent.good and sent.expiry > self._network.now for sent in self._waiting.values())

    def begin(self) -> None:
        """Send one after another until `ended`."""
        if self.ended:
            return
        self._network.after(self._chance.randint(*EVERY_MS), self.begin)
        kinds = (self._transfer, self._overdraw, self._joint, self._brief, self._false, self._old)
        (kind,) = self._chance.choices(kinds, (70, 8, 8, 6, 4, 4))
        kind()

    def send(self, parts: list[Part], *, expiry: int | None = None, users: Sequence[Signer] = ()) -> Sent:
        """Sign and send a good transaction, by administrators or by these users."""
        expiry = self._network.now + EXPIRY_MS if expiry is None else expiry
        organisations = sorted({organisation for _, by in parts for organisation in by})
        signers = list(users) or [self._founding.cast.signer(organisation) for organisation in organisations]
        raw = self._founding.signed(parts, signers, self._chance.randbytes(16), expiry)
        return self.submit(raw, good=expiry - self._network.now >= EXPIRY_MS)

    def submit(self, raw: bytes, *, good: bool) -> Sent:
        opened = open_transaction(self._founding.chain.suite, raw)
        sent = Sent(opened.id, raw, opened.body.expiry, good)
        self._waiting[sent.id] = sent
        self._sent.append(raw)
        self._try(sent)
        return sent

    def _try(self, sent: Sent) -> None:
        if sent.id not in self._waiting or sent.expiry < self._network.now:
            return
        self._network.after(AGAIN_MS, lambda: self._try(sent))
        future = self._chance.choice(self._nodes).submit(sent.raw)
        future.add_done_callback(lambda done: self._heard.append((sent, done)))

    def listen(self) -> None:
        """Look at what the nodes have answered."""
        while self._heard:
            sent, future = self._heard.pop()
            refused = future.exception()
            if refused is None:
                self._around.checks.answered(sent.id, future.result())
                self.answers[sent.id] = future.result()
                self._waiting.pop(sent.id, None)
            elif not isinstance(refused, Refused):
                raise refused
            elif refused.code not in PASSING:
                if sent.good and sent.expiry > self._network.now:
                    raise Violation(Rule.KEPT, f"{sent.id.hex()} was refused: {refused}")
                self._waiting.pop(sent.id, None)

    def _pair(self) -> tuple[str, str]:
        sender, receiver = self._chance.sample(self._founding.members, 2)
        return sender, receiver

    def _transfer(self, amount: int = 1, *, expiry: int | None = None) -> None:
        sender, receiver = self._pair()
        self.send([(Transfer(TOKEN, receiver, amount, "load"), (sender,))], expiry=expiry)

    def _overdraw(self) -> None:
        self._transfer(MINTED * 1000)

    def _joint(self) -> None:
        one, other = self._pair()
        there, back = Transfer(TOKEN, other, 3, "there"), Transfer(TOKEN, one, 2, "back")
        self.send([(there, (one,)), (back, (other,))])

    def _brief(self) -> None:
        self._transfer(expiry=self._network.now + self._chance.randint(0, 3_000))

    def _false(self) -> None:
        sender, receiver = self._pair()
        part = (Transfer(TOKEN, receiver, 1, "false"), (sender,))
        raw = self._founding.signed(
            [part], [self._founding.cast.signer(sender)], self._chance.randbytes(16), self._network.now + EXPIRY_MS
        )
        signed: Transaction = transaction_codec.decode(raw)
        self.submit(encode(Transaction(signed.body, signed.actions, (self._chance.randbytes(64),))), good=False)

    def _old(self) -> None:
        """What was sent before, by somebody who does not know that."""
        if self._sent:
            self._chance.choice(self._nodes).submit(self._chance.choice(self._sent))
