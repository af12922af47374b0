"""Nodes that do otherwise than ours: with another rule, a rule that breaks the machine, or proposals that nobody may vote for."""

import os
import signal
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from infoharbor.contracts.asset import holds
from infoharbor.contracts.asset.records import LockStatus
from infoharbor.contracts.asset.tokens import Transfer
from infoharbor.crypto.hashes import SHA256
from infoharbor.engine.cometbft import engine as network
from infoharbor.engine.cometbft import retention
from infoharbor.engine.cometbft.application import Application
from infoharbor.engine.cometbft.attesting import Attesting
from infoharbor.engine.cometbft.state_sync import StateSync
from infoharbor.engine.interface import Refused
from infoharbor.engine.state_restore import Restoring
from infoharbor.engine.state_shelf import Shelf
from infoharbor.evidence.checkpoint import Checkpoint
from infoharbor.evidence.note import checkpoint_in, sign_note
from infoharbor.kernel import limits

UNLUCKY = 13
"""The amount at which another rule gives another result."""
POISON = 666
"""The amount at which the machine fails."""
_apply = Transfer.apply


def another_rule() -> None:
    """As a library of another version would do it: nothing that is hashed shows it."""

    def apply(action: Transfer, ledger: Any) -> None:
        amount = UNLUCKY + 1 if action.amount == UNLUCKY else action.amount
        _apply(Transfer(action.token, action.to, amount, action.reference), ledger)

    Transfer.apply = apply  # type: ignore[method-assign]


def poisonous_rule() -> None:
    def apply(action: Transfer, ledger: Any) -> None:
        if action.amount == POISON:
            raise MemoryError
        _apply(action, ledger)

    Transfer.apply = apply  # type: ignore[method-assign]


def poisonous_due_move() -> None:
    """The machine fails on it whenever it is made, and it is tried again soon."""
    limits.DUE_RETRY_MS = 2_000
    end = holds.end_hold

    def ended(ledger: Any, hold: str, status: LockStatus) -> None:
        if status == LockStatus.EXPIRED:
            raise MemoryError
        end(ledger, hold, status)

    holds.end_hold = ended


def honest_rule() -> None:
    Transfer.apply = _apply  # type: ignore[method-assign]


def bad_proposals() -> None:
    """Proposes, in turn, whatever no block may hold, and votes for it itself."""
    prepare, process = Application.prepare, Application.process
    ran: list[bytes] = []
    turns = 0

    def bad(good: Sequence[bytes]) -> list[bytes]:
        nonlocal turns
        turns += 1
        first = list(good[:1])
        kinds = [
            [b"no transaction"],
            first * 2 or [b"\xc0"],
            [bytes(limits.TRANSACTION_BYTES + 1)],
            ran[-1:] or [b"\xc1"],
            [first[0][:-1] + bytes([first[0][-1] ^ 1])] if first else [b"\xc2"],
        ]
        return kinds[turns % len(kinds)]

    def prepared(application: Application, *asked: Any) -> list[bytes]:
        return bad(prepare(application, *asked))

    def processed(application: Application, time: int, transactions: Sequence[bytes], hash: bytes) -> None:
        try:
            process(application, time, transactions, hash)
            ran.extend(transactions)
        except Refused:
            return

    Application.prepare, Application.process = prepared, processed  # type: ignore[method-assign]


def another_clock() -> None:
    """As `hostile_clock` sets that of CometBFT."""
    ahead = int(os.environ["HOSTILE_CLOCK"].removesuffix("s")) * 1000
    network.milliseconds = lambda: time.time_ns() // 1_000_000 + ahead  # type: ignore[assignment]


def two_histories() -> None:
    """Attests what it has committed, and another history of the same size."""
    note = Attesting.note

    def lying(attesting: Attesting, now: int) -> bytes:
        honest, own = note(attesting, now), attesting._attestation.own
        if not honest or own is None or now // 1000 % 2:
            return honest
        committed = checkpoint_in(honest)
        text = Checkpoint(committed.origin, committed.size, SHA256.digest(committed.root)).encode()
        keys, verifiers = own._keys, own.verifiers
        return sign_note(text, [verifiers.log.sign(text, keys.log), verifiers.cosigner.sign(text, keys.cosigner, now)])

    Attesting.note = lying  # type: ignore[method-assign]


def dies_restoring() -> None:
    """Is killed between two chunks of the state that it begins with."""
    put = Restoring.put

    def killed(restoring: Restoring, chunk: bytes) -> None:
        put(restoring, chunk)
        os.kill(os.getpid(), signal.SIGKILL)

    Restoring.put = killed  # type: ignore[method-assign]


def dies_restored() -> None:
    """Is killed when the state is there, before CometBFT goes on from it."""
    take_over = StateSync._take_over

    def killed(syncing: StateSync, restoring: Restoring) -> None:
        take_over(syncing, restoring)
        os.kill(os.getpid(), signal.SIGKILL)

    StateSync._take_over = killed  # type: ignore[method-assign]


def alters_chunks() -> None:
    """Serves a state in which a byte of each chunk is another."""
    chunk = Shelf.chunk

    def altered(shelf: Shelf, order: int, index: int) -> bytes:
        sound = chunk(shelf, order, index)
        return sound[:-1] + bytes((sound[-1] ^ 1,)) if sound else sound

    Shelf.chunk = altered  # type: ignore[method-assign]


def forgets_soon() -> None:
    """Misbehaviour lapses after a few heights, and its CometBFT keeps no blocks of before."""
    retention.NOTED_EVERY_MS = 0
    network.Retention = partial(retention.Retention, blocks=5, milliseconds=0)  # type: ignore[misc, assignment]


BEHAVIOURS: dict[str, Callable[[], None]] = {
    "another clock": another_clock,
    "two histories": two_histories,
    "another rule": another_rule,
    "a poisonous rule": poisonous_rule,
    "a poisonous due move": poisonous_due_move,
    "bad proposals": bad_proposals,
    "dies restoring": dies_restoring,
    "dies restored": dies_restored,
    "alters chunks": alters_chunks,
    "forgets soon": forgets_soon,
}
