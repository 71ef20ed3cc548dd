"""Clocks of tickets."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cmdb.desk.service_clocks import service_clocks
from cmdb.desk.ticket_life import moved
from cmdb.model.records import Pause, Ticket, TicketKind, TicketState
from cmdb.model.service_level import ClockState, ServiceClock, ServiceLevel
from tests.support.moments import NOON, minutes

LEVEL = ServiceLevel(response=minutes(15), resolution=minutes(60))
NEW = Ticket(
    key="INC1", ticket_kind=TicketKind.INCIDENT, title="t", state=TicketState.NEW, opened_at=NOON, changed_at=NOON
)  # fmt: skip


def at(count: float) -> datetime:
    return NOON + minutes(count)


def resolution(ticket: Ticket, count: float) -> ServiceClock:
    return service_clocks(ticket, LEVEL, at(count))[1]


def test_the_response_clock_stops_when_somebody_works_on_it() -> None:
    running, _ = service_clocks(NEW, LEVEL, at(5))
    assert (running.state, running.elapsed, running.due_at) == (ClockState.RUNNING, minutes(5), at(15))
    working = moved(moved(NEW, TicketState.ASSIGNED, at(3)), TicketState.IN_PROGRESS, at(20))
    stopped, _ = service_clocks(working, LEVEL, at(90))
    assert (stopped.state, stopped.elapsed, stopped.breached) == (ClockState.STOPPED, minutes(20), True)


def test_the_resolution_clock_stands_while_the_ticket_waits() -> None:
    waiting = moved(NEW, TicketState.ON_HOLD, at(10))
    clock = resolution(waiting, 50)
    assert (clock.state, clock.elapsed, clock.due_at) == (ClockState.PAUSED, minutes(10), None)
    again = moved(waiting, TicketState.IN_PROGRESS, at(100))
    assert again.pauses == (Pause(at(10), at(100)),)
    clock = resolution(again, 110)
    assert (clock.state, clock.elapsed, clock.due_at) == (ClockState.RUNNING, minutes(20), at(150))


def test_a_target_missed_before_a_pause_stays_missed() -> None:
    late = moved(NEW, TicketState.ON_HOLD, at(70))
    clock = resolution(late, 500)
    assert (clock.breached, clock.due_at) == (True, at(60))


def test_used_up_exactly_is_kept() -> None:
    assert not resolution(moved(NEW, TicketState.RESOLVED, at(60)), 200).breached
    assert resolution(moved(NEW, TicketState.RESOLVED, at(61)), 200).breached


def test_time_between_resolution_and_reopening_does_not_count() -> None:
    resolved = moved(NEW, TicketState.RESOLVED, at(30))
    assert resolution(resolved, 400).elapsed == minutes(30)
    again = moved(resolved, TicketState.IN_PROGRESS, at(100))
    assert (again.resolved_at, resolution(again, 110).elapsed) == (None, minutes(40))
    closed = moved(moved(again, TicketState.RESOLVED, at(120)), TicketState.CLOSED, at(900))
    assert (closed.resolved_at, resolution(closed, 1000).elapsed) == (at(120), minutes(50))


def test_resolving_what_waits_ends_the_wait() -> None:
    resolved = moved(moved(NEW, TicketState.ON_HOLD, at(10)), TicketState.RESOLVED, at(40))
    assert resolved.pauses == (Pause(at(10), at(40)),)
    assert resolution(resolved, 400).elapsed == minutes(10)


STATES = [TicketState.ASSIGNED, TicketState.IN_PROGRESS, TicketState.ON_HOLD, TicketState.RESOLVED]


@given(st.lists(st.tuples(st.sampled_from(STATES), st.integers(0, 90)), max_size=8))
def test_used_and_waited_time_make_the_whole(steps: list[tuple[TicketState, int]]) -> None:
    ticket, now, worked = NEW, NOON, timedelta(0)
    for state, count in steps:
        if ticket.state not in (TicketState.ON_HOLD, TicketState.RESOLVED):
            worked += minutes(count)
        now += minutes(count)
        if ticket.state is not TicketState.RESOLVED or state is TicketState.IN_PROGRESS:
            ticket = moved(ticket, state, now)
    (_, clock) = service_clocks(ticket, LEVEL, now)
    assert clock.elapsed == worked
    assert replace(ticket, changed_at=now).pauses == tuple(
        sorted(ticket.pauses, key=lambda pause: pause.start)
    )
