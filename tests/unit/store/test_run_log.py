"""Bookkeeping of runs: who holds a feed, what is remembered of good runs, and what runs are compared with."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmdb.errors import Conflict, ErrorCode
from cmdb.model.records import Dependency, Item
from cmdb.model.runs import Feed, Review, ReviewState, Run, RunState
from cmdb.store.codec import content_of
from cmdb.store.counter import HEAD, HOLD_COUNTER
from cmdb.store.head import Head
from cmdb.store.run_log import (
    ANY_FEED,
    END_RUNS,
    KEPT_STARTS,
    OPEN_RUNS,
    PRESENT_ITEMS,
    PUT,
    RECORDED_ITEMS,
    SEEN_ITEMS,
    SIGHTED_ITEMS,
    TOUCH_FEED,
    TOUCHED_ITEMS,
    RunLogStore,
    prove_feed,
)
from cmdb.store.shape import BUCKETS
from tests.fakes.connection import FakeConnection, FakeTransaction, Parameters
from tests.support.graph_records import edge, item
from tests.support.moments import NOON, minutes
from tests.support.records import DEPENDENCY_SIGHTINGS, MOMENTS, SIGHTINGS, TEXTS

UNTIL = NOON + minutes(5)
RUN = Run(key="r1", source="netbox", scope="eu", state=RunState.DONE, complete=True, started_at=NOON)
TYPES = "CALLS|DEPENDS_ON"


class Books(FakeConnection):
    """A graph that keeps feeds, runs and reviews."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, dict[str, dict[str, Any]]] = {"Feed": {}, "Run": {}, "Review": {}}
        self.answers = {TOUCH_FEED: self._touch, OPEN_RUNS: self._open, END_RUNS: self._end}
        for label in self.kept:
            self.answers[PUT.replace("<label>", label)] = self._putting(label)
        self.answers["(n:Feed)"] = lambda _: self._all("Feed")
        self.answers["(n:Run)"] = lambda _: self._all("Run")
        self.answers["(n:Review)"] = lambda _: self._all("Review")

    def _all(self, label: str) -> list[dict[str, Any]]:
        return [{"held": row} for row in self.kept[label].values()]

    def _touch(self, asked: Parameters) -> list[dict[str, Any]]:
        return [{"held": {"key": asked["key"], "touched": "x", **self.kept["Feed"].get(asked["key"], {})}}]

    def _putting(self, label: str) -> Callable[[Parameters], list[dict[str, Any]]]:
        def put(asked: Parameters) -> list[dict[str, Any]]:
            self.kept[label].update((row["key"], row) for row in asked["rows"])
            return []

        return put

    def _open(self, asked: Parameters) -> list[dict[str, Any]]:
        wanted = (asked["source"], asked["scope"], "running")
        runs = self.kept["Run"].values()
        return [{"key": run["key"]} for run in runs if (run["source"], run["scope"], run["state"]) == wanted]

    def _end(self, asked: Parameters) -> list[dict[str, Any]]:
        for key in asked["keys"]:
            self.kept["Run"][key] |= {"state": "failed", "problems": asked["problems"]}
        return []


def log(books: FakeConnection) -> RunLogStore:
    return RunLogStore(books, Head(books), TYPES)


async def refused(attempt: Any) -> str:
    with pytest.raises(Conflict) as caught:
        await attempt
    assert caught.value.code is ErrorCode.FEED_BUSY
    assert caught.value.hint
    return caught.value.message


# --- feeds ----------------------------------------------------------------------------------------------------------


async def test_a_feed_that_is_held_is_refused_until_its_time_is_over() -> None:
    books = Books()
    first = await log(books).take_feed("netbox", "eu", NOON, UNTIL, "one")
    assert (first.token, first.holder, first.held_until) == (1, "one", UNTIL)
    said = await refused(log(books).take_feed("netbox", "eu", UNTIL - minutes(1), UNTIL, "two"))
    assert said == f"Another run of 'netbox' for the scope 'eu' is under way until {UNTIL.isoformat()}."
    second = await log(books).take_feed("netbox", "eu", UNTIL, UNTIL + minutes(5), "two")
    assert (second.token, second.holder) == (2, "two")
    assert (await log(books).take_feed("netbox", "us", NOON, UNTIL, "three")).token == 1


async def test_a_run_that_never_ended_is_said_to_be_interrupted_when_the_next_one_begins() -> None:
    books = Books()
    feed = await log(books).take_feed("netbox", "eu", NOON, UNTIL, "one")
    other = await log(books).take_feed("netbox", "us", NOON, UNTIL, "one")
    await log(books).renew_feed(feed, replace(RUN, state=RunState.RUNNING), UNTIL)
    await log(books).renew_feed(other, replace(RUN, key="r2", scope="us", state=RunState.RUNNING), UNTIL)
    await log(books).take_feed("netbox", "eu", UNTIL, UNTIL + minutes(5), "two")
    found = {run.key: (run.state, run.problems) for run in await log(books).runs(None, 9)}
    assert found["r1"] == (RunState.FAILED, ("interrupted: a later run took the feed",))
    assert found["r2"] == (RunState.RUNNING, ())


