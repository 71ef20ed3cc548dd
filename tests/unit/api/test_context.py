from collections.abc import Sequence

from cmdb.api.context import Batch
from cmdb.application.requests import RecordBatch
from cmdb.desk.access import SYSTEM
from cmdb.model.access import Principal
from cmdb.model.kinds import RecordKind
from cmdb.ports.graph import Stored
from tests.fakes.graph import FakeGraph
from tests.support.api_client import ApiClient, application_over
from tests.support.small_estate import ESTATE, raised


class CountingGraph(FakeGraph):
    """A store that notes which kinds were read by key."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[RecordKind] = []

    async def records(self, principal: Principal, kind: RecordKind, keys: Sequence[str]) -> list[Stored]:
        """Note and read."""
        self.read.append(kind)
        return await super().records(principal, kind, keys)


class Shelf:
    """Answers keys in upper case and notes each call; knows no `x`."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    async def fetch(self, principal: Principal, keys: Sequence[str]) -> list[str | None]:
        self.calls.append(list(keys))
        return [None if key == "x" else key.upper() for key in keys]


async def test_keys_are_fetched_once_and_absent_rows_left_out() -> None:
    shelf = Shelf()
    batch = Batch(shelf.fetch, SYSTEM)
    assert await batch.many(["a", "x", "a", "b"]) == ["A", "A", "B"]
    assert await batch.many([]) == []
    assert shelf.calls == [["a", "x", "b"]]
    assert batch.one("a") == "A"
    assert batch.one("x") is None
    assert batch.one(None) is None
    assert batch.known("b") == "B"
    assert batch.known("c") is None


async def test_one_level_of_a_page_is_one_read() -> None:
    graph = CountingGraph()
    application = application_over(graph)
    rows = (*ESTATE, *(raised(key) for key in ("r1", "vpnc", "printsrv")))
    await application.record(SYSTEM, RecordBatch(source="test", records=rows))
    async with ApiClient(application) as client:
        for event in ("r1", "printsrv"):
            payload = await client.run("open_ticket", input={"event": f"test:{event}:down"})
            assert payload["userErrors"] == []
        graph.read.clear()
        answer = await client.ask(
            "{ tickets { edges { node { key events { key item { key } } causeItem { key } parent { key } } } } }"
        )
    assert len(answer["tickets"]["edges"]) == 2
    assert all(edge["node"]["events"] for edge in answer["tickets"]["edges"])
    assert graph.read.count(RecordKind.EVENT) == 1
    assert graph.read.count(RecordKind.TICKET) == 0
