"""A pallet on the capture page: packed, with a lot or with coded cases, shipped by its number, and unpacked."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from tests.farm.capture_page import capture, choose, gtin, keep, opened
from tests.farm.conftest import GROWER, Farm

PALLET, OTHER, CASES = "095210010000000017", "095210010000000048", ("095210010000000024", "095210010000000031")


def events(farm: Farm, key: str) -> list[tuple[str, str]]:
    """What the ledger has of a thing: type and business step, the oldest first."""
    found = farm.get("/v1/records/trace/events?limit=1000", by=GROWER).json()["items"]
    told = [each["record"] for each in found]
    about = [each for each in told if key in str(each)]
    return [(each["type"], each["biz_step"]) for each in sorted(about, key=lambda each: str(each["event_time"]))]


def wait_for(page: Page, count: int) -> None:
    expect(page.locator("#queue li[data-state=recorded]")).to_have_count(count)


def test_a_lot_is_packed_on_a_pallet_that_is_shipped_by_its_number_and_unpacked(
    phone: BrowserContext, farm: Farm
) -> None:
    page = opened(phone)
    capture(page, "PACK-1", "40")
    choose(page, "托盘：装入批次")
    expect(page.locator("#moisture")).to_be_hidden()
    page.fill("#pallet", f"(00){PALLET}")
    page.fill("#lot-number", "PACK-1")
    page.fill("#amount", "15.5")
    keep(page)
    wait_for(page, 2)
    for what in ("托盘：发运", "托盘：全部拆下"):
        choose(page, what)
        expect(page.locator("#lot-number")).to_be_hidden()
        keep(page)
    wait_for(page, 4)
    steps = [step for _, step in events(farm, PALLET)]
    assert steps == ["packing", "shipping", "unpacking"]
    packed = farm.get(f"/v1/records/trace/packed?parent=00~{PALLET}", by=GROWER).json()["items"]
    assert [each["record"]["child"] for each in packed] == [f"01~{gtin(farm)}~10~PACK-1"]


def test_cases_are_packed_by_their_numbers_one_a_line(phone: BrowserContext, farm: Farm) -> None:
    page = opened(phone)
    choose(page, "托盘：装入箱子")
    page.fill("#pallet", OTHER[:-1] + "7")
    page.fill("#cases", "\n".join(CASES))
    keep(page)
    assert "识读有误" in page.eval_on_selector("#pallet", "field => field.validationMessage")
    expect(page.locator("#queue li")).to_have_count(0)
    page.fill("#pallet", OTHER)
    keep(page)
    wait_for(page, 1)
    expect(page.locator("#queue li")).to_contain_text("× 2")
    packed = farm.get(f"/v1/records/trace/packed?parent=00~{OTHER}", by=GROWER).json()["items"]
    assert {f"00~{each}" for each in CASES} <= {each["record"]["child"] for each in packed}


@pytest.mark.parametrize("what", ["托盘：发运", "托盘：收货"])
def test_without_a_pallets_number_nothing_is_kept(phone: BrowserContext, what: str) -> None:
    page = opened(phone)
    choose(page, what)
    keep(page)
    expect(page.locator("#queue li")).to_have_count(0)
