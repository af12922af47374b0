"""Pages of the organisations: who is a member, with which keys, roles and signing rules."""

from collections import Counter
from typing import Any, Final, NamedTuple

from litestar import Response, get

from infoharbor.contracts.governance.actions import VALIDATORS
from infoharbor.contracts.governance.records import CodeEntry
from infoharbor.contracts.identity.countries import blocking
from infoharbor.contracts.identity.records import DEFAULT_RULES, Accreditation, Key, Organisation, User
from infoharbor.gateway.exchange import Asked, part
from infoharbor.kernel.readers import ANONYMOUS
from infoharbor.kernel.records import record_type
from infoharbor.portal.display import Display, Shown, country
from infoharbor.portal.naming import action_title
from infoharbor.portal.shell import Page
from infoharbor.sdk.problems import Problem

SHOWN_MAX: Final = 200


@get("/organisations", sync_to_thread=True)
def get_organisations(request: Asked) -> Response[str]:
    """All members."""
    page = Page(request)
    display = Display(page, record_type(Organisation))
    members = [
        (each, country(page, each.country), display.status(each.status.value)) for each in page.organisations.values()
    ]
    return page.show("organisations.html", members=members, validators=_validators(page))


class Validators(NamedTuple):
    """How many members vote on blocks, how many of them have to agree, and of which countries so many that no block is made
    without them."""

    voting: int
    needed: int
    stopping: list[tuple[Shown, int]]


def _validators(page: Page) -> Validators | None:
    """None on a ledger that is no network."""
    with page.ledger.sight(ANONYMOUS) as sight:
        entries = [
            each
            for each in sight.scan(CodeEntry, VALIDATORS)
            if each.valid_from <= sight.now and (each.until == 0 or sight.now < each.until)
        ]
    if not entries:
        return None
    least = blocking(len(entries))
    known = [page.organisations[each.code].country for each in entries if each.code in page.organisations]
    stopping = [(country(page, code), number) for code, number in Counter(known).most_common() if number >= least]
    return Validators(len(entries), len(entries) - least + 1, stopping)


@get("/organisations/{identifier:str}", sync_to_thread=True)
def get_organisation(request: Asked) -> Response[str]:
    """One member: its registration, its roles by country, its keys as far as anyone may read them, its policy."""
    page, identifier = Page(request), part(request, "identifier")
    member = page.organisations.get(identifier)
    if member is None:
        raise Problem("ledger.record_unknown", field="organisation", expected="a member of this ledger")
    display = Display(page, record_type(Organisation))
    fields = [(word, shown) for name, word, shown in display.fields(member) if name != "policy"]
    with page.ledger.sight(ANONYMOUS) as sight:
        roles = [
            (
                each,
                country(page, each.jurisdiction),
                Display(page, record_type(Accreditation)).status(each.status.value),
            )
            for each in sight.scan(Accreditation, identifier)
        ]
        open_tables = {
            name: sight.may_know_absent(record_type(of).prefix) for name, of in (("keys", Key), ("users", User))
        }
        keys = _keys(page, sight, identifier)
    return page.show(
        "organisation.html",
        member=member,
        fields=fields,
        roles=roles,
        keys=keys,
        keys_open=open_tables["keys"],
        policy=[(_told(page, rule.action), rule.action, rule.needs) for rule in (*member.policy, *DEFAULT_RULES)],
        own_rules=len(member.policy),
    )


def _told(page: Page, actions: str) -> str:
    """The actions that a signing rule is for: one of a contract, all of a contract, or all."""
    contract, _, action = actions.partition(".")
    if actions == "*":
        return page.texts("organisation.all_actions")
    title = page.contract_title(contract)
    return page.texts("organisation.all_of", contract=title) if action == "*" else action_title(page, contract, action)


def _keys(page: Page, sight: Any, organisation: str) -> list[tuple[Key, Shown]]:
    display = Display(page, record_type(Key))
    found: list[tuple[Key, Shown]] = []
    for each in sight.scan(Key):
        if each.organisation == organisation and len(found) < SHOWN_MAX:
            found.append((each, display.status(each.status.value)))
    return found


ROUTES = [get_organisations, get_organisation]
