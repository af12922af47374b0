"""A name is claimed within its quota, for what came from its land in its season, by who is licensed: all else is refused."""

from hypothesis import given
from hypothesis import strategies as st

from infoharbor.contracts.farm.actions import PassTitle
from infoharbor.contracts.farm.claims import CarryOver, Claim, ClaimIndication, DeclareOpeningStock
from infoharbor.contracts.farm.conftest import (
    BLEND,
    BODY,
    DAY,
    EARLY,
    GROWER,
    INSIDE,
    NAME,
    OTHER,
    OUTSIDE,
    TEA,
    TRADER,
    WORKS,
    harvest,
    make,
    number,
    refusal,
)
from infoharbor.contracts.farm.indications import AllotPlot, Cellar, LicenceStatus, Quota, SetLicenceStatus
from infoharbor.contracts.farm.land import RegisterPlot
from infoharbor.contracts.farm.records import Lot, Share
from infoharbor.contracts.farm.shares import grams_of, portion
from infoharbor.contracts.identity.demo import IMPORTER
from infoharbor.engine.trial import START, Trial

shares = st.lists(
    st.builds(Share, st.sampled_from(("", "a", "b")), st.sampled_from(("1", "2")), st.integers(1, 10**9)), min_size=1
)


@given(shares, st.integers(1, 10**9))
def test_shares_of_a_mixture_add_up_and_no_indication_gains(mass: list[Share], grams: int) -> None:
    given_out = portion(mass, grams)
    whole = sum(each.grams for each in mass)
    assert sum(each.grams for each in given_out) == grams
    for indication in ("a", "b"):
        part = grams_of(mass, indication)
        assert grams_of(given_out, indication) == grams * part // whole
        assert (grams_of(given_out, indication) == grams) == (part == whole)


def test_a_claim_beyond_the_quota_is_refused_and_names_what_remains(trial: Trial) -> None:
    trial.act(ClaimIndication(harvest(trial, "a", 400), NAME), by=GROWER)
    found = refusal(trial, ClaimIndication(harvest(trial, "b", 101), NAME), GROWER)
    assert (found.code, found.field, found.expected) == ("farm.quota_exceeded", "lot", "at most 0.100 kg")
    trial.act(ClaimIndication(harvest(trial, "c", 100), NAME), by=GROWER)
    assert trial.get(Quota, NAME, EARLY, GROWER).claimed == 500


def test_a_name_is_carried_on_only_if_all_inputs_carry_it(trial: Trial) -> None:
    named, bare = harvest(trial, "a"), harvest(trial, "b")
    trial.act(ClaimIndication(named, NAME), by=GROWER)
    make(trial, "alone", (named, 40), grams=40)
    make(trial, "mixed", (named, 30), (bare, 1), grams=31, kind=BLEND)
    make(trial, "other", (named, 10), grams=10, product=OTHER)
    make(trial, "more", (named, 10), grams=11)
    make(trial, "too-early", (named, 10), grams=10, at=START - 2 * DAY)
    carried = {name: trial.get(Lot, number(name)).claim for name in ("alone", "mixed", "other", "more", "too-early")}
    assert carried == {"alone": NAME} | dict.fromkeys(("mixed", "other", "more", "too-early"))
    assert trial.get(Quota, NAME, EARLY, GROWER).claimed == 100


def test_a_mixture_keeps_its_shares_and_is_refused_the_name(trial: Trial) -> None:
    inside, outside = harvest(trial, "a", 90), harvest(trial, "b", 10, plots=(), indication=None, season=None)
    blend = make(trial, "blend", (inside, 90), (outside, 10), grams=50, kind=BLEND)
    assert trial.get(Lot, blend).shares == (Share("", "", 5), Share(NAME, EARLY, 45))
    found = refusal(trial, ClaimIndication(blend, NAME), GROWER)
    assert (found.code, found.expected) == ("farm.mixed", "all of it, not 0.045 kg")


