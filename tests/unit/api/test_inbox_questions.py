"""The inbox and its dead letters through GraphQL."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.fakes.graph import FakeGraph
from tests.support.api_client import ApiClient, application_over
from tests.support.inbox import Desk, event, open_desk


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path) as opened:
        yield opened


@pytest_asyncio.fixture
async def client(desk: Desk) -> AsyncIterator[ApiClient]:
    async with ApiClient(desk.application) as opened:
        yield opened


async def bury(desk: Desk) -> None:
    await desk.send(event(item="nowhere"))
    while await desk.applier().work_once():
        pass


async def test_what_waits_is_shown_by_source(desk: Desk, client: ApiClient) -> None:
    await desk.send(event(), source="north")
    state = await client.run("inbox")
    assert (state["waiting"], state["accepted"], state["dead"]) == (1, 1, 0)
    assert [(row["source"], row["deliveries"]) for row in state["backlogs"]] == [("north", 1)]


async def test_a_dead_letter_is_listed_shown_mended_and_applied(desk: Desk, client: ApiClient) -> None:
    await bury(desk)
    (letter,) = await client.run("dead_letters")
    assert (letter["code"], letter["state"]) == ("DANGLING_END", "DEAD")
    assert await client.run("dead_letter", number=letter["number"]) == letter
    mended = letter["text"].replace("nowhere", "r1")
    told = await client.run("replay_dead_letter", input={"number": letter["number"], "text": mended})
    assert told["receipt"]
    while await desk.applier().work_once():
        pass
    assert list(desk.events()) == ["test:r1:down"]
    assert await client.run("dead_letters") == []
    assert len(await client.run("dead_letters", state="REPLAYED")) == 1


async def test_a_second_decision_is_refused(desk: Desk, client: ApiClient) -> None:
    await bury(desk)
    assert (await client.run("discard_dead_letter", input={"number": 1}))["userErrors"] == []
    for operation in ("discard_dead_letter", "replay_dead_letter"):
        (error,) = (await client.run(operation, input={"number": 1}))["userErrors"]
        assert error["code"] == "CONFLICT"


async def test_only_roles_that_may_assert_decide(desk: Desk, client: ApiClient) -> None:
    await bury(desk)
    asked = "mutation { discardDeadLetter(input: {number: 1}) { userErrors { code } } }"
    told = await client.ask(asked, Cmdb_Act_As="desk")
    assert told["discardDeadLetter"]["userErrors"] == [{"code": "FORBIDDEN"}]
    assert await client.codes("{ deadLetters { number } }", Cmdb_Act_As="subscriber:ann") == ["FORBIDDEN"]


ROW = {"item": "r1", "condition": "down", "severity": "MAJOR", "at": "2026-03-02T11:00:00Z"}


async def test_events_can_go_through_the_inbox(desk: Desk, client: ApiClient) -> None:
    sent = {"source": "tool", "rows": [ROW], "wait": "ACCEPTED"}
    told = await client.run("record_events", input=sent)
    assert (told["receipt"], told["revision"], told["userErrors"]) == ("1", 0, [])
    assert desk.events() == {}
    applier = desk.applier()
    running = asyncio.create_task(applier.run())
    waited = await client.run("record_events", input={**sent, "wait": "APPLIED"})
    await applier.stop(running)
    assert (waited["receipt"], waited["revision"]) == ("1", desk.graph.revision)
    assert list(desk.events()) == ["tool:r1:down"]


async def test_a_process_without_an_inbox_says_where_there_is_one(client: ApiClient) -> None:
    async with ApiClient(application_over(FakeGraph())) as other:
        assert await other.codes("{ inbox { waiting } }") == ["INBOX_BROKEN"]
