"""The fold of transitions: late, doubled and re-ordered steps end in one state."""

from dataclasses import replace
from itertools import permutations

import pytest

from cmdb.desk.event_life import event_key, fold
from cmdb.model.records import RAW_LIMIT, Event, EventState, EventTransition
from cmdb.model.severity import Severity
from cmdb.model.subject import Subject
from tests.support.moments import NOON, minutes


def step(
    at: float, severity: Severity = Severity.MAJOR, state: EventState = EventState.OPEN
) -> EventTransition:
    return EventTransition(item="r1", condition="down", severity=severity, at=NOON + minutes(at), state=state)


def fold_all(steps: list[EventTransition]) -> Event:
    event: Event | None = None
    for one in steps:
        event = fold(event, "mon", [one])
    assert event is not None
    return event


RAISED, WORSE, CLEARED = step(0), step(1, Severity.CRITICAL), step(2, state=EventState.CLEARED)


@pytest.mark.parametrize("order", list(permutations([RAISED, WORSE, CLEARED])))
def test_any_order_ends_cleared_with_first_and_last_time(order: tuple[EventTransition, ...]) -> None:
    event = fold_all(list(order))
    assert event.state is EventState.CLEARED
    assert event.cleared_at == CLEARED.at
    assert event.raised_at == RAISED.at


def test_a_repeat_counts_and_moves_only_the_last_time() -> None:
    event = fold_all([RAISED, step(3)])
    assert (event.count, event.last_seen_at, event.changed_at) == (2, NOON + minutes(3), RAISED.at)


def test_a_doubled_delivery_changes_nothing() -> None:
    once = fold_all([RAISED, step(3), CLEARED])
    twice = fold_all([RAISED, step(3), step(3), CLEARED, CLEARED])
    assert once == twice


def test_a_late_raise_does_not_reopen() -> None:
    assert not fold_all([CLEARED, RAISED]).is_open


def test_a_raise_after_the_clear_opens_again() -> None:
    event = fold_all([RAISED, CLEARED, step(5)])
    assert event.is_open
    assert (event.raised_at, event.cleared_at, event.count) == (NOON + minutes(5), None, 1)


def test_a_clear_keeps_the_severity_that_it_ended() -> None:
    assert fold_all([WORSE, step(2, Severity.OK, EventState.CLEARED)]).severity is Severity.CRITICAL


def test_the_sources_own_key_names_the_event() -> None:
    keyed = EventTransition(item="r1", condition="down", severity=Severity.MINOR, at=NOON, key="4711")
    assert event_key("mon", keyed) == "mon:4711"
    assert event_key("mon", RAISED) == "mon:r1:down"


def test_a_subject_names_the_event_whatever_its_ci_turns_out_to_be() -> None:
    subject = Subject(host="edge-1", part="ge-0/0/1", labels={"job": "snmp", "cell": "b"})
    told = EventTransition(condition="down", severity=Severity.MINOR, at=NOON, subject=subject)
    assert event_key("mon", told) == "mon:host=edge-1,part=ge-0/0/1,cell=b,job=snmp:down"
    bound = EventTransition(item="r1", condition="down", severity=Severity.MINOR, at=NOON, subject=subject)
    assert event_key("mon", bound) == event_key("mon", told)
    assert fold(None, "mon", [told]).subject == subject


def test_of_what_the_source_sent_the_latest_is_kept_and_cut() -> None:
    first = fold_all([replace(step(0), raw="x" * (RAW_LIMIT + 1))])
    assert len(first.raw) == RAW_LIMIT
    later = fold(first, "mon", [replace(step(1), raw="y")])
    assert later.raw == "y"
    assert fold(later, "mon", [step(2)]).raw == "y"
