"""Pages of the ledger itself: the overview, its blocks, its transactions."""

from typing import Any, Final
from urllib.parse import urlencode

from litestar import Response, get

from infoharbor.edgekit.json_form import from_iso
from infoharbor.gateway.exchange import Asked, part
from infoharbor.kernel.limits import INTEGER_MAX
from infoharbor.kernel.readers import ANONYMOUS
from infoharbor.portal.display import arguments
from infoharbor.portal.entering import MemberPage
from infoharbor.portal.naming import action_title
from infoharbor.portal.shell import Page
from infoharbor.sdk.documents import hex_bytes
from infoharbor.sdk.problems import Problem
from infoharbor.sdk.transactions import Place, list_transactions

BLOCKS: Final = 25
TRANSACTIONS: Final = 50
CHOSEN_BY: Final = ("organisation", "action", "result")
NEWEST_BLOCKS: Final = 6
NEWEST_TRANSACTIONS: Final = 8
LOOKED_THROUGH: Final = 60
"""How many of the newest blocks the overview searches for transactions that anyone may read."""
COUNTED_MAX: Final = 1_000


@get("/", sync_to_thread=True)
def get_overview(request: Asked) -> Response[str]:
    """What this ledger is, who has to be trusted, and what has happened last."""
    page = Page(request)
    status = page.client.status()
    height = status["height"]
    return page.show(
        "overview.html",
        status=status,
        blocks=newest_blocks(page, height, NEWEST_BLOCKS),
        transactions=newest_transactions(page, height),
        contracts=counted(page),
        members=len(page.organisations),
    )


@get("/blocks", sync_to_thread=True)
def get_blocks(request: Asked) -> Response[str]:
    """Blocks, the newest first; `before` pages back."""
    page = Page(request)
    newest = page.ledger.engine.status().height
    before = page.asked.integer("before", newest + 1, 0, INTEGER_MAX)
    first = min(before, newest + 1)
    blocks = newest_blocks(page, first - 1, BLOCKS)
    older = blocks[-1]["height"] if blocks and blocks[-1]["height"] else None
    return page.show("blocks.html", blocks=blocks, older=older, newer=first <= newest)


@get("/blocks/{height:str}", sync_to_thread=True)
def get_block(request: Asked) -> Response[str]:
    """A block's header, and those of its receipts that anyone may read."""
    page, height = Page(request), part(request, "height")
    if not (height.isascii() and height.isdigit() and len(height) <= 18):
        raise Problem("ledger.height_unknown", field="height", expected="a height that exists")
    block = page.client.block(int(height))
    hidden = block["receipts"] - len(block["results"])
    newest = page.ledger.engine.status().height
    return page.show("block.html", block=timed(block), hidden=hidden, newest=newest)


@get("/transactions", sync_to_thread=True)
def get_transactions(request: Asked) -> Response[str]:
    """Transactions that the reader may read, the newest first; `organisation`, `action` and `result` choose among them,
    `before` pages back."""
    page = MemberPage(request)
    below, wanted = _place(page.asked.text("before")), {name: page.asked.text(name) for name in CHOSEN_BY}
    page.asked.end()

    def fits(told: dict[str, Any]) -> bool:
        acting = {each["organisation"] for each in told["signers"]} | {
            by for one in told["actions"] for by in one["by"]
        }
        done = {f"{each['contract']}.{each['action']}" for each in told["actions"]}
        held = {"organisation": acting, "action": done, "result": {told["result"]}}
        return all(not wanted[name] or wanted[name] in held[name] for name in CHOSEN_BY)

    found = list_transactions(page.client, below=below, limit=TRANSACTIONS, fits=fits)
    older = {**{name: value for name, value in wanted.items() if value}, "before": ""}
    if found.next is not None:
        older["before"] = f"{found.next.height}.{found.next.position}"
    return page.show(
        "transactions.html",
        transactions=[timed(each) for each in found.items],
        chosen=wanted,
        actions=_all_actions(page),
        older=f"/transactions?{urlencode(older)}" if older["before"] else "",
        newer="/transactions" if below is not None else "",
        member=page.reader.organisation,
    )


def _place(text: str) -> Place | None:
    """The place that `before` names as HEIGHT.POSITION."""
    if not text:
        return None
    parts = text.split(".")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() and int(part) <= INTEGER_MAX for part in parts):
        raise Problem("input.cursor", field="before", expected="where a page of transactions ended")
    return Place(*map(int, parts))


def _all_actions(page: Page) -> list[tuple[str, str]]:
    """Every action of this node by its title, under the contract's."""
    return [
        (f"{name}.{kind.name}", f"{page.contract_title(name)} · {action_title(page, name, kind.name)}")
        for name in sorted(page.ledger.registry.contracts)
        for kind in page.ledger.registry.actions(name)
    ]


@get("/transactions/{identifier:str}", sync_to_thread=True)
def get_transaction(request: Asked) -> Response[str]:
    """What became of a transaction: who signed, on what authority, what it did and what it wrote."""
    page = MemberPage(request)
    receipt = page.client.receipt(hex_bytes(part(request, "identifier").lower(), "id", 32))
    return page.show("transaction.html", receipt=timed(receipt), actions=_actions(page, receipt))


def timed(block: dict[str, Any]) -> dict[str, Any]:
    """With the time as an integer, as pages want it."""
    return block | {"time": from_iso(block["time"], "time")}


def newest_blocks(page: Page, height: int, count: int) -> list[dict[str, Any]]:
    """Up to `count` blocks downwards from `height`."""
    if height < 0:
        return []
    count = min(count, height + 1)
    after = max(height - count, page.ledger.engine.first_block - 1)
    found = page.client.blocks(after=after, limit=count)["items"] if after < height else []
    return [timed(block) for block in reversed(found)]


def newest_transactions(page: Page, height: int) -> list[dict[str, Any]]:
    """The newest receipts that anyone may read, each with its block's time."""
    found: list[dict[str, Any]] = []
    with page.ledger.sight(ANONYMOUS) as sight:
        after = max(height - LOOKED_THROUGH, page.ledger.engine.first_block - 1)
        for block in reversed(list(page.ledger.engine.blocks(after, LOOKED_THROUGH))):
            receipts = page.client.event(sight, block)["receipts"]
            found += [receipt | {"time": block.header.time} for receipt in reversed(receipts)]
            if len(found) >= NEWEST_TRANSACTIONS:
                break
    return found[:NEWEST_TRANSACTIONS]


def counted(page: Page) -> list[dict[str, Any]]:
    """Each contract with how many records anyone may read in it, counted up to a bound."""
    counts: list[dict[str, Any]] = []
    with page.ledger.sight(ANONYMOUS) as sight:
        for name in sorted(page.ledger.registry.contracts):
            records = 0
            for _ in sight.living(f"{name}/"):
                records += 1
                if records == COUNTED_MAX:
                    break
            title = page.contract_title(name)
            shown = f"{records:,}+" if records == COUNTED_MAX else f"{records:,}"
            counts.append({"name": name, "title": title, "records": shown})
    return counts


def _actions(page: Page, receipt: dict[str, Any]) -> list[dict[str, Any]]:
    content = receipt["content"]
    if content is None:
        return []
    return [
        {
            "name": f"{action['contract']}.{action['action']}",
            "contract": action["contract"],
            "action": action["action"],
            "by": action["by"],
            "arguments": arguments(
                page, action["contract"], action["action"], action.get("arguments", action.get("arguments_hex"))
            ),
        }
        for action in content["actions"]
    ]


ROUTES = [get_overview, get_blocks, get_block, get_transactions, get_transaction]
