"""Times on pages: a place's clock, the offset always shown."""

from hypothesis import given
from hypothesis import strategies as st

from infoharbor.contractkit.types import INSTANT_MAX
from infoharbor.edgekit.json_form import from_iso
from infoharbor.portal.moments import moment, zone_at, zone_of


def test_readers_see_their_clock_with_its_offset() -> None:
    at = from_iso("2026-04-08T10:30:05.000+08:00", "at")
    assert moment(at, zone_of("zh")) == "2026-04-08 10:30:05 +08:00"
    assert moment(at, zone_of("vi")) == "2026-04-08 09:30:05 +07:00"


def test_an_event_s_own_offset_holds_and_a_wrong_one_is_utc() -> None:
    at = from_iso("2026-04-08T10:30:05.000+08:00", "at")
    assert moment(at, zone_at("-05:30")) == "2026-04-07 21:00:05 -05:30"
    assert moment(at, zone_at("nonsense")) == "2026-04-08 02:30:05 UTC"
    assert moment(at, zone_at("+99:99")) == "2026-04-08 02:30:05 UTC"


@given(st.integers(0, INSTANT_MAX), st.sampled_from(["zh", "en", "vi"]))
def test_every_instant_of_the_ledger_can_be_shown(at: int, language: str) -> None:
    assert moment(at, zone_of(language))
