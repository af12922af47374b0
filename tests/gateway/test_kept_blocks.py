"""What a node answers about blocks that it does not keep."""

from collections.abc import Iterator

import httpx
import pytest
from node import TOKEN, Node

from infoharbor.engine.blocklog import BlockLog
from infoharbor.evidence.verify import verify
from infoharbor.sdk.problems import Problem
from infoharbor.sdk.trusting import ledger_trust


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node that has dropped all blocks but the newest few."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(BlockLog.__init__.__kwdefaults__, "segment_bytes", 1)
        running = Node(tmp_path_factory.mktemp("cut") / "data")
        running.open_accounts()
        running.engine._log.trim(running.engine.status().height)
        yield running
        running.close()


def get(node: Node, path: str, **headers: str) -> httpx.Response:
    return httpx.get(node.url + path, headers=headers, timeout=10)


@pytest.mark.parametrize("path", ["/v1/blocks/0", "/v1/blocks?after=-1", "/v1/stream?after=0"])
def test_an_older_cursor_is_gone(cut: Node, path: str) -> None:
    answer = get(cut, path)
    assert answer.status_code == 410
    told = answer.json()
    assert (told["code"], told["field"]) == ("ledger.height_gone", "height")
    assert str(cut.engine.first_block) in told["expected"]
    assert told["title"] != told["title_zh"]


def test_a_stream_that_is_taken_up_too_late_is_gone(cut: Node) -> None:
    assert get(cut, "/v1/stream", **{"Last-Event-ID": "0"}).status_code == 410


def test_blocks_begin_where_they_are_kept(cut: Node) -> None:
    first = cut.engine.first_block
    assert first > 0
    assert get(cut, "/v1/blocks").json()["items"][0]["height"] == first
    with httpx.stream("GET", f"{cut.url}/v1/stream?after={first - 1}", timeout=10) as stream:
        assert any(line.startswith("id:") for line in stream.iter_lines())


def test_a_history_ends_where_it_is_kept(cut: Node) -> None:
    path = f"asset/tokens/{TOKEN}"
    bank = cut.local("bank")
    seen = bank.history(path)
    assert seen["next"] == seen["items"][-1]["version"] > 1
    with pytest.raises(Problem) as told:
        bank.history(path, before=seen["next"])
    assert told.value.code == "ledger.height_gone"


def test_who_may_not_read_a_record_is_not_told_that_it_has_a_past(cut: Node) -> None:
    path = f"asset/balances/{TOKEN}/firm-1"
    assert cut.local("firm-1").history(path)["items"]
    assert cut.local("firm-2").history(path, before=9) == {"items": [], "next": None}
    with pytest.raises(Problem) as told:
        cut.local("firm-2").history(path)
    assert told.value.code == "ledger.record_unknown"


def test_a_record_is_proved_as_it_stands(cut: Node) -> None:
    path = f"asset/tokens/{TOKEN}"
    proven = verify(cut.local("bank").proof(path), ledger_trust(cut.engine))
    assert [(record.path, record.complete) for record in proven.records] == [(path, False)]