async def test_who_was_overtaken_neither_renews_nor_releases_nor_writes() -> None:
    books = Books()
    old = await log(books).take_feed("netbox", "eu", NOON, UNTIL, "one")
    new = await log(books).take_feed("netbox", "eu", UNTIL, UNTIL + minutes(5), "two")
    held = dict(books.kept["Feed"])
    await refused(log(books).renew_feed(old, RUN, UNTIL + minutes(9)))
    await refused(log(books).release_feed(old, RUN))
    await refused(prove_feed(FakeTransaction(books), old.key, old.token, UNTIL))
    assert (books.kept["Feed"], books.kept["Run"]) == (held, {})
    await prove_feed(FakeTransaction(books), new.key, new.token, UNTIL)
    await log(books).renew_feed(new, RUN, UNTIL + minutes(9))
    assert [feed.held_until for feed in await log(books).feeds()] == [UNTIL + minutes(9)]


async def test_a_feed_that_nobody_ever_took_proves_nothing() -> None:
    await refused(prove_feed(FakeTransaction(Books()), "netbox|eu", 1, NOON))


@pytest.mark.parametrize(
    ("run", "starts", "last"),
    [
        (RUN, (NOON,), NOON),
        (replace(RUN, complete=False), (), NOON),
        (replace(RUN, state=RunState.FAILED), (), None),
    ],
    ids=["complete", "partial", "failed"],
)
async def test_only_good_runs_are_remembered_and_only_complete_ones_count_misses(
    run: Run, starts: tuple[Any, ...], last: Any
) -> None:
    books = Books()
    feed = await log(books).take_feed("netbox", "eu", NOON, UNTIL, "one")
    await log(books).release_feed(feed, replace(run, ended_at=NOON + minutes(1)))
    (free,) = await log(books).feeds()
    assert (free.holder, free.held_until, free.token) == ("", None, 1)
    assert (free.complete_starts, free.last_started) == (starts, last)
    assert free.last_ended == (None if last is None else NOON + minutes(1))
    await log(books).take_feed("netbox", "eu", NOON, UNTIL, "two")


async def test_a_feed_remembers_its_latest_complete_runs_alone() -> None:
    books = Books()
    for day in range(KEPT_STARTS + 2):
        at = NOON + timedelta(days=day)
        feed = await log(books).take_feed("netbox", "eu", at, at + minutes(5), "one")
        await log(books).release_feed(feed, replace(RUN, started_at=at))
    (feed,) = await log(books).feeds()
    assert feed.complete_starts == tuple(NOON + timedelta(days=day) for day in range(2, KEPT_STARTS + 2))


# --- what is kept -----------------------------------------------------------------------------------------------------

KEPT = st.one_of(
    st.builds(Feed, source=TEXTS, scope=TEXTS),
    st.builds(
        Run, key=TEXTS, source=TEXTS, scope=TEXTS, state=st.sampled_from(RunState), complete=st.booleans(),
        started_at=MOMENTS, ended_at=st.none() | MOMENTS, counts=st.dictionaries(TEXTS, st.integers(0, 9), max_size=2),
        problems=st.lists(TEXTS, max_size=2).map(tuple), documents=st.lists(TEXTS, max_size=2).map(tuple),
        plan_hash=TEXTS, revision=st.integers(0, 2**40),
    ),
    st.builds(
        Review, source=TEXTS, scope=TEXTS, native=TEXTS, name=TEXTS, candidates=st.lists(TEXTS, max_size=2).map(tuple),
        reason=TEXTS, opened_at=MOMENTS, item=st.none() | TEXTS, state=st.sampled_from(ReviewState),
        rejected=st.lists(TEXTS, max_size=2).map(tuple), decided_at=st.none() | MOMENTS,
    ),
)  # fmt: skip


@settings(max_examples=60)
@given(KEPT)
async def test_what_is_kept_is_read_again_and_fits_into_a_graph(kept: Feed | Run | Review) -> None:
    books = Books()
    if isinstance(kept, Review):
        await log(books).put_reviews([kept])
        found: list[Any] = await log(books).reviews()
    elif isinstance(kept, Run):
        feed = await log(books).take_feed("netbox", "eu", NOON, UNTIL, "one")
        await log(books).renew_feed(feed, kept, UNTIL)
        found = list(await log(books).runs(None, 9))
    else:
        await log(books).take_feed(kept.source, kept.scope, NOON, UNTIL, "one")
        run = replace(RUN, source=kept.source, scope=kept.scope)
        (held,) = await log(books).feeds()
        await log(books).release_feed(held, run)
        (free,) = await log(books).feeds()
        expected = replace(held, holder="", held_until=None, last_started=NOON, complete_starts=(NOON,))
        assert free == expected
        kept, found = free, [free]
    assert found == [kept]
    for rows in books.kept.values():
        assert all(isinstance(value, str | int | bool) for row in rows.values() for value in row.values())


