"""What fields, parties and codes are called: in the words of their contract, in the reader's language."""

from typing import Any

from infoharbor.kernel.authority import AllOf, Anyone, Calendar, Contract, RoleOf
from infoharbor.portal.codes import country_name
from infoharbor.portal.shell import Page


def field_word(page: Page, contract: str, holder: str, field: str) -> str:
    """A field's word: that of its table or action, else of the first table that has one; else it is called by its
    name."""
    tables = [kind.table for kind in page.ledger.registry.tables.values() if kind.contract == contract]
    for each in (holder, *tables):
        key = f"{each}.{field}"
        found = page.texts.sentence(page.ledger.words.text(contract, "fields", key))
        if found != key:
            return found
    return field.replace("_", " ")


def party_word(page: Page, contract: str, table: str, party: Any) -> str:
    """Who may read a record or move it, as its declaration names them."""
    match party:
        case RoleOf():
            role, field = page.texts.word("roles", party.role), field_word(page, contract, table, party.field)
            return page.texts("party.role" if party.of_organisation else "party.role_in", role=role, field=field)
        case AllOf():
            return page.texts("party.and").join(party_word(page, contract, table, each) for each in party.parties)
        case Contract():
            return page.texts("party.contract", contract=page.contract_title(party.name))
        case Anyone():
            return page.texts("party.anyone")
        case Calendar():
            return page.texts("party.calendar")
    return field_word(page, contract, table, str(party))


def parties_word(page: Page, contract: str, table: str, parties: Any) -> str:
    return page.texts("value.comma").join(party_word(page, contract, table, each) for each in parties)


def status_word(page: Page, contract: str, status: str) -> str:
    return page.texts.sentence(page.ledger.words.status(contract, status))


def code_word(page: Page, contract: str, code: str) -> str:
    """The contract's word for a code or a rule, else the code."""
    said = (page.texts.sentence(page.ledger.words.text(contract, part, code)) for part in ("codes", "rules"))
    return next((each for each in said if each != code), code)


def table_word(page: Page, contract: str, table: str) -> str:
    """The contract's word for a code table; for one that each country has, such as `working-days-CN`, with the country."""
    stem, _, country = table.rpartition("-")
    said = code_word(page, contract, stem)
    return f"{said} · {country_name(country, page.language)}" if said != stem else code_word(page, contract, table)


def action_title(page: Page, contract: str, action: str) -> str:
    return page.texts.sentence(page.ledger.words.text(contract, "actions", action))
