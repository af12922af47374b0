"""The form of any action: filled in, it becomes a bundle to sign, which waits for others where they sign too; on a demo
ledger it is signed here."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.response import Redirect

from infoharbor.contracts.identity.records import Key, KeyStatus
from infoharbor.edgekit.lookups import installed_lookup
from infoharbor.edgekit.pages import authority_for
from infoharbor.engine.interface import Refused
from infoharbor.gateway.exchange import Asked, answer, part
from infoharbor.gateway.pending.routes import bundles_of
from infoharbor.gateway.problems import as_problem, status_of
from infoharbor.kernel.actions import ActionType
from infoharbor.kernel.encoding import Malformed
from infoharbor.portal.entering import MemberPage, ensure_same_site
from infoharbor.portal.forms import Input, inputs, leaves, parties
from infoharbor.portal.together import FIELD, Other, acting, keys_of, others_in
from infoharbor.portal.typed import arguments
from infoharbor.sdk.building import EXPIRY_MS, Part, Unsigned, build, now_ms
from infoharbor.sdk.documents import prepared_form, read_parts
from infoharbor.sdk.problems import Problem

EVIDENCE_BYTES: Final = 10 * 1024 * 1024
VALUE_MAX: Final = 10_000
ARGUMENTS: Final = "actions[0].arguments."
"""Where the form's fields stand in the document that is made of it."""
WITHOUT: Final = "without"
"""The button that takes a row away is called so; its value is the row."""
MENDED: Final = (400, 403, 404, 409, 413, 422)
"""What whoever fills in a form can mend there."""
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
    """Keep the files in the member's vault, and make the bundle: to take away, or signed here on a demo ledger. What is
    refused can be mended: the form comes again, as it was filled in, with what was wrong. So it does for more rows, for
    one less, and for the fields of another choice."""
    ensure_same_site(request)
    page = MemberPage(request)
    page.ensure_member()
    kind, given = _kind(page, request), await request.form()
    typed = {name: text for name, text in given.items() if isinstance(text, str)}
    if given.get("how") == "rows" or WITHOUT in given:
        return await asyncio.to_thread(_form, page, kind, _without(typed, typed.get(WITHOUT, "")))
    try:
        return await _act(request, page, kind, given, typed)
    except (Problem, Refused, Malformed) as fault:
        problem = as_problem(fault)
        if status_of(problem) not in MENDED:
            raise
        problem.field = problem.field.removeprefix(ARGUMENTS)
        return await asyncio.to_thread(_form, page, kind, typed, problem)


def _without(typed: Mapping[str, str], row: str) -> dict[str, str]:
    """What was typed, but for one row of a list."""
    return {name: text for name, text in typed.items() if not row or not f"{name}.".startswith(f"{row}.")}


async def _act(
    request: Asked, page: MemberPage, kind: ActionType, given: Mapping[str, Any], typed: Mapping[str, str]
) -> Response[Any]:
    too_long = next((name for name, text in typed.items() if len(text) > VALUE_MAX), None)
    if too_long is not None:
        raise Problem("input.length", field=too_long[:100], expected=f"at most {VALUE_MAX} characters")

    async def keep(each: Input) -> str:
        return await _file(page, kind, each, given.get(each.name))

    me, enclosed = page.reader.organisation, page.ledger.enclosed.get(kind.of)
    with page.ledger.explained():
        made = await asyncio.to_thread(inputs, page, kind, typed)
        filled = await arguments(made, keep, enclosed)
    rows = await asyncio.to_thread(_others, page, kind, typed)
    others = others_in("\n".join(each.value for each in rows.parts))
    document = [{"by": acting(me, others), "contract": kind.contract, "action": kind.name, "arguments": filled}]
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


def _form(page: MemberPage, kind: ActionType, known: dict[str, str], problem: Problem | None = None) -> Response[str]:
    """The form, filled in with what is known; with `problem`, what was wrong with it as it was sent."""
    known = {name: text[:VALUE_MAX] for name, text in known.items()}
    made, others = inputs(page, kind, known), _others(page, kind, known)
    enclosed = page.ledger.enclosed.get(kind.of)
    authority = authority_for(page.ledger.registry, kind.contract, kind.name)
    return page.show(
        "act.html",
        http_status=200 if problem is None else status_of(problem),
        problem=problem,
        wrong="" if problem is None else page.texts.sentence(page.ledger.words.refusal(problem.code)),
        contract=kind.contract,
        contract_title=page.contract_title(kind.contract),
        title=page.texts.sentence(page.ledger.words.text(kind.contract, "actions", kind.name)),
        about=page.texts.sentence(page.ledger.words.about(kind) if enclosed is None else enclosed.about),
        address=f"/act/{kind.contract}/{kind.name}",
        inputs=made,
        lists={each.known: each.choices for each in leaves([*made, others]) if each.choices and each.kind != "choice"},
        has_file=any(each.kind == "file" for each in leaves(made)),
        wrong_at=""
        if problem is None
        else next((each.word for each in leaves(made) if each.name == problem.field), ""),
        member=page.reader.organisation,
        demo=page.demo is not None,
        others=others,
        days=DAYS,
        days_usual=DAYS_USUAL
        if problem is None
        else next((n for n in DAYS if str(n) == known.get("days")), DAYS_USUAL),
        authority=authority,
        ask=f"?{urlencode({**known, 'ask': 1})}",
        connected=authority is not None and installed_lookup(kind.contract, kind.name) is not None,
    )


def _others(page: MemberPage, kind: ActionType, typed: Mapping[str, str]) -> Input:
    return parties(page, kind, FIELD, page.texts("act.with"), typed)


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


async def _file(page: MemberPage, kind: ActionType, each: Input, value: Any) -> str:
    """The commitment to a file, in hex: to the one sent, or to the one that is in the vault already."""
    content = await value.read() if isinstance(value, UploadFile) else b""
    if not content and not each.value:
        raise Problem("input.field_missing", field=each.name, expected="a file")
    if len(content) > EVIDENCE_BYTES:
        raise Problem("input.too_large", field=each.name, expected=f"at most {EVIDENCE_BYTES} bytes")
    return (await asyncio.to_thread(_kept, page, kind, each.name, content)).hex() if content else each.value


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
    """A record as the page names it, with its page where the member may read it."""
    contract, table, key = path.split("/", 2)
    with page.ledger.sight(page.reader) as sight:
        found = sight.at(path)
    title = page.texts.sentence(page.ledger.words.text(contract, "tables", table))
    return {"table": title, "key": key, "path": path if found is not None else ""}


ROUTES = [get_act, post_act]
