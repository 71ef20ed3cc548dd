"""Flapping begins with many turns in a window and ends with few."""

from cmdb.desk.event_life import fold
from cmdb.desk.flapping import BEGINS_AT, ENDS_AT, WINDOW_SECONDS, Turns
from cmdb.model.records import Event, EventState, EventTransition
from cmdb.model.severity import Severity
from tests.support.moments import NOON, minutes

SECOND = 1_000_000
WINDOW = WINDOW_SECONDS * SECOND


def after(times: list[int]) -> Turns:
    turns = Turns()
    for at in times:
        turns = turns.after(at * SECOND)
    return turns


def test_it_takes_many_turns_within_the_window_to_begin() -> None:
    assert not after(list(range(BEGINS_AT - 1))).flapping
    assert after(list(range(BEGINS_AT))).flapping
    assert not after([0, *range(WINDOW_SECONDS, WINDOW_SECONDS + BEGINS_AT - 1)]).flapping


def test_a_turn_now_and_then_keeps_it_up_until_few_are_left_in_the_window() -> None:
    begun = after(list(range(BEGINS_AT)))
    last_but_two = BEGINS_AT - 1 - ENDS_AT
    assert begun.ends_at() == last_but_two * SECOND + WINDOW
    assert begun.after(begun.ends_at() - 1).flapping
    assert not begun.after(begun.ends_at()).flapping


def test_an_event_tells_until_when_it_flaps() -> None:
    states = [EventState.OPEN, EventState.CLEARED] * 3
    steps = [
        EventTransition(item="r1", condition="d", severity=Severity.MINOR, at=NOON + minutes(at), state=state)
        for at, state in enumerate(states)
    ]
    event: Event | None = fold(None, "mon", steps[:-1])
    assert event is not None
    assert event.flapping_until is None
    assert fold(event, "mon", steps).flapping_until == NOON + minutes(33)
    assert fold(None, "mon", steps[::-1]) == fold(event, "mon", steps)