def test_a_name_is_bound_at_production_by_the_licensee(trial: Trial) -> None:
    begun, sold, strange = harvest(trial, "a"), harvest(trial, "b"), harvest(trial, "c", by=TRADER, plots=())
    make(trial, "part", (begun, 1), grams=1)
    trial.act(PassTitle(sold, WORKS), by=GROWER)
    other = harvest(trial, "d", product=OTHER)
    for lot, by, code in (
        (begun, GROWER, "farm.bound_late"), (sold, WORKS, "ledger.not_entitled"), (sold, GROWER, "farm.not_holder"),
        (strange, TRADER, "farm.not_licensed"), (other, GROWER, "farm.class_outside"),
    ):  # fmt: skip
        trial.refuses(ClaimIndication(lot, NAME), by=by, code=code)
    claimed = harvest(trial, "e")
    trial.act(ClaimIndication(claimed, NAME), by=GROWER)
    trial.refuses(ClaimIndication(claimed, NAME), by=GROWER, code="farm.claimed", field="lot")


def test_a_suspended_licence_claims_nothing_and_a_withdrawn_one_stays_so(trial: Trial) -> None:
    lot = harvest(trial, "a")
    trial.act(SetLicenceStatus(NAME, GROWER, LicenceStatus.SUSPENDED), by=BODY)
    trial.refuses(ClaimIndication(lot, NAME), by=GROWER, code="farm.not_licensed")
    trial.refuses(SetLicenceStatus(NAME, GROWER, LicenceStatus.GRANTED), by=GROWER, code="ledger.not_entitled")
    trial.act(SetLicenceStatus(NAME, GROWER, LicenceStatus.GRANTED), by=BODY)
    trial.act(ClaimIndication(lot, NAME), by=GROWER)
    trial.act(SetLicenceStatus(NAME, GROWER, LicenceStatus.WITHDRAWN), by=BODY)
    trial.refuses(SetLicenceStatus(NAME, GROWER, LicenceStatus.GRANTED), by=BODY, code="ledger.move_undeclared")


def test_goods_of_a_closed_season_draw_on_what_was_carried_over(trial: Trial) -> None:
    lot = harvest(trial, "a", 60)
    trial.refuses(CarryOver(NAME, EARLY, 50), by=GROWER, code="ledger.not_entitled")
    trial.refuses(CarryOver(NAME, EARLY, 501), by=(GROWER, BODY), code="farm.quota_exceeded", field="grams")
    trial.act(CarryOver(NAME, EARLY, 50), by=(GROWER, BODY))
    trial.advance(9 * DAY)
    trial.refuses(ClaimIndication(lot, NAME), by=GROWER, code="farm.quota_exceeded", field="lot")
    trial.act(CarryOver(NAME, EARLY, 450), by=(GROWER, BODY))
    trial.refuses(CarryOver(NAME, EARLY, 1), by=(GROWER, BODY), code="farm.quota_exceeded")
    trial.act(ClaimIndication(lot, NAME), by=GROWER)
    assert trial.get(Cellar, NAME, GROWER).remaining == 440
    assert trial.get(Claim, lot).draws[0].season == ""


def test_stock_from_before_is_declared_with_the_manager_in_time(trial: Trial) -> None:
    declare = DeclareOpeningStock(number("old"), NAME, TEA, 700, None, START - 2_000 * DAY)
    trial.refuses(declare, by=WORKS, code="ledger.not_entitled")
    trial.refuses(declare, by=(TRADER, BODY), code="farm.not_licensed")
    trial.act(declare, by=(WORKS, BODY))
    trial.act(ClaimIndication(number("old"), NAME), by=WORKS)
    trial.advance(3 * DAY)
    late = DeclareOpeningStock(number("late"), NAME, TEA, 700, None, START - 2_000 * DAY)
    trial.refuses(late, by=(WORKS, BODY), code="farm.opening_closed")


def test_a_plot_counts_once_in_a_season_and_only_while_it_is_open(trial: Trial) -> None:
    trial.refuses(AllotPlot(NAME, EARLY, INSIDE, GROWER), by=BODY, code="ledger.record_known")
    trial.refuses(AllotPlot(NAME, EARLY, OUTSIDE, GROWER), by=GROWER, code="ledger.not_entitled")
    trial.act(RegisterPlot("p", "f", "7PH6", 10, bytes(32)), by=IMPORTER.id)
    trial.refuses(AllotPlot(NAME, EARLY, f"{IMPORTER.id}:p", GROWER), by=BODY, code="farm.plot_abroad")
    trial.advance(9 * DAY)
    trial.refuses(AllotPlot(NAME, EARLY, OUTSIDE, GROWER), by=BODY, code="farm.season_closed")
