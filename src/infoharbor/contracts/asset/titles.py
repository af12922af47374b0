"""What may be done with a title: issue it, hand it over, hold it, pledge it, freeze it, end it."""

from infoharbor.contractkit import Action, Ledger, ensure, when_due
from infoharbor.contractkit.types import Code, CountryCode, Hash, Identifier, Moment, OrganisationId, ShortText
from infoharbor.contracts.asset.records import Party, Title, TitleStatus
from infoharbor.contracts.asset.rules import (
    ensure_beneficiary,
    ensure_country,
    ensure_future,
    ensure_known,
    ensure_name,
    ensure_party,
)

UNENCUMBERED: dict[str, str | None] = {"party": None, "beneficiary": None, "until": None, "reason": ""}


class IssueTitle(Action):
    """Create a unique title for a holder; its content stays with the issuer, its hash is the commitment."""

    kind: Code
    number: Code
    holder: OrganisationId
    jurisdiction: CountryCode
    restricted: bool
    commitment: Hash

    def apply(self, ledger: Ledger) -> str:
        ensure_name(self.kind, field="kind")
        ensure_name(self.number, field="number")
        ensure_country(self.jurisdiction)
        ensure_known(ledger, self.holder, field="holder")
        title = Title(
            f"{ledger.actor}:{self.kind}:{self.number}", ledger.actor, self.holder, self.kind,
            self.jurisdiction, self.restricted, self.commitment, None, None, None, "", "", TitleStatus.LIVE,
        )  # fmt: skip
        ledger.create(title)
        return title.id


class TransferTitle(Action):
    """Hand a free title to another organisation."""

    title: Identifier
    to: OrganisationId

    def apply(self, ledger: Ledger) -> None:
        title = ledger.move(Title, self.title, TitleStatus.LIVE, holder=self.to)
        ensure_known(ledger, self.to, field="to")
        ensure_issuer_acts(ledger, title)


class HoldTitle(Action):
    """Lock a free title for a controller, who delivers it (to the beneficiary, if named) or lets it go."""

    title: Identifier
    controller: Party
    beneficiary: OrganisationId | None
    until: Moment
    reason: ShortText

    def apply(self, ledger: Ledger) -> None:
        ledger.move(
            Title, self.title, TitleStatus.HELD,
            party=self.controller, beneficiary=self.beneficiary, until=self.until, reason=self.reason,
        )  # fmt: skip
        ensure_party(ledger, self.controller, field="controller")
        if self.beneficiary is not None:
            ensure_known(ledger, self.beneficiary, field="beneficiary")
        ensure_future(ledger, self.until)


class DeliverTitle(Action):
    """Hand over a title that one controls by a hold."""

    title: Identifier
    to: OrganisationId

    def apply(self, ledger: Ledger) -> None:
        title = ledger.get(Title, self.title, field="title")
        ledger.move(Title, title.id, TitleStatus.LIVE, holder=self.to, **UNENCUMBERED)
        ensure_beneficiary(title.beneficiary, self.to)
        ensure_known(ledger, self.to, field="to")
        ensure_issuer_acts(ledger, title)


class PledgeTitle(Action):
    """Pledge a free title: it stays the holder's, and stays put until the pledgee releases it."""

    title: Identifier
    pledgee: Party
    reason: ShortText

    def apply(self, ledger: Ledger) -> None:
        title = ledger.move(Title, self.title, TitleStatus.PLEDGED, party=self.pledgee, reason=self.reason)
        ensure_party(ledger, self.pledgee, field="pledgee")
        ensure_issuer_acts(ledger, title)


class ReleaseTitle(Action):
    """Let go of a title that one controls by a hold or has in pledge."""

    title: Identifier

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Title, self.title, TitleStatus.LIVE, **UNENCUMBERED)


class FreezeTitle(Action):
    """Freeze a title, with its encumbrance if it has one. By the court of its jurisdiction."""

    title: Identifier
    reference: ShortText

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Title, self.title, TitleStatus.FROZEN, freeze_reference=self.reference)


class UnfreezeTitle(Action):
    """End a title's freeze: it is again what it was before, held or pledged if it was."""

    title: Identifier
    reference: ShortText

    def apply(self, ledger: Ledger) -> None:
        title = ledger.get(Title, self.title, field="title")
        ledger.move(Title, title.id, title.unfrozen, freeze_reference=self.reference)


class SurrenderTitle(Action):
    """Give a free title back to its issuer, against what it stands for."""

    title: Identifier

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Title, self.title, TitleStatus.SURRENDERED)


class RetireTitle(Action):
    """End a title for good: by its issuer, once surrendered or while a hold gives the issuer control."""

    title: Identifier

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Title, self.title, TitleStatus.RETIRED, **UNENCUMBERED)


@when_due(Title, status=TitleStatus.HELD, at="until")
def expire_title_hold(ledger: Ledger, title: Title) -> None:
    """A title that was not delivered in time is free again."""
    ledger.move(Title, title.id, TitleStatus.LIVE, **UNENCUMBERED)


def ensure_issuer_acts(ledger: Ledger, title: Title) -> None:
    acts = not title.restricted or title.issuer in ledger.organisations
    ensure(acts, "issuer_must_act", field="by", expected=title.issuer)
