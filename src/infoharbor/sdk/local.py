"""The client's verbs straight over an engine in this process; the gateway answers with the same."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from infoharbor.edgekit.json_form import iso
from infoharbor.edgekit.reports import Table
from infoharbor.edgekit.sight import Sight
from infoharbor.engine.interface import Block, HeightGone
from infoharbor.kernel.actions import Action
from infoharbor.kernel.block import Receipt, receipt_codec
from infoharbor.kernel.readers import ANONYMOUS, Reader, is_signer
from infoharbor.kernel.records import Entry, RecordType
from infoharbor.kernel.transaction import open_transaction
from infoharbor.sdk import forms
from infoharbor.sdk.building import build_signed, now_ms
from infoharbor.sdk.keys import Signing
from infoharbor.sdk.ledger import Ledger
from infoharbor.sdk.listing import PAGE, list_records
from infoharbor.sdk.problems import Problem
from infoharbor.sdk.proving import prove
from infoharbor.sdk.refused import StoodBefore, refused_in, stood_before, transaction_at

BLOCKS_A_PAGE: Final = 100


class LocalClient:
    """The ledger as `reader` sees it; with a signer, as the signer's organisation, and able to act."""

    def __init__(self, ledger: Ledger, *, reader: Reader = ANONYMOUS, signer: Signing | None = None) -> None:
        self.ledger, self.engine, self.registry = ledger, ledger.engine, ledger.registry
        self.signer = signer
        self.reader = Reader(signer.organisation) if signer is not None else reader

    # Acting

    def act(self, *actions: Action, by: Sequence[str] = (), signers: Sequence[Signing] = ()) -> dict[str, Any]:
        """Build, sign, send and wait: the receipt. Raises `Problem` if the ledger refuses."""
        signing = tuple(signers) or ((self.signer,) if self.signer is not None else ())
        if not signing:
            raise self.ledger.problem("client.no_signer", "signers", "a key that signs")
        return self.submit(build_signed(self.ledger.chain, actions, *signing, by=by))

    def submit(self, raw: bytes, *, timeout: float = 30) -> dict[str, Any]:
        """Send a transaction and wait until its block is durable: the receipt. Raises `Problem` if it is refused."""
        with self.ledger.explained():
            try:
                receipt = self.engine.submit(raw).result(timeout)
            except TimeoutError:
                raise self.ledger.problem("ledger.still_waiting", "transaction", "its receipt, later") from None
            return self.answer(receipt)

    def submit_many(self, raws: Sequence[bytes], *, timeout: float = 60) -> list[dict[str, Any] | Problem]:
        """Send transactions together; for each its receipt, or the `Problem` that it met."""
        waiting = [self.engine.submit(raw) for raw in raws]
        answers: list[dict[str, Any] | Problem] = []
        for future in waiting:
            try:
                with self.ledger.explained():
                    answers.append(self.answer(future.result(timeout)))
            except Problem as problem:
                answers.append(problem)
            except TimeoutError:
                answers.append(self.ledger.problem("ledger.still_waiting", "transaction", "its receipt, later"))
        return answers

    def answer(self, receipt: Receipt) -> dict[str, Any]:
        """A receipt as the reader is shown it; a refusal is raised."""
        shown = is_signer(receipt, self.reader)
        form = forms.receipt_form(receipt, self.ledger.words, show_expected=shown)
        if receipt.code:
            expected = receipt.expected if shown else ""
            raise self.ledger.problem(receipt.code, receipt.field, expected, receipt=form)
        return form

    # Reading

    def table(self, contract: str, table: str) -> RecordType:
        kind = self.registry.tables.get(f"{contract}/{table}")
        if kind is None:
            raise self.ledger.problem("ledger.table_unknown", "table", "a table that /v1/contracts lists")
        return kind

    def record(self, path: str) -> dict[str, Any]:
        """The newest version of the record at `CONTRACT/TABLE/KEY`."""
        with self.ledger.sight(self.reader) as sight:
            seen = sight.at(path)
        if seen is None or seen.record is None:
            raise self._unknown_record(path)
        return forms.record_form(seen)

    def history(self, path: str, *, limit: int = PAGE, before: int = 0) -> dict[str, Any]:
        """Versions of a record that the reader may read, the newest first; below version `before`, if it is given."""
        items: list[dict[str, Any]] = []
        more, readable = None, False
        with self.ledger.sight(self.reader) as sight:
            try:
                for entry in self.engine.history(path):
                    seen = sight.see(path, entry)
                    readable = readable or seen is not None
                    if seen is None or (before and entry.version >= before):
                        continue
                    if len(items) == limit:
                        more = items[-1]["version"]
                        break
                    items.append(forms.record_form(seen))
            except HeightGone as gone:
                # Older ones are not kept here: whoever pages on is told, and may read some of it at all.
                if items:
                    more = items[-1]["version"]
                elif before and readable:
                    raise self.ledger.problem(gone.code, gone.field, gone.expected) from None
        if not items and not before:
            raise self._unknown_record(path)
        return {"items": items, "next": more}

    def records(
        self, contract: str, table: str, filters: Mapping[str, str] | None = None, *, limit: int = PAGE, after: str = ""
    ) -> dict[str, Any]:
        """A page of a table's records: `{"items": […], "next": cursor or null}`."""
        kind = self.table(contract, table)
        with self.ledger.explained(), self.ledger.sight(self.reader) as sight:
            page = list_records(sight, kind, filters or {}, limit=limit, after=after, cursors=self.ledger.cursors)
        return {"items": [forms.record_form(seen) for seen in page.items], "next": page.next}

    def query(self, contract: str, name: str, parameters: Mapping[str, str] | None = None) -> Any:
        """The answer to a contract's named query."""
        found = self.ledger.queries.get((contract, name))
        if found is None:
            raise self.ledger.problem("ledger.query_unknown", "name", "a query that /v1/contracts lists")
        with self.ledger.explained(), self.ledger.sight(self.reader) as sight:
            return found.ask(sight, parameters or {})

    def report(self, contract: str, name: str, parameters: Mapping[str, str] | None = None) -> Table:
        """A contract's report as the reader may see it."""
        found = self.ledger.reports.get((contract, name))
        if found is None:
            raise self.ledger.problem("ledger.report_unknown", "name", "a report that /v1/contracts lists")
        with self.ledger.explained(), self.ledger.sight(self.reader) as sight:
            return found.ask(sight, parameters or {})

    def receipt(self, transaction: bytes) -> dict[str, Any]:
        """What became of a transaction: for its signers, and who may read all that it wrote; of a refusal, who may read
        the records that it concerned. With its content, which of a refused one its signers alone are shown."""
        receipt = self.engine.receipt(transaction)
        if receipt is None:
            raise self._unknown_transaction()
        block = self.engine.block(receipt.height)
        with self.ledger.sight(self.reader) as sight:
            stood = stood_before(self.engine, receipt.height)
            if not self._may_read(sight, block, receipt, written_by(block, receipt.position), stood):
                raise self._unknown_transaction()
        shown = is_signer(receipt, self.reader)
        form = forms.receipt_form(receipt, self.ledger.words, show_expected=shown)
        raw = transaction_at(block, receipt.position) if shown or not receipt.code else None
        content = (
            None if raw is None else forms.transaction_form(open_transaction(self.registry.suite, raw), self.registry)
        )
        return form | {"time": iso(block.header.time), "content": content}

    def blocks(self, *, after: int = -1, limit: int = BLOCKS_A_PAGE) -> dict[str, Any]:
        """Blocks from beyond height `after`, ascending."""
        items = [forms.block_form(block) for block in self.engine.blocks(after, limit)]
        return {"items": items, "next": items[-1]["height"] if len(items) == limit else None}

    def block(self, height: int) -> dict[str, Any]:
        """A block with those receipts that the reader may read."""
        with self.ledger.explained():
            block = self.engine.block(height)
        with self.ledger.sight(self.reader) as sight:
            return forms.block_form(block) | {"results": self.results(sight, block)}

    def event(self, sight: Sight, block: Block) -> dict[str, Any]:
        """What a follower is told of a block: the receipts and the written versions that the reader may read."""
        seen = [sight.see(write.path, write.entry) for write in block.writes]
        header = block.header
        return {
            "height": header.height,
            "time": iso(header.time),
            "receipts": self.results(sight, block),
            "records": [forms.record_form(each) for each in seen if each is not None],
        }

    def follow(self, *, after: int | None = None) -> Iterator[dict[str, Any]]:
        """One event a block from beyond height `after` (by default: from now on), for ever."""
        height = self.engine.status().height if after is None else after
        while True:
            self.engine.wait_beyond(height, 1.0)
            for block in self.engine.blocks(height):
                with self.ledger.sight(self.reader) as sight:
                    event = self.event(sight, block)
                height = event["height"]
                yield event

    def status(self) -> dict[str, Any]:
        status = self.engine.status()
        return status._asdict() | {
            "chain": status.chain.hex(),
            "time": iso(status.time),
            "hash_suite": self.registry.suite.name,
            "readmodel": self._readmodel(),
        }

    def _readmodel(self) -> dict[str, Any] | None:
        """How far the SQL mirror is, and whether it goes on; why not is for the operator alone, who has the log."""
        follower = self.ledger.follower
        if follower is None:
            return None
        return {"height": follower.condition.height, "follows": not follower.condition.fault}

    def in_force(self) -> dict[str, int]:
        """The versions by which the next block runs, by contract; those that were voted and are still to come are not in
        it."""
        with self.ledger.sight(ANONYMOUS) as sight:
            now = max(sight.now, now_ms())  # An idle ledger has its newest block's time, which may be long past.
            voted = self.registry.governance.activations(sight.scan)
        return {each.contract: each.version for each in voted if each.since <= now}

    def contracts(self) -> list[dict[str, Any]]:
        """What this node can run, and which versions the members have voted active."""
        with self.ledger.sight(ANONYMOUS) as sight:
            activations = self.registry.governance.activations(sight.scan)
            active = {each.contract: each.version for each in activations if each.since <= sight.now}
        contracts = forms.contracts_form(self.registry, self.ledger.words, active)
        for contract in contracts:
            contract["queries"] = [
                {"query": each.name, "title": each.title_en, "title_zh": each.title_zh, "about": each.about,
                 "parameters": {name: kind.annotation.__name__ for name, kind in each.parameters.items()}}
                for (name_of, _), each in sorted(self.ledger.queries.items()) if name_of == contract["contract"]
            ]  # fmt: skip
            contract["reports"] = [
                {"report": each.name, "title": each.title.en, "title_zh": each.title.zh, "about": each.about.en,
                 "about_zh": each.about.zh, "parameters":
                 {name: kind.annotation.__name__ for name, kind in each.question.parameters.items()}}
                for (name_of, _), each in sorted(self.ledger.reports.items()) if name_of == contract["contract"]
            ]  # fmt: skip
        return contracts

    def proof(self, path: str, *, history: bool = True, witnessed: bool = False) -> bytes:
        """The evidence file of a record, present or absent; `witnessed`: under a checkpoint that outside witnesses cosigned."""
        with self.ledger.explained(), self.ledger.sight(self.reader) as sight:
            return prove(self.engine, sight, [path], history=history, witnessed=witnessed)

    def checkpoint(self) -> str:
        """The newest signed checkpoint of the header log (C2SP tlog-checkpoint)."""
        return self.engine.checkpoint()

    def results(self, sight: Sight, block: Block) -> list[dict[str, Any]]:
        """The receipts of a block that the reader may read."""
        written: dict[int, dict[str, Entry]] = {}
        for write in block.writes:
            written.setdefault(write.position, {})[write.path] = write.entry
        receipts: list[Receipt] = [receipt_codec.decode(raw) for raw in block.receipts]
        stood = stood_before(self.engine, block.header.height)
        return [
            forms.receipt_form(receipt, self.ledger.words, show_expected=is_signer(receipt, self.reader))
            for receipt in receipts
            if self._may_read(sight, block, receipt, written.get(receipt.position, {}), stood)
        ]

    def _may_read(
        self, sight: Sight, block: Block, receipt: Receipt, written: dict[str, Entry], stood: StoodBefore
    ) -> bool:
        if sight.may_read_receipt(receipt, written):
            return True
        return bool(receipt.code) and sight.see_refusal(refused_in(block, receipt, stood)) is not None

    def _unknown_record(self, path: str) -> Problem:
        return self.ledger.problem("ledger.record_unknown", "path", "a record that you may read")

    def _unknown_transaction(self) -> Problem:
        return self.ledger.problem("ledger.transaction_unknown", "id", "a transaction that you may read")


def written_by(block: Block, position: int) -> dict[str, Entry]:
    """What the transaction at this position of the block wrote."""
    return {write.path: write.entry for write in block.writes if write.position == position}
