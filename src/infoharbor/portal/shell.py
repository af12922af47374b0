"""What every page has: its reader's language, the frame around it, safe headers, and errors as pages."""

import functools
import hashlib
import importlib.resources
from typing import Any, Final
from urllib.parse import quote, urlencode

import jinja2
from litestar import Request, Response
from litestar.datastructures import Cookie

from infoharbor.contracts.identity.records import Organisation
from infoharbor.edgekit.json_form import iso
from infoharbor.edgekit.languages import LANGUAGES
from infoharbor.gateway.exchange import Asked, Parameters, gateway_of
from infoharbor.gateway.problems import as_problem, status_of
from infoharbor.kernel.readers import ANONYMOUS
from infoharbor.portal.moments import moment, zone_of
from infoharbor.portal.wording import COOKIE, LANGUAGE_NAMES, PUBLIC_LANGUAGES, chosen, texts_in
from infoharbor.sdk.problems import Problem
from infoharbor.sdk.trusting import ledger_trust

HTML: Final = "text/html"
YEAR_S: Final = 365 * 24 * 60 * 60
ORGANISATIONS_MAX: Final = 5_000
POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing but this node's own style sheet, pictures and forms: no script at all."""
PAGE_HEADERS: Final = {"Content-Security-Policy": POLICY, "Vary": "Accept-Language, Cookie"}


@functools.cache
def style_digest() -> str:
    """Changes with the style sheet, so that browsers may keep it for long."""
    return hashlib.sha256(read_static("portal.css")).hexdigest()[:12]


def read_static(name: str) -> bytes:
    return (importlib.resources.files("infoharbor.portal") / "static" / name).read_bytes()


@functools.cache
def templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("infoharbor.portal"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def record_url(path: str) -> str:
    """The page of the record at CONTRACT/TABLE/KEY."""
    return f"/records/{quote(path, safe='/')}"


class Page:
    """One request of a reader whom nobody knows, and the page that answers it."""

    def __init__(
        self, request: Request[Any, Any, Any], languages: tuple[str, ...] = LANGUAGES, *, cost: int = 1
    ) -> None:
        self.request, self.languages, self.gateway = request, languages, gateway_of(request)
        if cost:
            self.gateway.charge(ANONYMOUS, request.client.host if request.client else "", cost)
        self.ledger, self.client = self.gateway.ledger, self.gateway.client(ANONYMOUS)
        wish = request.query_params.get("lang", "")[:8]
        accepted = request.headers.get("accept-language", "")
        self.language = chosen(wish, request.cookies.get(COOKIE, ""), accepted, languages)
        self.texts = texts_in(self.language)
        self.keeps_language = wish == self.language

    @functools.cached_property
    def asked(self) -> Parameters:
        """The query's parameters, but for the language."""
        parameters = Parameters(self.request)
        parameters.text("lang")
        return parameters

    @functools.cached_property
    def organisations(self) -> dict[str, Organisation]:
        """Every member by its id: pages name them by their names."""
        found: dict[str, Organisation] = {}
        with self.ledger.sight(ANONYMOUS) as sight:
            for each in sight.scan(Organisation):
                if len(found) == ORGANISATIONS_MAX:
                    break
                found[each.id] = each
        return found

    def organisation_name(self, identifier: str) -> str:
        """An organisation's name in the reader's language, a Vietnamese one's own to a Vietnamese reader; its id where
        there is no such organisation."""
        found = self.organisations.get(identifier)
        if found is None:
            return identifier
        own = self.language == "zh" or (self.language, found.country) == ("vi", "VN")
        return found.name if own else found.name_en or found.name

    def contract_title(self, contract: str) -> str:
        """A contract's title in the reader's language; its name where it has no words."""
        return self.texts.sentence(self.ledger.words.text(contract, "title")) or contract

    def expected(self, code: str, text: str) -> str:
        """What a refusal of this code says would be right, in the reader's language."""
        return self.texts.sentence(self.ledger.words.expected(code, text))

    def moment(self, milliseconds: int) -> str:
        return moment(milliseconds, zone_of(self.language))

    def show(self, template: str, *, http_status: int = 200, **content: Any) -> Response[str]:
        """The page; `content` is what its template speaks of."""
        ledger = self.ledger.engine.status()
        frame = {
            "t": self.texts,
            "page": self,
            "path": self.request.url.path,
            "ledger": {"name": ledger.name, "chain": ledger.chain.hex(), "height": ledger.height},
            "switches": [(code, LANGUAGE_NAMES[code], self._in(code)) for code in self.languages],
            "style": style_digest(),
            "record_url": record_url,
            "iso": iso,
        }
        html = templates().get_template(template).render(frame | content)
        cookies = [Cookie(COOKIE, value=self.language, path="/", max_age=YEAR_S, samesite="lax", httponly=True)]
        return Response(
            html,
            status_code=http_status,
            media_type=HTML,
            headers=PAGE_HEADERS | {"Content-Language": self.language},
            cookies=cookies if self.keeps_language else [],
        )

    def _in(self, language: str) -> str:
        """This page's address in another language."""
        path = self.request.scope["raw_path"].partition(b"?")[0].decode("ascii", "replace")
        others = [(name, value) for name, value in self.request.query_params.multi_items() if name != "lang"]
        return f"{quote(path, safe='/%')}?{urlencode([*others, ('lang', language)])}"

    @property
    def kept_by_one(self) -> bool:
        """Whether one operator alone keeps the ledger and nobody outside watches it."""
        trust = ledger_trust(self.ledger.engine)  # type: ignore[arg-type]
        return trust.engine == "embedded" and not trust.witnesses


def problem_page(request: Request[Any, Any, Any], fault: Exception) -> Response[str]:
    """A Litestar exception handler: the refusal in the reader's language, and in the other."""
    problem: Problem = as_problem(fault)
    page = Page(request, PUBLIC_LANGUAGES, cost=0)
    sentence = page.ledger.words.refusal(problem.code)
    first = page.texts.sentence(sentence)
    status = status_of(problem)
    others = [(code, text) for code, text in zip(("en", "zh"), sentence, strict=True) if text != first]
    answer = page.show("problem.html", http_status=status, problem=problem, code=status, sentence=first, others=others)
    retry = getattr(problem, "retry_after", None)
    if retry is not None:
        answer.headers["Retry-After"] = str(retry)
    return answer


__all__ = ["Asked", "Page", "problem_page", "read_static", "record_url"]
