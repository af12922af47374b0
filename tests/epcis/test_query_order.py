"""Events come in the order that was asked for, as many as were asked for, page after page."""

from typing import Any

import pytest
from asked import TEA
from trading import Trader, TradingNode, document, event, events_in, following, refused


def test_events_are_ordered_and_counted_as_asked(firm: Trader) -> None:
    thing = "urn:example:ordered"
    times = ["2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z", "2026-01-01T00:00:00Z", "2026-04-01T00:00:00Z"]
    for when in times:
        firm.job(document(event(epcList=[thing], eventTime=when)))

    def asked(parameters: str) -> list[str]:
        shown, at = [], f"/events?MATCH_epc={thing}&{parameters}"
        while at:
            answer = firm.get(at)
            shown += [each["eventTime"][:10] + "T00:00:00Z" for each in events_in(answer)]
            at = following(answer)
        return shown

    assert asked("perPage=3") == times
    assert asked("orderBy=eventTime&perPage=1") == sorted(times, reverse=True)
    assert asked("orderBy=eventTime&orderDirection=ASC&perPage=3") == sorted(times)
    assert asked("orderBy=recordTime&orderDirection=ASC&perPage=2") == times
    assert asked("orderBy=eventTime&eventCountLimit=3&perPage=2") == sorted(times, reverse=True)[:3]
    assert asked("eventCountLimit=2&perPage=2") == times[:2]
    assert asked("maxEventCount=4&perPage=3") == times
    large = firm.get(f"/events?MATCH_epc={thing}&maxEventCount=3")
    refused(large, 413, "QueryTooLargeException", "trace.epcis_query_large", "maxEventCount")


@pytest.mark.parametrize("who", ["firm-1", "firm-2"])
def test_events_are_ordered_by_an_extension_field_as_far_as_their_reader_is_given_it(
    trading: TradingNode, who: str
) -> None:
    """Its owner's events come by number, then by the codes of characters, then what has none; nothing of the order tells
    anybody else what they withhold."""
    thing = f"urn:example:graded:{who}"
    grades: list[Any] = [3, "b", 12, "a", None, "B", 3, -1]
    with trading.trader(who) as owner, trading.trader("firm-2" if who == "firm-1" else "firm-1") as other:
        for grade in grades:
            more = {} if grade is None else {"tea:grade": grade}
            owner.job(document(event(epcList=[thing], **more)))

        def asked(trader: Trader, parameters: str) -> list[Any]:
            shown, at = [], f"/events?MATCH_epc={thing}&{parameters}"
            while at:
                answer = trader.get(at, **{"GS1-Extensions": f"t={TEA}"})
                assert answer.status_code == 200, answer.text
                shown += [each.get("tea:grade") for each in events_in(answer)]
                at = following(answer)
            return shown

        up: list[Any] = [-1, 3, 3, 12, "B", "a", "b", None]
        down: list[Any] = [12, 3, 3, -1, "b", "a", "B", None]
        for page in (1, 3, 100):
            assert asked(owner, f"orderBy=t:grade&orderDirection=ASC&perPage={page}") == up
            assert asked(owner, f"orderBy=t:grade&perPage={page}") == down
        assert asked(owner, "orderBy=t:grade&eventCountLimit=3&perPage=2") == down[:3]
        assert asked(owner, "orderBy=eventTime&perPage=2&EXISTS_t:grade=") != []
        seen = asked(other, "orderBy=t:grade&perPage=3")
        assert set(seen) <= {None}
        assert seen == [] or who == "firm-1"


def test_a_page_of_an_order_by_extension_is_not_moved_by_what_comes_later(firm: Trader) -> None:
    thing = "urn:example:later"
    for grade in (1, 2, 3):
        firm.job(document(event(epcList=[thing], **{"tea:grade": grade})))
    first = firm.get(f"/events?MATCH_epc={thing}&orderBy=tea:grade&orderDirection=ASC&perPage=2")
    firm.job(document(event(epcList=[thing], **{"tea:grade": 0})))
    rest = firm.get(following(first))
    assert [each["tea:grade"] for answer in (first, rest) for each in events_in(answer)] == [1, 2, 3]
