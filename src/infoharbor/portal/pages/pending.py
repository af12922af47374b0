"""Pages of what waits for signatures: what each bundle would do, who has signed, and a member's answer to it."""

import asyncio
from typing import Any, Final

from litestar import Response, get, post
from litestar.response import Redirect

from infoharbor.edgekit.json_form import from_iso
from infoharbor.gateway.exchange import Asked, answer, part
from infoharbor.gateway.pending.bundles import PAGE_MAX
from infoharbor.gateway.pending.routes import bundles_of
from infoharbor.portal.display import arguments
from infoharbor.portal.entering import MemberPage, ensure_same_site
from infoharbor.sdk.keys import Signer, id_of
from infoharbor.sdk.pending import checked
from infoharbor.sdk.problems import Problem

REASON_MAX: Final = 200


@get("/pending", sync_to_thread=True)
def get_pending(request: Asked) -> Response[str]:
    """What waits, the newest first; with `ended`, also what became of earlier bundles."""
    page = MemberPage(request)
    before, ended = page.asked.text("before"), page.asked.flag("ended", False)
    page.asked.end()
    found: dict[str, Any] = {"items": [], "next": None}
    if page.reader.is_member:
        found = bundles_of(request).page(page.reader, waiting=not ended, limit=PAGE_MAX, before=before)
    items = [_timed(each) for each in found["items"]]
    return page.show("pending.html", items=items, next=found["next"], ended=ended, member=page.reader.organisation)


@get("/pending/{identifier:str}", sync_to_thread=True)
def get_bundle(request: Asked) -> Response[str]:
    """One bundle in full."""
    page = MemberPage(request)
    return _bundle(page, bundles_of(request).show(page.ensure_member(), part(request, "identifier")))


@get("/pending/{identifier:str}/prepared.json", sync_to_thread=True)
def get_prepared(request: Asked) -> Response[bytes]:
    """The bundle with the bytes to sign, to take to where the key is."""
    page = MemberPage(request)
    identifier = part(request, "identifier")
    prepared = bundles_of(request).show(page.ensure_member(), identifier)["prepared"]
    headers = {"Content-Disposition": f'attachment; filename="{identifier[:16]}.prepared.json"'}
    return answer(prepared, headers=headers)


@post("/pending/{identifier:str}/decline", status_code=303)
async def post_decline(request: Asked) -> Response[Any]:
    """Do not sign it, for a reason that the others read."""
    ensure_same_site(request)
    page, identifier = MemberPage(request), part(request, "identifier")
    reason = str((await request.form()).get("reason", ""))
    await asyncio.to_thread(bundles_of(request).decline, page.ensure_member(), identifier, reason)
    return Redirect(f"/pending/{identifier}", status_code=303)


@post("/pending/{identifier:str}/sign", status_code=303)
async def post_sign(request: Asked) -> Response[Any]:
    """On a demo ledger, which keeps everybody's keys: sign as the member."""
    ensure_same_site(request)
    page, identifier = MemberPage(request), part(request, "identifier")
    me = page.ensure_member().organisation
    if page.demo is None:
        raise Problem("http.forbidden", field="path", expected="a demo ledger; elsewhere sign where your key is")
    signer = Signer(me, page.demo.signer(me).key)
    form = await asyncio.to_thread(bundles_of(request).show, page.reader, identifier)
    unsigned, _ = checked(page.ledger.chain, form)
    await bundles_of(request).sign(page.reader, identifier, {id_of(signer): signer.key.sign(unsigned.to_sign)})
    return Redirect(f"/pending/{identifier}", status_code=303)


def _bundle(page: MemberPage, form: dict[str, Any]) -> Response[str]:
    actions = [
        each
        | {
            "arguments": arguments(
                page, each["contract"], each["action"], each.get("arguments", each.get("arguments_hex"))
            )
        }
        for each in form["actions"]
    ]
    own = {page.demo.signer(page.reader.organisation).key_id.hex()} if page.demo is not None else set()
    return page.show(
        "bundle.html",
        bundle=_timed(form) | {"actions": actions},
        member=page.reader.organisation,
        signs_here=any(each["key"] in own and not each["signed"] for each in form["signers"]),
        awaited=list(dict.fromkeys(each["organisation"] for each in form["signers"] if not each["signed"])),
        reason_max=REASON_MAX,
    )


def _timed(form: dict[str, Any]) -> dict[str, Any]:
    """With times as integers, as pages want them."""
    return form | {name: from_iso(form[name], name) for name in ("received", "expiry")}


ROUTES = [get_pending, get_bundle, get_prepared, post_decline, post_sign]
