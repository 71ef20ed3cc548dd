"""What those who watch are told, from when on, and what they are not."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from cmdb.application.feed import Feed
from cmdb.application.live import LiveTopology
from cmdb.application.news import LiveNews, ServiceNews
from cmdb.application.requests import OpenTicketRequest, UpdateTicketRequest
from cmdb.desk.access import SYSTEM
from cmdb.model.severity import Severity
from cmdb.model.windows import Window, WindowKind
from tests.support.moments import NOON, minutes
from tests.support.small_estate import ANN, Bench, cleared, furnished, raised

DOWN = {"finance": Severity.CRITICAL, "vpn": Severity.CRITICAL}


@dataclass
class Hall:
    bench: Bench
    feed: Feed
    news: LiveNews

    async def write(self, *records: Any) -> int:
        """Write, let the feed look, and return the revision."""
        outcome = await self.bench.assert_records(*records)
        await self.look()
        return outcome.revision

    async def look(self) -> None:
        self.bench.clock.advance(0.01)
        await self.feed.look()


def hall_of(bench: Bench, memory: int = 100) -> Hall:
    live = LiveTopology(bench.graph, bench.clock, bench.application.metamodel.service_classes(), patience=60)
    feed = Feed(live, memory)
    return Hall(bench, feed, LiveNews(feed))


@pytest_asyncio.fixture
async def hall() -> AsyncIterator[Hall]:
    made = hall_of(await furnished())
    yield made
    await made.feed.close()


async def told(news: AsyncIterator[Any]) -> Any:
    return await asyncio.wait_for(anext(news), 5)


async def silent(news: AsyncIterator[Any]) -> bool:
    try:
        await asyncio.wait_for(anext(news), 0.05)
    except TimeoutError:
        return True
    return False


def states(news: ServiceNews) -> dict[str, Severity]:
    return {row.item.key: row.health.effective for row in news.services}


async def test_a_watcher_is_told_all_at_first_and_then_what_changes(hall: Hall) -> None:
    news = hall.news.services(SYSTEM, None, None)
    first = await told(news)
    assert (first.reset, first.services) == (True, ())
    revision = await hall.write(raised("r1"))
    step = await told(news)
    assert (step.reset, step.basis.revision, states(step)) == (False, revision, DOWN)
    await hall.write(cleared("r1", NOON + minutes(1)))
    assert states(await told(news)) == dict.fromkeys(DOWN, Severity.OK)


async def test_who_comes_back_is_told_what_was_missed_and_no_more(hall: Hall) -> None:
    await hall.look()
    start = hall.bench.graph.revision
    first = await hall.write(raised("r1"))
    await hall.write(raised("printsrv"))
    replay = await told(hall.news.services(SYSTEM, start, None))
    assert (replay.reset, states(replay)) == (False, DOWN | {"print": Severity.CRITICAL})
    later = await told(hall.news.services(SYSTEM, first, None))
    assert states(later) == {"print": Severity.CRITICAL}
    assert await silent(hall.news.services(SYSTEM, hall.bench.graph.revision, None))


@pytest.mark.parametrize("since", [0, 1_000_000])
async def test_who_was_away_too_long_or_comes_from_elsewhere_is_told_all(hall: Hall, since: int) -> None:
    await hall.write(raised("r1"))
    news = await told(hall.news.services(SYSTEM, since, None))
    assert (news.reset, states(news)) == (True, DOWN)


async def test_what_is_forgotten_makes_a_reset_and_never_a_gap() -> None:
    hall = hall_of(await furnished(), memory=2)
    await hall.look()
    revisions = [await hall.write(raised(key)) for key in ("r1", "printsrv", "mail1", "r2")]
    try:
        assert (await told(hall.news.services(SYSTEM, revisions[0], None))).reset
        kept = await told(hall.news.services(SYSTEM, revisions[1], None))
        assert (kept.reset, states(kept)) == (False, {"mail": Severity.CRITICAL})
    finally:
        await hall.feed.close()


async def test_a_slow_watcher_is_told_how_it_stands_now(hall: Hall) -> None:
    news = hall.news.services(SYSTEM, None, None)
    await told(news)
    await hall.write(raised("r1"))
    await hall.write(raised("printsrv"))
    last = await hall.write(cleared("r1", NOON + minutes(1)))
    step = await told(news)
    assert step.basis.revision == last
    assert states(step) == {"finance": Severity.OK, "vpn": Severity.OK, "print": Severity.CRITICAL}


async def test_a_store_that_was_put_back_resets_everybody(hall: Hall) -> None:
    await hall.write(raised("r1"))
    news = hall.news.services(SYSTEM, None, None)
    await told(news)
    other = (await furnished()).graph
    graph = hall.bench.graph
    graph.rows, graph.told, graph.archive, graph.revision = other.rows, other.told, other.archive, 1
    await hall.look()
    step = await told(news)
    assert (step.reset, step.services) == (True, ())


async def test_a_window_that_opens_is_news_without_a_revision(hall: Hall) -> None:
    window = Window(
        key="w", window_kind=WindowKind.MAINTENANCE, title="w", items=("r1",), start=NOON + minutes(5),
        end=NOON + minutes(9),
    )  # fmt: skip
    revision = await hall.write(raised("r1"), window)
    news = hall.news.services(SYSTEM, revision, None)
    hall.bench.clock.advance(6)
    await hall.look()
    assert states(await told(news)) == dict.fromkeys(DOWN, Severity.OK)
    assert states(await told(hall.news.services(SYSTEM, revision, None))) == dict.fromkeys(DOWN, Severity.OK)


async def test_others_services_are_not_told_of(hall: Hall) -> None:
    news = hall.news.services(ANN, None, None)
    await told(news)
    await hall.write(raised("r1"))
    assert list(states(await told(news))) == ["vpn"]
    await hall.write(raised("printsrv"))
    assert await silent(news)


async def test_wanted_services_are_all_told_of_at_first(hall: Hall) -> None:
    news = hall.news.services(SYSTEM, None, frozenset({"mail", "vpn", "r1", "nothing"}))
    assert states(await told(news)) == {"mail": Severity.OK, "vpn": Severity.OK}
    await hall.write(raised("printsrv"))
    await hall.write(raised("r1"))
    assert states(await told(news)) == {"vpn": Severity.CRITICAL}


async def test_each_step_of_a_ticket_is_told_to_those_who_see_it(hall: Hall) -> None:
    await hall.write(raised("r1"))
    desk, ann = hall.news.tickets(SYSTEM, None, None), hall.news.tickets(ANN, None, None)
    assert ((await told(desk)).tickets, (await told(ann)).tickets) == ((), ())
    application = hall.bench.application
    key = (await application.open_ticket(SYSTEM, OpenTicketRequest(event="test:r1:down"))).ticket
    await hall.look()
    for news in (desk, ann):
        assert [ticket.key for ticket in (await told(news)).tickets] == [key]
    await hall.write(raised("printsrv"))
    await application.open_ticket(SYSTEM, OpenTicketRequest(event="test:printsrv:down"))
    await hall.look()
    assert [ticket.key for ticket in (await told(desk)).tickets] == ["INC000002"]
    assert await silent(ann)
    only = hall.news.tickets(SYSTEM, hall.bench.graph.revision, frozenset({key}))
    await application.update_ticket(SYSTEM, UpdateTicketRequest(ticket="INC000002", note="n"))
    await application.update_ticket(SYSTEM, UpdateTicketRequest(ticket=key, note="n"))
    await hall.look()
    assert [ticket.notes[-1].text for ticket in (await told(only)).tickets] == ["n"]


async def test_situations_begin_change_and_end(hall: Hall) -> None:
    news, ann = hall.news.situations(SYSTEM, None), hall.news.situations(ANN, None)
    await told(news)
    await told(ann)
    await hall.write(raised("r1"))
    begun = await told(news)
    assert ([row.key for row in begun.situations], begun.ended) == (["cause:r1"], ())
    await hall.write(raised("vpn", Severity.MAJOR, NOON + minutes(1)))
    assert len((await told(news)).situations[0].members) == 2
    seen = await told(ann)
    assert [row.key for row in seen.situations] == ["event:test:vpn:down"]
    await hall.write(raised("r1", at=NOON + minutes(2)))
    assert await silent(news), "a repeat is no news"
    await hall.write(cleared("r1", NOON + minutes(3)), cleared("vpn", NOON + minutes(3)))
    news = hall.news.situations(SYSTEM, hall.bench.graph.revision - 1)
    assert (await told(news)).ended == ("cause:r1",)
    assert (await told(ann)).ended == ("event:test:vpn:down",)


async def test_looking_goes_on_by_itself_while_somebody_watches() -> None:
    hall = hall_of(await furnished())
    news = hall.news.services(SYSTEM, None, None)
    await told(news)
    await hall.bench.assert_records(raised("r1"))
    hall.bench.clock.advance(1)
    assert states(await told(news)) == DOWN
    await hall.feed.close()
