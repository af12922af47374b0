"""Pages of the contracts: what each keeps, how it may change, what may be done, and what it refuses."""

from typing import Any

from litestar import Response, get

from infoharbor.edgekit.json_form import describe, shape_of
from infoharbor.edgekit.languages import LANGUAGES, read_words
from infoharbor.gateway.exchange import Asked, part
from infoharbor.kernel.records import RecordType
from infoharbor.portal.diagrams import states
from infoharbor.portal.display import Display
from infoharbor.portal.naming import action_title, field_word, parties_word
from infoharbor.portal.shell import Page
from infoharbor.sdk.problems import Problem


@get("/contracts", sync_to_thread=True)
def get_contracts(request: Asked) -> Response[str]:
    """All contracts of this node."""
    page = Page(request)
    return page.show("contracts.html", contracts=[_told(page, each) for each in page.client.contracts()])


@get("/contracts/{name:str}", sync_to_thread=True)
def get_contract(request: Asked) -> Response[str]:
    """One contract, from its declarations alone."""
    page, name = Page(request), part(request, "name")
    found = next((each for each in page.client.contracts() if each["contract"] == name), None)
    if found is None:
        raise Problem("http.not_found", field="contract", expected="a contract of this node")
    registry = page.ledger.registry
    tables = [_table(page, kind) for kind in registry.tables.values() if kind.contract == name]
    return page.show(
        "contract.html",
        contract=_told(page, found),
        tables=tables,
        actions=[_action(page, name, kind) for kind in registry.actions(name)],
        queries=[_in_language(page, each, "title") for each in found["queries"]],
        refusals=_refusals(registry.contracts[name].package),
    )


def _in_language(page: Page, form: dict[str, Any], part: str) -> str:
    text: str = form[f"{part}_zh"] if page.language == "zh" else form[part]
    return text


def _told(page: Page, form: dict[str, Any]) -> dict[str, Any]:
    return form | {"title": page.contract_title(form["contract"]), "about": _in_language(page, form, "about")}


def _table(page: Page, kind: RecordType) -> dict[str, Any]:
    display = Display(page, kind)

    def word(status: str) -> str:
        return display.status(status).text

    moves: list[dict[str, Any]] = [
        {
            "before": str(move.before),
            "after": str(move.after),
            "by": parties_word(page, kind.contract, kind.table, move.parties),
        }
        for move in kind.moves
    ]
    return {
        "name": kind.table,
        "path": f"{kind.contract}/{kind.table}",
        "title": page.texts.sentence(page.ledger.words.text(kind.contract, "tables", kind.table)),
        "about": _about(page, kind),
        "public": kind.visible == "public",
        "key": list(kind.key),
        "readers": parties_word(page, kind.contract, kind.table, kind.readers),
        "fields": [(field.name, display.word(field.name), describe(field.type)) for field in shape_of(kind.of).fields],
        "moves": moves,
        "words": {name: word(name) for move in moves for name in (move["before"], move["after"])},
        "states": states(kind, word, page.texts("contract.new")) if moves else None,
    }


def _about(page: Page, kind: RecordType) -> str:
    """What a table is: its declaration says it in English, the contract's file of its tables' words in another language."""
    package = page.ledger.registry.contracts[kind.contract].package
    told: str = read_words(package, f"tables.{page.language}").get("about", {}).get(kind.table, "")
    return told or (kind.of.__doc__ or "").strip()


def _action(page: Page, contract: str, kind: Any) -> dict[str, Any]:
    return {
        "name": kind.name,
        "title": action_title(page, contract, kind.name),
        "about": (kind.of.__doc__ or "").strip(),
        "fields": [
            (field.name, field_word(page, contract, kind.name, field.name), describe(field.type))
            for field in shape_of(kind.of).fields
        ],
    }


def _refusals(package: str) -> list[tuple[str, str, str]]:
    """Code and sentence in both languages."""
    english, chinese = (read_words(package, language).get("refusals", {}) for language in LANGUAGES)
    return [(code, sentence, chinese.get(code, "")) for code, sentence in sorted(english.items())]


ROUTES = [get_contracts, get_contract]
