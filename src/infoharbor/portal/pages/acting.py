"""The form of any action: filled in, it becomes a bundle to sign, which waits for others where they sign too; on a demo
ledger it is signed here."""

import asyncio
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.response import Redirect

from infoharbor.contracts.identity.records import Key, KeyStatus
from infoharbor.edgekit.lookups import installed_lookup
from infoharbor.edgekit.pages import authority_for
from infoharbor.gateway.exchange import Asked, answer, part
from infoharbor.gateway.pending.routes import bundles_of
from infoharbor.kernel.actions import ActionType
from infoharbor.kernel.records import PUBLIC
from infoharbor.portal.entering import MemberPage, ensure_same_site
from infoharbor.portal.forms import Input, argument, inputs
from infoharbor.portal.together import FIELD, Other, acting, keys_of, others_in
from infoharbor.sdk.building import EXPIRY_MS, Part, Unsigned, build, now_ms
from infoharbor.sdk.documents import prepared_form, read_parts
from infoharbor.sdk.problems import Problem

EVIDENCE_BYTES: Final = 10 * 1024 * 1024
VALUE_MAX: Final = 10_000
DAYS: Final = (1, 3, 7, 14, 30)
DAYS_USUAL: Final = 14
DAY_MS: Final = 24 * 60 * 60 * 1000
"""How long a bundle of several organisations may wait: the form offers these."""


@get("/act/{contract:str}/{action:str}", sync_to_thread=True)
def get_act(request: Asked) -> Response[str]:
    """The action's form; parameters that are called like its fields fill it in, `ask` asks the authority it cites."""
    page = MemberPage(request)
    kind = _kind(page, request)
    known = page.asked.rest()
    if known.pop("ask", ""):
        known |= _answer_of(page, kind, known)
    return _form(page, kind, known)


@post("/act/{contract:str}/{action:str}", status_code=200)
async def post_act(request: Asked) -> Response[Any]:
    """Keep the files in the member's vault, and make the bundle: to take away, or signed here on a demo ledger."""
    ensure_same_site(request)
    page = MemberPage(request)
    me, kind = page.ensure_member().organisation, _kind(page, request)
    given = await request.form()
    arguments = {}
    for each in inputs(page, kind):
        arguments[each.name] = await _argument(page, kind, each, given.get(each.name))
    others = others_in(str(given.get(FIELD, ""))[:VALUE_MAX])
    document = [{"by": acting(me, others), "contract": kind.contract, "action": kind.name, "arguments": arguments}]
    with page.ledger.explained():
        parts = read_parts(page.ledger.registry, document)
    if others:
        unsigned = await asyncio.to_thread(_together, page, parts, others, kind, str(given.get("days", "")))
        return await _before_all(request, page, unsigned)
    if given.get("how") == "demo" and page.demo is not None:
        signer = page.demo.signer(me)
        raw = build(page.ledger.chain, parts, [signer.key_id]).signed_by(signer)
        receipt = await page.gateway.submit(page.reader, raw)
        return await asyncio.to_thread(_done, page, kind, receipt)
    keys = await asyncio.to_thread(_keys, page)
    headers = {"Content-Disposition": f'attachment; filename="{kind.name}.prepared.json"'}
    return answer(prepared_form(build(page.ledger.chain, parts, keys)), headers=headers)


def _together(page: MemberPage, parts: list[Part], others: list[Other], kind: ActionType, days: str) -> Unsigned:
    """The bundle that the member and the others are to sign. One organisation's own people sign within the hour."""
    with page.ledger.sight(page.reader) as sight:
        keys = [_own_key(page), *keys_of(sight, others, f"{kind.contract}.{kind.name}")]
    if days not in map(str, DAYS):
        raise Problem("input.choice", field="days", expected=" or ".join(map(str, DAYS)))
    waits = int(days) * DAY_MS if len(parts[0][1]) > 1 else EXPIRY_MS
    return build(page.ledger.chain, parts, list(dict.fromkeys(keys)), expiry=now_ms() + waits)


async def _before_all(request: Asked, page: MemberPage, unsigned: Unsigned) -> Response[Any]:
    """Where it waits for every signature; on a demo ledger the member's own is on it."""
    bundles = bundles_of(request)
    if page.demo is not None:
        signer = page.demo.signer(page.reader.organisation)
        form = await bundles.put(page.reader, unsigned, {signer.key_id: signer.key.sign(unsigned.to_sign)})
    else:
        form = await asyncio.to_thread(bundles.propose, page.reader, unsigned)
    return Redirect(f"/pending/{form['id']}", status_code=303)


def _own_key(page: MemberPage) -> bytes:
    demo = page.demo
    return demo.signer(page.reader.organisation).key_id if demo is not None else _keys(page)[0]


