"""Look-ups and pages: how far back a page looks, in which order, and what is left out of what is shown."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmdb.desk.access import SYSTEM
from cmdb.model.access import Principal, PrincipalRole
from cmdb.model.kinds import RecordKind
from cmdb.model.records import Assignment, Dependency, Event, Record, Role
from cmdb.ports.graph import PageKey, RecordFilter, RowStatus
from cmdb.store.codec import content_of, digest_of, write_time
from cmdb.store.looking_up import RecordReader
from cmdb.store.plan import PlannedRow, Stamp
from cmdb.store.shape import FAR_DAY
from tests.fakes.connection import FakeConnection, Parameters
from tests.support.graph_records import EVERY_KIND, event, incident, item
from tests.support.moments import NOON, minutes

ANN = Principal(name="ann", role=PrincipalRole.SUBSCRIBER, party="ann")
VERBS = "CALLS|DEPENDS_ON"


def properties(record: Record, revision: int = 1, recorded: datetime = NOON) -> dict[str, Any]:
    """Return what the store holds of a record that this revision wrote."""
    content = content_of(record)
    row = PlannedRow(record, content, digest_of(content), RowStatus.CREATED)
    return row.properties(Stamp(revision, "test", recorded))


def reader(graph: FakeConnection) -> RecordReader:
    return RecordReader(graph, VERBS)


# --- pages ----------------------------------------------------------------------------------------------------------


class Events(FakeConnection):
    """A graph of events that answers pages as its statements say: by days, by time, newest first."""

    def __init__(self, events: Sequence[Event], recorded: datetime) -> None:
        super().__init__({"MATCH": self._page})
        self.held = [properties(one, recorded=recorded) for one in events]

    def _page(self, asked: Parameters) -> list[dict[str, Any]]:
        rows = [row for row in self.held if self._fits(row, asked)]
        rows.sort(key=lambda row: (row["at"], row["key"]), reverse=True)
        return [{"held": row} for row in rows[: asked["limit"]]]

    @staticmethod
    def _fits(row: dict[str, Any], asked: Parameters) -> bool:
        if "days" in asked and not (
            row["day"] in asked["days"] and asked["first"] <= row["at"] < asked["end"]
        ):
            return False
        if "after_at" not in asked:
            return True
        return bool((row["at"], row["key"]) < (asked["after_at"], asked["after_key"]))


AGES = st.one_of(st.integers(-500, 500), st.sampled_from([-40_000, 20_000, 700_000])).map(
    lambda days: timedelta(days=days)
)


@settings(max_examples=60)
@given(st.lists(AGES, max_size=8), st.integers(1, 4))
async def test_pages_follow_one_another_through_all_of_time_without_gap_or_repeat(
    ages: list[timedelta], size: int
) -> None:
    now = datetime.now(UTC)
    events = [
        replace(event(f"e{number}"), raised_at=now - age, changed_at=now - age, last_seen_at=now - age)
        for number, age in enumerate(ages)
    ]
    graph = Events(events, now)
    found, after = list[str](), None
    for _ in range(len(events) + 1):
        page = await reader(graph).page(SYSTEM, RecordKind.EVENT, RecordFilter(), after, size)
        found += [row.record.key for row in page]
        if len(page) < size:
            break
        last = page[-1].record
        assert isinstance(last, Event)
        after = PageKey(last.raised_at, last.key)
    newest = sorted(events, key=lambda one: (write_time(one.raised_at), one.key), reverse=True)
    assert found == [one.key for one in newest]


async def test_a_page_looks_no_further_back_than_it_must() -> None:
    now = datetime.now(UTC)
    at = now - timedelta(days=2)
    recent = [
        replace(event(f"e{number}"), raised_at=at, changed_at=at, last_seen_at=at) for number in range(3)
    ]
    graph = Events(recent, now)
    await reader(graph).page(SYSTEM, RecordKind.EVENT, RecordFilter(), None, 3)
    assert len(graph.asked) == 1
    await reader(graph).page(SYSTEM, RecordKind.EVENT, RecordFilter(), None, 4)
    assert "days" not in graph.asked[-1][1], "the last look is over all of time"


async def test_steps_back_meet_without_a_gap_and_the_first_has_no_end() -> None:
    graph = FakeConnection()
    after = PageKey(NOON, "e")
    await reader(graph).page(SYSTEM, RecordKind.EVENT, RecordFilter(), after, 5)
    steps = [asked for _, asked in graph.asked if "days" in asked]
    assert steps[0]["end"] > write_time(datetime(9999, 12, 31, tzinfo=UTC))
    for newer, older in pairwise(steps):
        assert older["end"] == newer["first"]
        assert set(older["days"]) & set(newer["days"]) == {FAR_DAY}
        assert date.fromisoformat(older["days"][-1]) + timedelta(days=1) == date.fromisoformat(
            newer["days"][1]
        )


async def test_what_is_asked_of_given_cis_starts_from_them_in_one_statement() -> None:
    graph = FakeConnection()
    query = RecordFilter(
        items=frozenset({"b", "a"}), states=frozenset({"open"}), since=NOON, until=NOON + minutes(5)
    )
    await reader(graph).page(SYSTEM, RecordKind.EVENT, query, None, 5)
    ((statement, asked),) = graph.asked
    assert "(i:ConfigurationItem)<-[:ON]-(n:Event)" in statement
    assert (asked["items"], asked["states"]) == (["a", "b"], ["open"])
    assert (asked["since"], asked["until"]) == (write_time(NOON), write_time(NOON + minutes(5)))
    assert "n.at >= $since" in statement
    assert "n.at < $until" in statement


@pytest.mark.parametrize(
    ("kind", "bound", "condition"),
    [
        (RecordKind.EVENT, True, "n.item <> ''"),
        (RecordKind.EVENT, False, "n.item = ''"),
        (RecordKind.EVENT, None, ""),
        (RecordKind.CHANGE, True, ""),
    ],
)
async def test_only_events_are_bound_or_not(*, kind: RecordKind, bound: bool | None, condition: str) -> None:
    graph = FakeConnection({"count(": [{"total": 4}]})
    assert await reader(graph).count(SYSTEM, kind, RecordFilter(bound=bound)) == 4
    ((statement, _),) = graph.asked
    assert ("n.item" in statement) is bool(condition)
    assert condition in statement


# --- by key ---------------------------------------------------------------------------------------------------------


async def test_records_come_in_the_order_of_the_keys_and_absent_ones_are_left_out() -> None:
    held = [{"held": [properties(item(key)) for key in "ab"]}]
    found = await reader(FakeConnection({"MATCH (n:": held})).records(
        SYSTEM, RecordKind.ITEM, ["b", "x", "a", "b"]
    )
    assert [row.record.key for row in found] == ["b", "a", "b"]


@pytest.mark.parametrize("record", EVERY_KIND, ids=lambda record: record.kind.value)
async def test_what_is_read_is_what_was_recorded_with_when_and_by_whom(record: Record) -> None:
    graph = FakeConnection({"AS held": [{"held": [properties(record, revision=7)]}]})
    (found,) = await reader(graph).records(SYSTEM, record.kind, [record.key])
    assert (found.revision, found.source, found.recorded_at, found.valid_to) == (7, "test", NOON, None)
    kept = {**content_of(found.record), "valid_from": None}
    assert kept == {**content_of(record), "valid_from": None}


@pytest.mark.parametrize(
    ("key", "starts"),
    [
        ("a|DEPENDS_ON|b|", ["a"]),
        ("a|x|DEPENDS_ON|b|g|h", ["a|x"]),
        ("a|CALLS|b|DEPENDS_ON|c|", ["a", "a|CALLS|b"]),
        ("|CALLS|", [""]),
        ("a|LIKES|b|", []),
        ("", []),
    ],
)
async def test_a_key_with_bars_may_start_in_several_places(key: str, starts: list[str]) -> None:
    graph = FakeConnection()
    await reader(graph).records(SYSTEM, RecordKind.DEPENDENCY, [key])
    assert [row["start"] for row in graph.given("d.key = row.key")[0]["rows"]] == starts


@given(st.text("ab|C", max_size=6), st.sampled_from(["CALLS", "DEPENDS_ON"]), st.text("ab|C", max_size=6))
@settings(max_examples=60)
async def test_the_true_start_is_among_them(consumer: str, verb: str, provider: str) -> None:
    one = Dependency(consumer=consumer, verb=verb, provider=provider)
    other = Assignment(party=consumer, role=Role.OWNS, item=provider)
    for record, start in ((one, consumer), (other, consumer)):
        graph = FakeConnection()
        await reader(graph).records(SYSTEM, record.kind, [record.key])
        assert {"start": start, "key": record.key} in graph.asked[0][1]["rows"]


# --- what is shown ----------------------------------------------------------------------------------------------------


async def test_cis_that_the_reader_does_not_see_are_left_out_of_a_ticket() -> None:
    held = [{"held": [properties(incident("t", items=("a", "b", "c")))]}]
    graph = FakeConnection({"MATCH (n:Ticket": held, "RETURN c.key AS key": [{"key": "b"}]})
    (shown,) = await reader(graph).records(ANN, RecordKind.TICKET, ["t"])
    assert getattr(shown.record, "items") == ("b",)  # noqa: B009 - a record of some kind
    assert graph.given("RETURN c.key AS key")[0]["keys"] == ["a", "b", "c"]
    (whole,) = await reader(graph).records(SYSTEM, RecordKind.TICKET, ["t"])
    assert getattr(whole.record, "items") == ("a", "b", "c")  # noqa: B009 - a record of some kind


async def test_the_past_of_what_is_hidden_is_not_even_asked_for() -> None:
    graph = FakeConnection()
    assert await reader(graph).versions(ANN, RecordKind.ITEM, "a") == []
    assert graph.given("MATCH (v:Version") == []


async def test_versions_come_oldest_first_each_with_its_end_and_the_present_last() -> None:
    def body(name: str, revision: int) -> dict[str, Any]:
        text = json.dumps(properties(item("a", name=name), revision))
        return {"body": text, "valid_to": write_time(NOON + minutes(revision)), "revision": revision}

    graph = FakeConnection(
        {
            "MATCH (v:Version": [body("one", 1), body("two", 2)],
            "MATCH (n:": [{"held": [properties(item("a", name="three"), 3)]}],
        }
    )
    found = await reader(graph).versions(SYSTEM, RecordKind.ITEM, "a")
    assert [getattr(row.record, "name") for row in found] == ["one", "two", "three"]  # noqa: B009 - a record of some kind
    assert [row.valid_to for row in found] == [NOON + minutes(1), NOON + minutes(2), None]
