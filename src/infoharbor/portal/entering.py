"""Who looks at a page: nobody in particular, or the member whose token the browser was given."""

from typing import Any, Final
from urllib.parse import urlsplit

from litestar import Request, Response
from litestar.datastructures import Cookie

from infoharbor.edgekit.cast import Cast
from infoharbor.kernel.readers import ANONYMOUS, Reader
from infoharbor.portal.shell import Page
from infoharbor.sdk.problems import Problem
from infoharbor.sdk.telling import SEED_FILE, is_demo

SESSION: Final = "member"
SESSION_S: Final = 12 * 60 * 60
DEMO_DAYS: Final = 1
TOKEN_MAX: Final = 200


class MemberPage(Page):
    """A page as its reader may see it; `reader` is anonymous where no token, or none in force, came along."""

    def __init__(self, request: Request[Any, Any, Any]) -> None:
        super().__init__(request, cost=0)
        self.reader = self._reader(request)
        self.gateway.charge(self.reader, request.client.host if request.client else "", 1)
        self.client = self.gateway.client(self.reader)

    def _reader(self, request: Request[Any, Any, Any]) -> Reader:
        token = request.cookies.get(SESSION, "")[:TOKEN_MAX]
        if not token:
            return ANONYMOUS
        try:
            return self.gateway.credentials.reader(f"Bearer {token}", "")
        except Problem:
            return ANONYMOUS

    @property
    def demo(self) -> Cast | None:
        """Everybody's keys, on a ledger that was founded to be tried out; there anyone may look as any member."""
        data = self.gateway.config.data
        return Cast((data / SEED_FILE).read_bytes()) if data is not None and is_demo(data) else None

    def ensure_member(self) -> Reader:
        if not self.reader.is_member:
            raise Problem("http.credential", field="token", expected="a member's token: enter at /enter")
        return self.reader

    def session(self, token: str) -> Cookie:
        """What the browser keeps of a token: no script reads it, and no other site's page sends it."""
        secure = self.gateway.config.public_url.startswith("https://")
        kept: dict[str, Any] = {"path": "/", "httponly": True, "samesite": "strict", "secure": secure}
        return Cookie(SESSION, value=token, max_age=SESSION_S if token else 0, **kept)


def ensure_same_site(request: Request[Any, Any, Any]) -> None:
    """Refuse a form that another site's page sends."""
    origin, site = request.headers.get("origin", ""), request.headers.get("sec-fetch-site", "same-origin")
    own = origin in ("", "null") or urlsplit(origin).netloc == request.headers.get("host", "")
    if not own or site not in ("same-origin", "none"):
        raise Problem("http.forbidden", field="Origin", expected="a form of this site")


def with_cookie(response: Response[Any], cookie: Cookie) -> Response[Any]:
    response.set_cookie(cookie)
    return response
