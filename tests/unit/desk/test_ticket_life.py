"""Ticket steps, priority and expected resolution."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmdb.desk.ticket_life import moved, noted, priority, require_step, spell_duration
from cmdb.errors import Conflict, ErrorCode
from cmdb.model.records import Ticket, TicketKind, TicketState
from cmdb.model.severity import Severity
from tests.support.moments import NOON


def ticket(state: TicketState = TicketState.NEW, hours: int | None = None, rank: int = 1) -> Ticket:
    return Ticket(
        key="INC1", ticket_kind=TicketKind.INCIDENT, title="t", state=state, opened_at=NOON, changed_at=NOON,
        priority=rank, resolved_at=None if hours is None else NOON + timedelta(hours=hours),
    )  # fmt: skip


def test_legal_and_illegal_steps() -> None:
    require_step(ticket(), TicketState.ASSIGNED)
    require_step(ticket(TicketState.RESOLVED), TicketState.IN_PROGRESS)
    require_step(ticket(TicketState.CLOSED), TicketState.CLOSED)
    with pytest.raises(Conflict) as caught:
        require_step(ticket(TicketState.CLOSED), TicketState.NEW)
    assert caught.value.code is ErrorCode.ILLEGAL_TRANSITION


@pytest.mark.parametrize(
    ("impacts", "expected"),
    [
        ([], 4),
        ([(Severity.CRITICAL, "critical")], 1),
        ([(Severity.CRITICAL, "low"), (Severity.MAJOR, "critical")], 1),
        ([(Severity.CRITICAL, "medium")], 3),
        ([(Severity.WARNING, "low")], 5),
    ],
)
def test_the_worst_service_decides_the_priority(impacts: list[tuple[Severity, str]], expected: int) -> None:
    assert priority(impacts) == expected


def test_durations_read_well() -> None:
    assert spell_duration(timedelta(minutes=42)) == "42 min"
    assert spell_duration(timedelta(hours=2, minutes=5)) == "2 h 05 min"


WALKS = st.lists(st.tuples(st.sampled_from(TicketState), st.integers(0, 90)), max_size=10)


def walked(steps: list[tuple[TicketState, int]]) -> list[Ticket]:
    """Return the ticket after each step that is legal; the others are left out."""
    now, found = NOON, [ticket()]
    for state, pause in steps:
        now += timedelta(minutes=pause)
        with suppress(Conflict):
            found.append(moved(found[-1], state, now))
    return found


@settings(max_examples=60)
@given(WALKS)
def test_however_a_ticket_moves_its_times_stand_in_order(steps: list[tuple[TicketState, int]]) -> None:
    tickets = walked(steps)
    for held in tickets:
        assert held.changed_at >= NOON
        is_done = held.state in (TicketState.RESOLVED, TicketState.CLOSED)
        assert (held.resolved_at is not None) is is_done
        open_ones = [pause for pause in held.pauses if pause.end is None]
        assert len(open_ones) == (held.state is TicketState.ON_HOLD)
        ends = [moment for pause in held.pauses for moment in (pause.start, pause.end or held.changed_at)]
        assert ends == sorted(ends), "pauses follow one another"
    answered = [held.responded_at for held in tickets if held.responded_at is not None]
    assert len(set(answered)) <= 1, "the first answer stands"


@settings(max_examples=60)
@given(WALKS)
def test_its_clock_stands_exactly_while_it_is_on_hold_or_resolved(
    steps: list[tuple[TicketState, int]],
) -> None:
    tickets = walked(steps)
    stood = timedelta(0)
    for before, after in pairwise(tickets):
        if (
            before.state in (TicketState.ON_HOLD, TicketState.RESOLVED)
            and after.state is not TicketState.CLOSED
        ):
            stood += after.changed_at - before.changed_at
    last = tickets[-1]
    if last.state not in (TicketState.CLOSED, TicketState.RESOLVED):
        known = sum(((pause.end or last.changed_at) - pause.start for pause in last.pauses), timedelta(0))
        assert known == stood


def test_staying_is_a_step_that_changes_nothing_but_when_it_was_touched() -> None:
    held = moved(ticket(), TicketState.ON_HOLD, NOON + timedelta(minutes=5))
    again = moved(held, TicketState.ON_HOLD, NOON + timedelta(minutes=9))
    assert again == replace(held, changed_at=NOON + timedelta(minutes=9))


def test_a_ticket_that_is_closed_keeps_when_it_was_resolved() -> None:
    resolved = moved(ticket(), TicketState.RESOLVED, NOON + timedelta(minutes=5))
    closed = moved(resolved, TicketState.CLOSED, NOON + timedelta(minutes=50))
    assert closed.resolved_at == NOON + timedelta(minutes=5)
    assert closed.pauses == ()


def test_a_refused_step_names_the_legal_ones() -> None:
    with pytest.raises(Conflict) as caught:
        moved(ticket(TicketState.RESOLVED), TicketState.ON_HOLD, NOON)
    assert caught.value.hint == "Legal next states: closed, in_progress."
    with pytest.raises(Conflict) as caught:
        moved(ticket(TicketState.CLOSED), TicketState.NEW, NOON)
    assert caught.value.hint == "Legal next states: none: it is closed."


def test_a_remark_is_added_and_those_before_it_stay() -> None:
    first = noted(ticket(), "ann", "one", NOON + timedelta(minutes=1))
    second = noted(first, "bob", "two", NOON + timedelta(minutes=2))
    assert [(note.author, note.text) for note in second.notes] == [("ann", "one"), ("bob", "two")]
    assert second.changed_at == NOON + timedelta(minutes=2)


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.sampled_from(Severity), st.sampled_from(["critical", "high", "medium", "low", "odd"]))
    )
)
def test_one_service_more_never_lowers_the_priority(impacts: list[tuple[Severity, str]]) -> None:
    for count in range(1, len(impacts)):
        assert priority(impacts[: count + 1]) <= priority(impacts[:count])
    assert 1 <= priority(impacts) <= 5
