"""Events are found, too, where the blocks that brought them are not kept."""

from pathlib import Path

import pytest
from trading import TradingNode, document, event, events_in, listening

from infoharbor.engine.blocklog import BlockLog


@pytest.mark.parametrize("index_is_gone", [True, False])
def test_what_old_blocks_brought_is_found_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, index_is_gone: bool
) -> None:
    monkeypatch.setitem(BlockLog.__init__.__kwdefaults__, "segment_bytes", 1)
    data = tmp_path / "data"
    node = listening(data)
    node.open_for_trade()
    capture(node, "urn:example:first")
    before = found(node, "urn:example:first")
    if not index_is_gone:
        capture(node, "urn:example:later")  # While nobody asks, the index does not follow.
    node.close()
    if index_is_gone:
        for file in data.glob("epcis_index.sqlite*"):
            file.unlink()
    log = BlockLog(data / "blocks")
    log.trim(max(log.segments()))
    again = listening(data)
    try:
        assert again.engine.first_block > 0
        assert found(again, "urn:example:first") == before
        assert index_is_gone or len(found(again, "urn:example:later")) == 3
        capture(again, "urn:example:new")
        assert len(found(again, "urn:example:new")) == 3
    finally:
        again.close()


def capture(node: TradingNode, thing: str) -> None:
    with node.trader() as trader:
        assert trader.job(document(*(event(epcList=[thing]) for _ in range(3))))["captured"] == 3


def found(node: TradingNode, thing: str) -> list[str]:
    with node.trader() as trader:
        return sorted(one["eventID"] for one in events_in(trader.get(f"/events?MATCH_anyEPC={thing}")))
