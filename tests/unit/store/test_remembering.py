"""The past by one time and the knowledge of another: per record what was recorded last of what held."""

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmdb.desk.access import SYSTEM
from cmdb.errors import ErrorCode, Forbidden
from cmdb.model.access import Principal, PrincipalRole
from cmdb.model.records import Record
from cmdb.ports.graph import Moment, RowStatus
from cmdb.store.codec import content_of, digest_of, write_time
from cmdb.store.plan import PlannedRow, Stamp
from cmdb.store.remembering import PastReader
from tests.fakes.connection import FakeConnection, Parameters
from tests.support.graph_records import EVERY_KIND, item
from tests.support.moments import NOON, minutes

ALWAYS = Moment(as_of=NOON + minutes(99), known_at=NOON + minutes(99))


def properties(record: Record, revision: int, recorded: datetime = NOON) -> dict[str, Any]:
    """Return what the store holds of a record that this revision wrote."""
    content = content_of(record)
    row = PlannedRow(record, content, digest_of(content), RowStatus.CREATED)
    return row.properties(Stamp(revision, "test", recorded))


def version(record: Record, revision: int, recorded: datetime = NOON) -> dict[str, Any]:
    """Return the row of a superseded state."""
    body = json.dumps(properties(record, revision, recorded))
    return {"kind": record.kind.value, "key": record.key, "revision": revision, "body": body}


async def past(
    present: list[tuple[str, dict[str, Any]]], versions: list[dict[str, Any]], moment: Moment = ALWAYS
) -> list[tuple[str, str, int]]:
    """Return (key, name, revision) of the states; `present` by a part of the statement that finds it."""
    answers: dict[str, Any] = {"MATCH (v:Version)": versions}
    for part in {part for part, _ in present}:
        answers[part] = [{"held": held} for name, held in present if name == part]
    found = await PastReader(FakeConnection(answers), "DEPENDS_ON").past(SYSTEM, moment)
    return [(row.record.key, getattr(row.record, "name", ""), row.revision) for row in found]


async def test_the_present_state_stands_before_those_that_it_superseded() -> None:
    here = [("n:ConfigurationItem", properties(item("a", name="now"), 9))]
    assert await past(here, [version(item("a", name="old"), 2)]) == [("a", "now", 9)]


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 40)), min_size=1, max_size=8, unique=True))
async def test_of_superseded_states_the_one_of_the_latest_revision_counts_in_any_order(
    states: list[tuple[str, int]],
) -> None:
    rows = [version(item(key, name=f"by {revision}"), revision) for key, revision in states]
    latest = {key: max(number for held, number in states if held == key) for key, _ in states}
    expected = [(key, f"by {latest[key]}", latest[key]) for key in sorted(latest)]
    assert await past([], rows) == expected
    assert await past([], rows[::-1]) == expected


async def test_every_kind_is_asked_for_and_sorted_by_kind_and_key() -> None:
    rows = [version(record, number) for number, record in enumerate(EVERY_KIND, start=1)]
    found = await past([], rows[::-1])
    wanted = sorted((record.kind, record.key) for record in EVERY_KIND)
    assert [key for key, _, _ in found] == [key for _, key in wanted]


async def test_the_store_is_asked_for_both_times() -> None:
    graph = FakeConnection()
    moment = Moment(as_of=NOON, known_at=NOON + minutes(5))
    assert await PastReader(graph, "DEPENDS_ON").past(SYSTEM, moment) == []
    assert len(graph.asked) == 10, "seven kinds of nodes, dependencies, assignments, superseded states"
    for statement, asked in graph.asked:
        assert asked == given_times(moment)
        assert "<=" in statement
        assert "<types>" not in statement


def given_times(moment: Moment) -> Parameters:
    return {"as_of": write_time(moment.as_of), "known_at": write_time(moment.known_at)}


@pytest.mark.parametrize("role", [PrincipalRole.SUBSCRIBER, PrincipalRole.INGEST])
async def test_who_may_not_see_everything_is_refused_before_anything_is_read(role: PrincipalRole) -> None:
    graph = FakeConnection()
    with pytest.raises(Forbidden) as caught:
        await PastReader(graph, "DEPENDS_ON").past(Principal(name="x", role=role, party="x"), ALWAYS)
    assert (caught.value.code, "asOf" in (caught.value.hint or "")) == (ErrorCode.FORBIDDEN, True)
    assert graph.asked == []
