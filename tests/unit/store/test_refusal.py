"""Rows that contradict the graph are found before anything is written."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from cmdb.errors import ErrorCode
from cmdb.model.kinds import RecordKind
from cmdb.model.records import Assignment, Party, PartyKind, Record, Role, Ticket, TicketKind, TicketState
from cmdb.ports.graph import RowProblem, RowStatus
from cmdb.store.codec import content_of
from cmdb.store.plan import PlannedRow
from cmdb.store.present import Present
from cmdb.store.refusal import find_refusals
from tests.support.graph_records import edge, event, incident, item
from tests.support.moments import NOON

ANN = Party(key="ann", party_kind=PartyKind.PERSON, name="Ann")
OWNS = Assignment(party="ann", role=Role.OWNS, item="a")


class Known(Present):
    """A graph that holds these CIs, parties and open incidents."""

    def __init__(
        self, items: str = "a b", parties: str = "", incidents: tuple[tuple[str, str], ...] = ()
    ) -> None:
        """Hold them by key; incidents as (ticket, cause)."""
        self._items, self._parties, self._incidents = set(items.split()), set(parties.split()), incidents

    async def living_items(self, keys: Iterable[str]) -> set[str]:
        """Return those that live."""
        return self._items & set(keys)

    async def known(self, kind: RecordKind, keys: Iterable[str]) -> set[str]:
        """Return those that are there; of nodes only parties are."""
        return self._parties & set(keys) if kind is RecordKind.PARTY else set()

    async def open_incidents(self, causes: Iterable[str]) -> list[tuple[str, str]]:
        """Return those of these causes."""
        wanted = set(causes)
        return [row for row in self._incidents if row[1] in wanted]


def planned(record: Record, held: Record | None = None) -> PlannedRow:
    """Return the row that a new record makes, or one that alters what is held, or repeats it."""
    if held is None:
        return PlannedRow(record, {}, "digest", RowStatus.CREATED)
    status = RowStatus.UNCHANGED if held == record else RowStatus.UPDATED
    return PlannedRow(record, {}, "digest", status, {**content_of(held), "key": held.key})


async def refused(known: Present, *rows: Record | PlannedRow) -> dict[int, RowProblem]:
    return await find_refusals(known, [row if isinstance(row, PlannedRow) else planned(row) for row in rows])


@pytest.mark.parametrize(
    "record", [edge("a", "x"), edge("x", "a"), event("e", on="x"), incident("t", items=("a", "x"))]
)
async def test_an_end_that_is_nowhere_is_named(record: Record) -> None:
    found = await refused(Known(), edge("a", "b"), record)
    assert list(found) == [1]
    assert (found[1].code, "'x'" in found[1].message) == (ErrorCode.DANGLING_END, True)


async def test_ends_in_the_batch_count_and_those_that_leave_do_not() -> None:
    assert await refused(Known(""), edge("a", "b"), item("b"), item("a")) == {}
    assert list(await refused(Known(), edge("a", "b"), item("b", retired=True))) == [0]


async def test_ends_that_the_stored_record_had_are_not_asked_again() -> None:
    held = incident("t", items=("gone",))
    assert await refused(Known(), planned(incident("t", items=("a", "gone")), held)) == {}
    assert list(await refused(Known(), planned(incident("t", items=("x", "gone")), held))) == [0]


async def test_a_dependency_cannot_stay_open_on_a_ci_that_leaves() -> None:
    for row in (planned(edge("a", "b"), edge("a", "b")), planned(edge("a", "b", weight=2), edge("a", "b"))):
        found = await refused(Known(), item("b", retired=True), row)
        assert [(index, problem.field) for index, problem in found.items()] == [(1, "provider")]


async def test_an_unchanged_incident_holds_its_cause_wherever_it_stands_in_the_batch() -> None:
    standing = Known(incidents=(("t0", "cause:a"),))
    again = planned(incident("t0"), incident("t0"))
    assert list(await refused(standing, again, incident("t1"))) == [1]
    assert list(await refused(standing, incident("t1"), again)) == [0]


@pytest.mark.parametrize(
    ("record", "field"), [(incident("t", parent="x"), "parent"), (incident("t", events=("x",)), "events")]
)
async def test_a_ticket_names_tickets_and_events_that_exist(record: Ticket, field: str) -> None:
    assert (await refused(Known(), record))[0].field == field
    assert await refused(Known(), record, incident("x", cause="other"), event("x")) == {}
    assert await refused(Known(), planned(replace(record, title="new"), record)) == {}


async def test_a_party_is_there_or_arrives() -> None:
    assert list(await refused(Known(), OWNS)) == [0]
    assert await refused(Known(parties="ann"), OWNS) == {}
    assert await refused(Known(), OWNS, ANN) == {}
    ended = Assignment(party="nobody", role=Role.OWNS, item="nowhere", ended=True)
    assert await refused(Known(), ended) == {}


async def test_one_open_incident_per_cause_is_the_first() -> None:
    standing = Known(incidents=(("t0", "cause:a"),))
    found = await refused(standing, incident("t1"))
    assert (found[0].code, found[0].field, "t0" in found[0].message) == (
        ErrorCode.CONFLICT,
        "cause_key",
        True,
    )
    assert list(await refused(Known(), incident("t1"), incident("t2"))) == [1]
    assert await refused(standing, incident("t0")) == {}


async def test_a_batch_may_hand_a_cause_over() -> None:
    standing = Known(incidents=(("t0", "cause:a"),))
    closed = incident("t0", state=TicketState.RESOLVED, resolved_at=NOON)
    assert await refused(standing, closed, incident("t1")) == {}


@pytest.mark.parametrize(
    "other",
    [
        incident("t1", ticket_kind=TicketKind.REPORT),
        incident("t1", state=TicketState.CLOSED),
        incident("t1", cause=None),
    ],
)
async def test_reports_closed_ones_and_those_without_cause_do_not_compete(other: Record) -> None:
    assert await refused(Known(incidents=(("t0", "cause:a"),)), other) == {}
