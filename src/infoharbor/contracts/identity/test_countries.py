"""No country stops the others alone, where the members have voted so."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infoharbor.contracts.governance.actions import SetCodes, SetParameter
from infoharbor.contracts.governance.records import CodeEntry
from infoharbor.contracts.identity.countries import blocking
from infoharbor.contracts.identity.demo import admission
from infoharbor.contracts.identity.organisations import ReinstateOrganisation, SetSeat, SuspendOrganisation
from infoharbor.contracts.identity.records import Organisation, has_seat
from infoharbor.edgekit.cast import Player
from infoharbor.engine.trial import Trial
from infoharbor.kernel.refusal import Refusal

CAP = "identity.country_cap"
COUNTRIES = ("CN", "VN", "TH", "MY", "LA", "KH")
MEMBERS = tuple(
    Player(f"{country.lower()}-{number}", country, country, country, "registry", f"DEMO-{country}-{number}")
    for country in COUNTRIES
    for number in range(3)
)


def validator(number: int, organisation: str) -> CodeEntry:
    return CodeEntry("network-validators", organisation, f"{number:064x}", "", "", 0, 0)


@pytest.fixture
def capped() -> Trial:
    """The operator, of CN, has the only seat."""
    trial = Trial(MEMBERS)
    trial.decide(SetParameter(CAP, 1))
    return trial


def refused(trial: Trial, decision: object) -> bool:
    try:
        trial.decide(decision)  # type: ignore[arg-type]
    except Refusal as refusal:
        if refusal.code != "identity.country_cap":
            raise
        return True
    return False


def test_with_more_than_a_third_who_vote_nothing_goes_without_them() -> None:
    assert [blocking(of) for of in (1, 2, 3, 4, 6, 7, 10)] == [1, 1, 1, 2, 2, 3, 4]


def test_unless_the_members_have_voted_it_a_country_has_any_number_of_seats() -> None:
    trial = Trial(MEMBERS)
    for name in ("cn-0", "cn-1", "cn-2"):
        trial.decide(SetSeat(name, True))


@settings(max_examples=20, deadline=None)
@given(order=st.permutations([member.id for member in MEMBERS]))
def test_no_country_gets_so_many_seats_that_nothing_goes_without_it(order: list[str]) -> None:
    trial = Trial(MEMBERS)
    trial.decide(SetParameter(CAP, 1))
    for name in order:
        refused(trial, SetSeat(name, True))
        seated = [each.country for each in trial.all(Organisation) if has_seat(each)]
        most = max(seated.count(country) for country in COUNTRIES)
        assert most == 1 or most < blocking(len(seated))


def test_a_seat_comes_with_admission_and_reinstatement_too(capped: Trial) -> None:
    late = Player("cn-9", "九", "Nine", "CN", "registry", "DEMO-CN-9", seat=True)
    assert refused(capped, admission(late, capped.cast.signer(late.id)))
    capped.decide(admission(late._replace(seat=False), capped.cast.signer(late.id)))
    for name in ("vn-0", "th-0", "my-0", "la-0", "kh-0", "vn-1"):
        capped.decide(SetSeat(name, True))
    capped.decide(SuspendOrganisation("vn-0"))
    capped.decide(SetSeat("la-0", False))
    assert refused(capped, ReinstateOrganisation("vn-0"))
    capped.decide(SetSeat("la-0", True))
    capped.decide(ReinstateOrganisation("vn-0"))


def test_no_country_gets_so_many_validators_that_no_block_is_made_without_it(capped: Trial) -> None:
    capped.decide(SetCodes(tuple(validator(at, name) for at, name in enumerate(("cn-0", "vn-0", "th-0")))))
    assert refused(capped, SetCodes((validator(3, "cn-1"),)))
    several = [validator(3 + at, name) for at, name in enumerate(("my-0", "la-0", "cn-1", "vn-1"))]
    capped.decide(SetCodes(tuple(several)))
    assert refused(capped, SetCodes((validator(9, "cn-2"),)))


def test_who_votes_on_blocks_already_may_take_another_key(capped: Trial) -> None:
    capped.decide(SetParameter(CAP, 0))
    capped.decide(SetCodes((validator(0, "cn-0"), validator(1, "cn-1"))))
    capped.decide(SetParameter(CAP, 1))
    capped.decide(SetCodes((validator(2, "cn-1"),)))
    assert refused(capped, SetCodes((validator(3, "cn-2"),)))
    capped.decide(SetCodes((validator(3, "vn-0"),)))
