"""Reads at the edges of time, of names and beside a writer, on both engines."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmdb.desk.access import SYSTEM
from cmdb.model.kinds import RecordKind
from cmdb.model.provenance import AttributeValue
from cmdb.model.records import (
    Assignment,
    Change,
    ChangeKind,
    ChangeState,
    Event,
    Item,
    Party,
    PartyKind,
    Record,
    Role,
)
from cmdb.model.subject import Subject
from cmdb.ports.graph import GraphDelta, PageKey, RecordFilter, RowStatus
from cmdb.store.connection import Connection, Row, StoreAddress, open_connection
from cmdb.store.head import Head
from cmdb.store.projecting import ProjectionReader
from cmdb.store.store import Store
from tests.conftest import VERBS
from tests.support.graph_records import edge, event, item
from tests.support.moments import NOON, minutes

DAY = 60 * 24


async def write(store: Store, *records: Record, at: float = 0) -> None:
    outcome = await store.write(SYSTEM, "test", records, NOON + minutes(at))
    assert not outcome.refused


async def walk(store: Store, limit: int) -> list[str]:
    """Return the keys of all events, page by page."""
    seen: list[str] = []
    after: PageKey | None = None
    while rows := await store.page(SYSTEM, RecordKind.EVENT, RecordFilter(), after, limit):
        seen += [row.record.key for row in rows]
        assert isinstance(rows[-1].record, Event)
        after = PageKey(rows[-1].record.raised_at, rows[-1].record.key)
    return seen


def planned(key: str, start: datetime | None = None, **fields: object) -> Change:
    """Return a change of `a`."""
    told = {"change_kind": ChangeKind.NORMAL, "state": ChangeState.PLANNED, **fields}
    return Change(key=key, title=key, targets=("a",), planned_start=start, **told)  # type: ignore[arg-type]


async def keys_of_changes(store: Store, query: RecordFilter, limit: int) -> list[str]:
    """Return the keys of all changes, page by page."""
    seen: list[str] = []
    after: PageKey | None = None
    while rows := await store.page(SYSTEM, RecordKind.CHANGE, query, after, limit):
        seen += [row.record.key for row in rows]
        assert isinstance(rows[-1].record, Change)
        after = PageKey(rows[-1].record.start, rows[-1].record.key)
    return seen


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
async def test_changes_without_a_time_come_last_and_are_counted(store: Store, limit: int) -> None:
    first = datetime(1, 1, 1, tzinfo=UTC)
    drafts = [planned(key, state=ChangeState.CANCELLED) for key in ("draft1", "draft3", "draft2")]
    await write(
        store,
        item("a"),
        planned("old", NOON),
        planned("first", first),
        *drafts,
        planned("new", NOON + minutes(9)),
    )
    wanted = ["new", "old", "first", "draft3", "draft2", "draft1"]
    for query in (RecordFilter(), RecordFilter(items=frozenset({"a"}))):
        assert await keys_of_changes(store, query, limit) == wanted
        assert await store.count(SYSTEM, RecordKind.CHANGE, query) == 6
    cancelled = RecordFilter(states=frozenset({"cancelled"}))
    assert await keys_of_changes(store, cancelled, limit) == wanted[3:]
    within = RecordFilter(since=NOON)
    assert await keys_of_changes(store, within, limit) == wanted[:2]
    assert await store.count(SYSTEM, RecordKind.CHANGE, within) == 2


@pytest.mark.parametrize("limit", [1, 2, 50])
async def test_pages_reach_the_first_and_the_last_year_there_is(store: Store, limit: int) -> None:
    first, last = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    near = [event(f"e{number}", number) for number in range(3)]
    ahead = event("ahead", 900 * DAY)
    edges = [event(key, raised_at=at) for key, at in (("first", first), ("last", last))]
    await write(store, item("a"), *near, ahead, *edges)
    assert await walk(store, limit) == ["last", "ahead", "e2", "e1", "e0", "first"]
    (stored,) = await store.records(SYSTEM, RecordKind.EVENT, ["first"])
    assert isinstance(stored.record, Event)
    assert stored.record.raised_at == first


async def test_records_between_two_keys_with_bars_are_found(store: Store) -> None:
    ann = Party(key="ann|owns|x", party_kind=PartyKind.PERSON, name="Ann")
    owns = Assignment(party=ann.key, role=Role.OWNS, item="b|c")
    needs = edge("a|DEPENDS_ON|x", "b|c")
    await write(store, item("a|DEPENDS_ON|x"), item("b|c"), ann, needs, owns)
    for record in (needs, owns):
        assert [row.record.key for row in await store.records(SYSTEM, record.kind, [record.key])] == [
            record.key
        ]
        assert len(await store.versions(SYSTEM, record.kind, record.key)) == 1


class Interposed:
    """A connection beside which another writer acts once, before the n-th read."""

    def __init__(self, connection: Connection, reads: int, act: Callable[[], Awaitable[None]]) -> None:
        """Let that many reads pass first."""
        self._connection = connection
        self._left = reads
        self._act = act

    async def read(self, statement: str, /, **parameters: object) -> list[Row]:
        """Read, perhaps after the other one."""
        if self._left == 0:
            await self._act()
        self._left -= 1
        return await self._connection.read(statement, **parameters)


async def delta_beside(
    store: Store, address: StoreAddress, reads: int, since: int, *records: Record
) -> GraphDelta:
    """Return the delta while another writer commits these records before the n-th of its reads."""
    async with open_connection(address) as connection:
        other = Interposed(connection, reads, lambda: write(store, *records, at=9))
        return await ProjectionReader(other, Head(connection), "|".join(VERBS)).delta(SYSTEM, since)  # type: ignore[arg-type]


@pytest.mark.parametrize("reads", range(1, 4))
async def test_a_tail_never_loses_a_dependency_to_a_writer_beside_it(
    store: Store, store_address: StoreAddress, reads: int
) -> None:
    await write(store, item("a"), item("b"), item("c"))
    await write(store, item("a", name="new"), edge("a", "b"), at=1)
    delta = await delta_beside(store, store_address, reads, 1, edge("a", "c"))
    assert delta.revision == 2
    assert "a" in delta.items.keys
    assert "b" in delta.dependencies.providers
    following = await store.delta(SYSTEM, delta.revision)
    assert sorted(following.dependencies.providers) == ["b", "c"]


@pytest.mark.parametrize("reads", range(1, 4))
async def test_a_tail_holds_all_up_to_its_revision_though_it_was_written_again(
    store: Store, store_address: StoreAddress, reads: int
) -> None:
    await write(store, item("a"))
    await write(store, item("a", name="second"), event("e"), at=1)
    again = (item("a", name="third"), event("e", count=2))
    delta = await delta_beside(store, store_address, reads, 1, *again)
    assert delta.revision == 2
    assert delta.items.keys == ["a"]
    assert [row.key for row in delta.events] == ["e"]


TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
VALUES: st.SearchStrategy[AttributeValue] = (
    TEXT
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.lists(TEXT, max_size=3).map(tuple)
)
NAMES = st.text(st.characters(codec="utf-8", min_codepoint=1), min_size=1, max_size=20)
ITEMS = st.builds(
    Item,
    key=TEXT.filter(bool),
    ci_class=st.just("server"),
    name=TEXT,
    description=TEXT,
    attributes=st.dictionaries(NAMES, VALUES, max_size=5),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items=st.lists(ITEMS, min_size=1, max_size=10, unique_by=lambda one: one.key))
async def test_any_text_and_any_value_comes_back_and_counts_as_unchanged(
    store: Store, items: list[Item]
) -> None:
    await store.write(SYSTEM, "test", items, NOON)
    again = await store.write(SYSTEM, "test", items, NOON + minutes(1))
    assert {row.status for row in again.results} == {RowStatus.UNCHANGED}
    stored = await store.records(SYSTEM, RecordKind.ITEM, [one.key for one in items])
    found = [row.record for row in stored]
    assert [(r.key, r.name, r.description, r.attributes) for r in found if isinstance(r, Item)] == [
        (one.key, one.name, one.description, one.attributes) for one in items
    ]
    kinds = [[type(value) for value in r.attributes.values()] for r in found if isinstance(r, Item)]
    assert [sorted(map(str, row)) for row in kinds] == [
        sorted(str(type(value)) for value in one.attributes.values()) for one in items
    ]


async def test_an_event_without_a_ci_is_kept_and_read_back_and_bound_later(store: Store) -> None:
    subject = Subject(host="edge-1", labels={"job": "snmp"})
    unbound = event("e", on="", subject=subject, link="https://monitor.example/e")
    await write(store, item("a"), unbound)
    (stored,) = await store.records(SYSTEM, RecordKind.EVENT, ["e"])
    assert stored.record == unbound
    await write(store, event("other", on="a"))
    for is_bound, expected in ((False, ["e"]), (True, ["other"]), (None, ["e", "other"])):
        page = await store.page(SYSTEM, RecordKind.EVENT, RecordFilter(bound=is_bound), None, 10)
        assert sorted(row.record.key for row in page) == expected
    bound = event("e", on="a", subject=subject)
    await write(store, bound, at=1)
    page = await store.page(SYSTEM, RecordKind.EVENT, RecordFilter(items=frozenset({"a"})), None, 10)
    assert [row.record.key for row in page] == ["other", "e"] or [row.record.key for row in page] == [
        "e",
        "other",
    ]
    assert bound in [row.record for row in page]
