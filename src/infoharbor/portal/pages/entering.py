"""The pages by which a member comes in with its token, and leaves."""

from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect

from infoharbor.contracts.identity.records import OrganisationStatus
from infoharbor.gateway.exchange import Asked
from infoharbor.portal.entering import DEMO_DAYS, TOKEN_MAX, MemberPage, ensure_same_site, with_cookie
from infoharbor.sdk.problems import Problem

DESKS = "/desks"


@get("/enter", sync_to_thread=True)
def get_enter(request: Asked) -> Response[str]:
    """Ask for a token; on a demo ledger, offer its members."""
    page = MemberPage(request)
    members = [each for each in page.organisations.values() if each.status is OrganisationStatus.ACTIVE]
    return page.show("enter.html", members=members if page.demo is not None else [])


@post("/enter", status_code=303)
async def post_enter(request: Asked) -> Response[Any]:
    """Keep the token in the browser, if it is in force."""
    ensure_same_site(request)
    page = MemberPage(request)
    form = await request.form()
    token, organisation = str(form.get("token", "")).strip(), str(form.get("organisation", ""))
    if organisation and page.demo is not None:
        token = _demo_token(page, organisation)
    if not 0 < len(token) <= TOKEN_MAX:
        raise Problem("input.length", field="token", expected=f"1 to {TOKEN_MAX} characters")
    page.gateway.credentials.reader(f"Bearer {token}", "")
    return with_cookie(Redirect(DESKS, status_code=303), page.session(token))


@post("/leave", status_code=303)
async def post_leave(request: Asked) -> Response[Any]:
    """Forget the token."""
    ensure_same_site(request)
    return with_cookie(Redirect("/enter", status_code=303), MemberPage(request).session(""))


def _demo_token(page: MemberPage, organisation: str) -> str:
    tokens = page.gateway.tokens
    if page.demo is None or tokens is None or organisation not in page.organisations:
        raise Problem("identity.organisation_unknown", field="organisation", expected="a member of this demo")
    return tokens.issue(organisation, page.demo.signer(organisation).user, days=DEMO_DAYS)


ROUTES = [get_enter, post_enter, post_leave]
