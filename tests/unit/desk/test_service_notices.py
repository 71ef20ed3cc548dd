"""Notices of targets: which is due when, each once."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmdb.desk.service_clocks import service_clocks
from cmdb.desk.service_notices import AUTHOR, due_notices, next_notice
from cmdb.desk.ticket_life import moved, noted
from cmdb.model.records import Ticket, TicketKind, TicketState
from cmdb.model.service_level import Calendar, ClockState, ServiceLevel
from tests.support.moments import NOON, minutes

LEVEL = ServiceLevel(response=minutes(20), resolution=minutes(60))
NEW = Ticket(
    key="INC1", ticket_kind=TicketKind.INCIDENT, title="t", state=TicketState.NEW, opened_at=NOON, changed_at=NOON,
    cause_item="r1",
)  # fmt: skip
OFFICE = Calendar(name="office", days=(((8 * 60, 13 * 60),),) * 7)


def at(count: float) -> datetime:
    return NOON + minutes(count)


def told(ticket: Ticket, now: datetime, level: ServiceLevel = LEVEL) -> tuple[Ticket, list[str]]:
    """Give every notice that is due, and return their texts."""
    texts = [notice.text for notice in due_notices(ticket, level, now)]
    for text in texts:
        ticket = noted(ticket, AUTHOR, text, now)
    return ticket, texts


def test_a_target_is_at_risk_at_three_quarters_and_missed_past_its_end_each_once() -> None:
    assert told(NEW, at(14.9))[1] == []
    warned, texts = told(NEW, at(15))
    assert texts == ["Response target at risk: 75% of 20 min are used, due 2026-03-02 12:20 UTC."]
    assert told(warned, at(20))[1] == [], "used up exactly is kept"
    lost, texts = told(warned, at(20.1))
    assert texts == ["Response target missed: 20 min were promised, due 2026-03-02 12:20 UTC."]
    lost, texts = told(lost, at(45))
    assert texts == ["Resolution target at risk: 75% of 1 h 00 min are used, due 2026-03-02 13:00 UTC."]
    assert told(lost, at(59))[1] == []


def test_of_what_is_missed_already_nobody_hears_that_it_is_at_risk() -> None:
    lost, texts = told(NEW, at(100))
    assert [text.partition(":")[0] for text in texts] == [
        "Response target missed",
        "Resolution target missed",
    ]
    assert told(lost, at(200))[1] == []
    assert next_notice(lost, LEVEL, at(200)) is None


def test_the_next_notice_is_told_before_it_falls_due() -> None:
    assert next_notice(NEW, LEVEL, at(0)) == at(15)
    warned, _ = told(NEW, at(15))
    assert next_notice(warned, LEVEL, at(15)) == at(20) + timedelta(microseconds=1)
    working = moved(warned, TicketState.IN_PROGRESS, at(16))
    assert next_notice(working, LEVEL, at(16)) == at(45)
    waiting = moved(working, TicketState.ON_HOLD, at(30))
    assert next_notice(waiting, LEVEL, at(30)) is None
    again = moved(waiting, TicketState.IN_PROGRESS, at(100))
    assert next_notice(again, LEVEL, at(100)) == at(115)


def test_a_target_that_ends_with_the_day_is_not_missed_before_work_goes_on() -> None:
    level = replace(LEVEL, calendar=OFFICE)
    ticket = moved(NEW, TicketState.IN_PROGRESS, at(1))
    warned, texts = told(ticket, at(45), level)
    assert texts == [
        "Resolution target at risk: 75% of 1 h 00 min are used of calendar office, due 2026-03-02 13:00 UTC."
    ]
    assert told(warned, at(300), level)[1] == []
    morning = NOON + timedelta(hours=20)
    assert next_notice(warned, level, at(300)) == morning + timedelta(microseconds=1)
    assert len(told(warned, morning + minutes(1), level)[1]) == 1


def test_a_shorter_target_says_nothing_twice() -> None:
    warned, _ = told(moved(NEW, TicketState.IN_PROGRESS, at(1)), at(45))
    shorter = replace(LEVEL, resolution=minutes(50))
    assert told(warned, at(46), shorter)[1] == []
    assert len(told(warned, at(51), shorter)[1]) == 1


@pytest.mark.parametrize(
    "ticket",
    [
        replace(NEW, cause_item=None),
        replace(NEW, parent="INC9"),
        replace(NEW, ticket_kind=TicketKind.REPORT, parent="INC9"),
        moved(NEW, TicketState.RESOLVED, at(1)),
    ],
    ids=["of a source", "merged", "an attached report", "resolved"],
)
def test_some_tickets_have_no_targets_of_ours(ticket: Ticket) -> None:
    assert due_notices(ticket, LEVEL, at(1000)) == []
    assert next_notice(ticket, LEVEL, at(1000)) is None


def test_the_words_of_others_are_no_notice() -> None:
    spoken = noted(NEW, "ann", "Response target missed: I fear.", at(1))
    assert len(told(spoken, at(21))[1]) == 1


def test_a_free_report_has_targets() -> None:
    assert next_notice(replace(NEW, ticket_kind=TicketKind.REPORT, cause_item=None), LEVEL, at(0)) == at(15)


STEPS = st.lists(
    st.tuples(
        st.integers(1, 40),
        st.sampled_from([None, TicketState.IN_PROGRESS, TicketState.ON_HOLD, TicketState.RESOLVED]),
    ),
    max_size=12,
)


@given(STEPS)
def test_whenever_the_owner_looks_each_notice_is_given_once_and_none_is_left_out(
    steps: list[tuple[int, TicketState | None]],
) -> None:
    """Looking only at the moments that were foretold finds what is due at every step."""
    ticket, now = NEW, NOON
    for wait, state in steps:
        until = now + minutes(wait)
        while (moment := next_notice(ticket, LEVEL, now)) is not None and moment <= until:
            now = max(now, moment)
            ticket, texts = told(ticket, now)
            assert texts
        now = until
        assert due_notices(ticket, LEVEL, now) == []
        for clock in service_clocks(ticket, LEVEL, now):
            lost = any(
                note.text.startswith(f"{clock.name.capitalize()} target missed") for note in ticket.notes
            )
            if clock.state is ClockState.RUNNING:
                assert lost == clock.breached
        leads = [note.text.partition(":")[0] for note in ticket.notes]
        assert len(leads) == len(set(leads))
        if state is not None and ticket.state is not TicketState.CLOSED:
            back = ticket.state is TicketState.RESOLVED and state is TicketState.ON_HOLD
            ticket = moved(ticket, TicketState.IN_PROGRESS if back else state, now)