def _kind(page: MemberPage, request: Asked) -> ActionType:
    contract, name = part(request, "contract"), part(request, "action")
    kind = page.ledger.registry.action(contract, name, page.client.in_force().get(contract, 0))
    if kind is None:
        raise Problem("ledger.action_unknown", field="action", expected="an action that /contracts lists")
    return kind


def _form(page: MemberPage, kind: ActionType, known: dict[str, str]) -> Response[str]:
    authority = authority_for(page.ledger.registry, kind.contract, kind.name)
    return page.show(
        "act.html",
        contract=kind.contract,
        contract_title=page.contract_title(kind.contract),
        title=page.texts.sentence(page.ledger.words.text(kind.contract, "actions", kind.name)),
        about=page.texts.sentence(page.ledger.words.about(kind)),
        address=f"/act/{kind.contract}/{kind.name}",
        inputs=[each._replace(value=known.get(each.name, "")[:VALUE_MAX]) for each in inputs(page, kind)],
        member=page.reader.organisation,
        demo=page.demo is not None,
        others=known.get(FIELD, "")[:VALUE_MAX],
        days=DAYS,
        days_usual=DAYS_USUAL,
        authority=authority,
        ask=f"?{urlencode({**known, 'ask': 1})}",
        connected=authority is not None and installed_lookup(kind.contract, kind.name) is not None,
    )


def _answer_of(page: MemberPage, kind: ActionType, known: dict[str, str]) -> dict[str, str]:
    """What the authority's connection answers, its evidence kept in the member's vault."""
    me, connection = page.ensure_member().organisation, installed_lookup(kind.contract, kind.name)
    if connection is None:
        raise Problem("http.not_found", field="ask", expected="a connection that is installed on this node")
    try:
        found = connection.ask(me, known)
    except OSError as fault:
        raise Problem("input.lookup", field="ask", expected=str(fault)[:200]) from None
    commitment = _kept(page, kind, "commitment", found.evidence).hex()
    return {name: str(value) for name, value in found.arguments.items()} | {"commitment": commitment}


async def _argument(page: MemberPage, kind: ActionType, each: Input, value: Any) -> Any:
    if isinstance(value, UploadFile):
        content = await value.read()
        if not content:
            raise Problem("input.field_missing", field=each.name, expected="a file")
        if len(content) > EVIDENCE_BYTES:
            raise Problem("input.too_large", field=each.name, expected=f"at most {EVIDENCE_BYTES} bytes")
        return (await asyncio.to_thread(_kept, page, kind, each.name, content)).hex()
    text = str(value or "")
    if len(text) > VALUE_MAX:
        raise Problem("input.length", field=each.name, expected=f"at most {VALUE_MAX} characters")
    return argument(each, text)


def _kept(page: MemberPage, kind: ActionType, field: str, content: bytes) -> bytes:
    """Put a file into the member's vault: the ledger gets the salted commitment."""
    vaults = page.gateway.vaults
    if vaults is None:
        raise Problem("http.not_found", field=field, expected="a node that keeps vaults")
    return vaults.of(page.reader.organisation).put(f"{kind.contract}/{kind.name}", field, content).commitment


def _keys(page: MemberPage) -> list[bytes]:
    """The keys in force of the user whose token this is: whichever signs, signs alone."""
    with page.ledger.sight(page.reader) as sight:
        own = [bytes.fromhex(each.id) for each in sight.scan(Key) if _in_force(each, page, sight.now)]
    if not own:
        raise Problem("client.no_signer", field="keys", expected="a key in force of the token's user")
    return own[:1]


def _in_force(key: Key, page: MemberPage, now: int) -> bool:
    return key.user == page.reader.user and key.status is KeyStatus.ACTIVE and not key.has_expired(now)


def _done(page: MemberPage, kind: ActionType, receipt: dict[str, Any] | None) -> Response[str]:
    if receipt is None:
        raise Problem("ledger.still_waiting", field="transaction", expected="its receipt, later")
    title = page.texts.sentence(page.ledger.words.text(kind.contract, "actions", kind.name))
    writes = [_written(page, each["path"]) for each in receipt["writes"]]
    return page.show("acted.html", title=title, receipt=receipt, writes=writes, member=page.reader.organisation)


def _written(page: MemberPage, path: str) -> dict[str, Any]:
    """A record as the page names it; it has a page of its own where anyone may read it."""
    contract, table, key = path.split("/", 2)
    found = page.ledger.registry.table(path)
    title = page.texts.sentence(page.ledger.words.text(contract, "tables", table))
    return {"table": title, "key": key, "path": path if found is not None and found.visible == PUBLIC else ""}


ROUTES = [get_act, post_act]
