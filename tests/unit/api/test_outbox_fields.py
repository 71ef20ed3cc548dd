"""The outbox over GraphQL."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest_asyncio

from cmdb.application.application import Application
from cmdb.metamodel import read_metamodel
from cmdb.model.outgoing import Outgoing, OutgoingState
from cmdb.resources import folder
from tests.fakes.graph import FakeGraph
from tests.fakes.outbox import FakeOutboxLog
from tests.fakes.runs import FakeRunLog
from tests.support.api_client import ApiClient
from tests.support.graph_records import incident
from tests.support.moments import NOON, StandingClock

DEAD = Outgoing(
    key="snow|INC1|7", channel="snow", ticket=incident("INC1", title="Router down"), opened=True, revision=7,
    at=NOON, attempts=5, state=OutgoingState.DEAD, problem="POST was answered 403",
)  # fmt: skip


@dataclass
class Desk:
    log: FakeOutboxLog
    client: ApiClient


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    graph, log = FakeGraph(), FakeOutboxLog()
    log.put(DEAD)
    metamodel = read_metamodel(folder("schema"))
    application = Application(graph, graph, metamodel, StandingClock(), FakeRunLog(graph), outbox_log=log)
    async with ApiClient(application) as client:
        yield Desk(log, client)


async def test_what_could_not_be_told_is_shown_with_its_reason(desk: Desk) -> None:
    (entry,) = await desk.client.run("outbox")
    assert (entry["key"], entry["state"], entry["attempts"]) == (DEAD.key, "DEAD", 5)
    assert (entry["problem"], entry["ticket"]["title"]) == (DEAD.problem, "Router down")


async def test_an_entry_is_tried_again_or_given_up(desk: Desk) -> None:
    again = await desk.client.run("retry_outgoing", input={"key": DEAD.key})
    assert (again["userErrors"], again["entry"]["state"]) == ([], "WAITING")
    gone = await desk.client.run("discard_outgoing", input={"key": DEAD.key})
    assert (gone["entry"]["key"], desk.log.held) == (DEAD.key, {})
    missing = await desk.client.run("discard_outgoing", input={"key": DEAD.key})
    assert (missing["entry"], [error["code"] for error in missing["userErrors"]]) == (None, ["NOT_FOUND"])


async def test_others_do_not_see_it(desk: Desk) -> None:
    text = "{ outbox { key } }"
    assert await desk.client.codes(text, cmdb_act_as="desk") == ["FORBIDDEN"]
