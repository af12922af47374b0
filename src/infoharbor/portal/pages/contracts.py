"""Pages of the contracts: what each keeps, how it may change, what may be done, and what it refuses."""

from typing import Any

from litestar import Response, get

from infoharbor.edgekit.json_form import shape_of
from infoharbor.edgekit.kinds import told
from infoharbor.edgekit.languages import LANGUAGES, read_words
from infoharbor.gateway.exchange import Asked, part
from infoharbor.kernel.actions import ActionType
from infoharbor.kernel.records import RecordType
from infoharbor.portal.diagrams import Label, states
from infoharbor.portal.display import Display
from infoharbor.portal.measuring import kept_word
from infoharbor.portal.naming import action_title, parties_word
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
    registry, version = page.ledger.registry, page.client.in_force().get(name)
    tables = [_table(page, kind) for kind in registry.tables.values() if kind.contract == name]
    return page.show(
        "contract.html",
        contract=_told(page, found),
        tables=tables,
        actions=[_action(page, name, kind) for kind in registry.actions(name, version)],
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

    def label(status: str) -> Label:
        shown = display.status(status)
        return Label(shown.text, look=shown.value)

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
        "about": page.texts.sentence(page.ledger.words.about(kind)),
        "public": kind.visible == "public",
        "key": list(kind.key),
        "readers": parties_word(page, kind.contract, kind.table, kind.readers),
        "fields": [
            (field.name, display.word(field.name), page.texts.sentence(told(field.type)))
            for field in shape_of(kind.of).fields
        ],
        "moves": moves,
        "words": {name: display.status(name).text for move in moves for name in (move["before"], move["after"])},
        "states": states(kind, label, page.texts("contract.new")) if moves else None,
    }


def _action(page: Page, contract: str, kind: ActionType) -> dict[str, Any]:
    return {
        "name": kind.name,
        "title": action_title(page, contract, kind.name),
        "about": page.texts.sentence(page.ledger.words.about(kind)),
        "fields": [
            (field.name, kept_word(page, contract, kind.name, field.name), page.texts.sentence(told(field.type)))
            for field in shape_of(kind.of).fields
        ],
    }


def _refusals(package: str) -> list[tuple[str, str, str]]:
    """Code and sentence in both languages."""
    english, chinese = (read_words(package, language).get("refusals", {}) for language in LANGUAGES)
    return [(code, sentence, chinese.get(code, "")) for code, sentence in sorted(english.items())]


ROUTES = [get_contracts, get_contract]