async def test_nothing_to_keep_is_no_transaction() -> None:
    books = Books()
    await log(books).put_reviews([])
    assert books.transactions == 0


# --- the estate -------------------------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(st.lists(SIGHTINGS, max_size=2), st.lists(DEPENDENCY_SIGHTINGS, max_size=2))
async def test_the_estate_holds_what_sources_say_and_what_was_recorded(
    seen: list[Any], told: list[Any]
) -> None:
    sighted = content_of(Item(key="s", ci_class="server", name="s", sightings=tuple(seen))).get("sightings")
    edge_told = content_of(edge("s", "r", sightings=tuple(told))).get("sightings")
    recorded = content_of(item("r", attributes={"os": "Debian"}))

    def once(rows: list[Any]) -> Callable[[Parameters], list[dict[str, Any]]]:
        return lambda asked: [{"bucket": 0, "rows": rows}] if 0 in asked["buckets"] else []

    graph = FakeConnection(
        {
            SEEN_ITEMS: once([["s", "server", "S", False, sighted], ["r", "server", "R", True, None]]),
            RECORDED_ITEMS: once([recorded]),
            "d.sightings]": once([["s", "CALLS", "r", None, edge_told], ["s", "CALLS", "r", "g", None]]),
        }
    )
    estate = await log(graph).estate()
    assert estate.items["s"].sightings == tuple(seen)
    assert (estate.items["r"].retired, estate.items["r"].attributes) == (True, {"os": "Debian"})
    assert estate.dependencies == {("s", "CALLS", "r"): [(None, tuple(told)), ("g", ())]}
    read = sorted(bucket for asked in graph.given(SEEN_ITEMS) for bucket in asked["buckets"])
    assert read == list(range(BUCKETS))


@pytest.mark.parametrize(
    ("since", "keys", "asked"), [(0, {"a"}, PRESENT_ITEMS), (4, {"b"}, TOUCHED_ITEMS), (9, set(), None)]
)
async def test_named_items_are_all_of_them_or_those_touched_since(
    since: int, keys: set[str], asked: str | None
) -> None:
    graph = FakeConnection(
        {
            HEAD: [{"revision": 9}],
            PRESENT_ITEMS: lambda given: [{"rows": [content_of(item("a"))]}] if 0 in given["buckets"] else [],
            TOUCHED_ITEMS: [{"rows": [content_of(item("b"))]}],
        }
    )
    head, found = await log(graph).named_items(since)
    assert (head, {row.key for row in found}) == (9, keys)
    assert {statement for statement, _ in graph.asked} == {HEAD, HOLD_COUNTER} | ({asked} if asked else set())


async def test_dependencies_come_by_pair_of_cis_and_no_other_verb_between_them() -> None:
    rows = [{"held": content_of(row)} for row in (edge("a", "b", group="g"), edge("a", "b", verb="CALLS"))]
    graph = FakeConnection({"p.key IN row.providers": rows})
    wanted = {("a", "DEPENDS_ON", "b"), ("a", "DEPENDS_ON", "c"), ("x", "CALLS", "b")}
    found = await log(graph).dependencies_between(wanted)
    assert found.keys() == wanted
    assert [row.group for row in found["a", "DEPENDS_ON", "b"]] == ["g"]
    assert found["a", "DEPENDS_ON", "c"] == []
    (asked,) = graph.given("p.key IN row.providers")
    assert asked["rows"] == [
        {"consumer": "a", "providers": ["b", "c"]},
        {"consumer": "x", "providers": ["b"]},
    ]


async def test_dependencies_of_a_ci_come_by_key_and_nothing_is_asked_for_nothing() -> None:
    rows: list[Dependency] = [edge("b", "a"), edge("a", "c")]
    graph = FakeConnection({"RETURN DISTINCT": [{"held": content_of(row)} for row in rows]})
    assert [row.key for row in await log(graph).dependencies_of("a")] == [
        "a|DEPENDS_ON|c|",
        "b|DEPENDS_ON|a|",
    ]
    empty = FakeConnection()
    assert await log(empty).dependencies_between(set()) == {}
    assert await log(empty).sighted_items([]) == {}
    assert empty.asked == []


async def test_whether_any_run_was_made_and_which_cis_sources_see() -> None:
    graph = FakeConnection(
        {ANY_FEED: [{"key": "netbox|eu"}], SIGHTED_ITEMS: [{"held": content_of(item("a"))}]}
    )
    assert await log(graph).has_feeds()
    assert not await log(FakeConnection()).has_feeds()
    assert set(await log(graph).sighted_items({"b", "a"})) == {"a"}
    assert graph.given(SIGHTED_ITEMS) == [{"keys": ["a", "b"]}]
