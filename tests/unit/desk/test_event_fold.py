"""The fold against an oracle that gets each transition exactly once, in order."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cmdb.desk.event_life import AHEAD, fold
from cmdb.desk.step_memory import KEPT
from cmdb.model.records import Direction, Event, EventState, EventTransition
from cmdb.model.severity import Severity
from cmdb.model.subject import Subject
from tests.oracle.event_history import Expected, told_once
from tests.support.event_histories import NUMBERED, TIMED, deliveries
from tests.support.moments import NOON, minutes


def folded(steps: Sequence[EventTransition], batch: int = 1) -> Event:
    event: Event | None = None
    for start in range(0, len(steps), batch):
        event = fold(event, "mon", steps[start : start + batch])
    assert event is not None
    return event


def state(event: Event) -> Expected:
    return Expected(
        is_open=event.is_open,
        severity=event.severity,
        direction=event.direction,
        unknown=event.unknown,
        raised_at=event.raised_at,
        last_seen_at=event.last_seen_at,
        changed_at=event.changed_at,
        cleared_at=event.cleared_at,
        count=event.count,
        summary=event.summary,
        link=event.link,
    )


@given(st.data(), TIMED | NUMBERED, st.integers(1, 5))
def test_any_order_and_any_repeat_end_where_order_and_once_do(
    data: st.DataObject, history: list[EventTransition], batch: int
) -> None:
    event = folded(data.draw(deliveries(history)), batch)
    assert state(event) == told_once(history)
    assert event == folded(data.draw(deliveries(history)), 1)


@given(st.data(), TIMED, st.timedeltas(timedelta(-9), timedelta(9)))
def test_a_constant_skew_of_the_sources_clock_moves_times_and_nothing_else(
    data: st.DataObject, history: list[EventTransition], skew: timedelta
) -> None:
    skewed = folded([replace(step, at=step.at + skew) for step in data.draw(deliveries(history))])
    expected = told_once(history)

    def moved(at: datetime | None) -> datetime | None:
        return None if at is None else at + skew

    assert (skewed.is_open, skewed.severity, skewed.count) == (
        expected.is_open,
        expected.severity,
        expected.count,
    )
    assert (skewed.raised_at, skewed.cleared_at) == (moved(expected.raised_at), moved(expected.cleared_at))


def copies(data: st.DataObject, history: list[EventTransition], ahead: timedelta) -> list[EventTransition]:
    """Deliver each step once a minute after it happened, some again later, in any order; the clock runs ahead."""
    steps = [replace(step, at=step.at + ahead, received_at=step.at + minutes(1)) for step in history]
    late = st.timedeltas(timedelta(0), timedelta(1))
    again = st.builds(
        lambda step, by: replace(step, received_at=step.received_at + by), st.sampled_from(steps), late
    )
    return list(data.draw(st.permutations([*steps, *data.draw(st.lists(again, max_size=6))])))


@given(st.data(), TIMED)
def test_times_to_come_are_cut_to_their_first_receipt_whatever_the_order(
    data: st.DataObject, history: list[EventTransition]
) -> None:
    event = folded(copies(data, history, timedelta(hours=3)))
    assert event == folded(copies(data, history, timedelta(hours=3)))
    expected, cut = told_once(history), minutes(1) + AHEAD
    assert (event.is_open, event.severity, event.count) == (
        expected.is_open,
        expected.severity,
        expected.count,
    )
    assert (event.raised_at, event.last_seen_at) == (expected.raised_at + cut, expected.last_seen_at + cut)
    assert event.clock_ahead


@given(st.data(), TIMED)
def test_times_that_are_past_or_nearly_stand_as_they_were_told(
    data: st.DataObject, history: list[EventTransition]
) -> None:
    event = folded(copies(data, history, AHEAD + minutes(1)))
    expected = told_once(history)
    assert event.raised_at == expected.raised_at + AHEAD + minutes(1)
    assert not event.clock_ahead


def long_history(turns: Sequence[int]) -> list[EventTransition]:
    """A step a minute, distinct; 0 clears, others are severities."""
    return [
        EventTransition(
            item="r1",
            condition="down",
            at=NOON + minutes(place),
            severity=Severity(turn or 1),
            state=EventState.OPEN if turn else EventState.CLEARED,
            summary=f"{place}" if place % 3 else "",
        )
        for place, turn in enumerate(turns)
    ]


LONG = st.lists(st.integers(0, 4), min_size=KEPT + 1, max_size=4 * KEPT).map(long_history)


@given(st.data(), LONG)
def test_a_long_history_is_exact_while_steps_overtake_fewer_than_are_kept(
    data: st.DataObject, history: list[EventTransition]
) -> None:
    late = data.draw(st.lists(st.integers(0, KEPT - 1), min_size=len(history), max_size=len(history)))
    arrival = sorted(range(len(history)), key=lambda place: (place + late[place], place))
    again = data.draw(st.lists(st.sampled_from(history), max_size=9))
    event = folded([*(history[place] for place in arrival), *again])
    assert state(event) == told_once(history)


@given(st.data(), LONG)
def test_a_step_that_comes_too_late_changes_neither_state_nor_what_it_says_last(
    data: st.DataObject, history: list[EventTransition]
) -> None:
    event = folded(data.draw(st.permutations(history)))
    expected = told_once(history)
    assert (event.is_open, event.last_seen_at, event.summary) == (
        expected.is_open,
        expected.last_seen_at,
        expected.summary,
    )
    assert fold(event, "mon", history) == event


def test_a_memory_is_bounded() -> None:
    short, long = (folded(long_history([1, 2, 0, 3] * times)) for times in (KEPT, 40 * KEPT))
    assert len(long.memory) < len(short.memory) + 40
    assert len(long.memory) < 80 * KEPT


def test_two_contents_under_one_id_end_as_the_later_one() -> None:
    first = EventTransition(
        item="r1", condition="down", severity=Severity.MINOR, at=NOON, id="1", summary="a"
    )
    second = replace(first, severity=Severity.MAJOR, at=NOON + minutes(1), summary="")
    assert folded([first, second]) == folded([second, first, second, first])
    assert folded([first, second]).count == 1


def test_a_number_orders_where_the_source_counts_and_not_its_clock() -> None:
    raised = EventTransition(
        item="r1", condition="down", severity=Severity.MINOR, at=NOON + minutes(5), sequence=1
    )
    clear = replace(raised, at=NOON, sequence=2, state=EventState.CLEARED)
    assert not folded([clear, raised]).is_open
    assert folded([clear, raised]) == folded([raised, clear])


def test_equal_moments_and_subjects_in_other_words_are_one_step() -> None:
    one = EventTransition(
        condition="down", severity=Severity.MINOR, at=NOON, subject=Subject(labels={"a": "1", "b": "2"})
    )
    zone = datetime.fromisoformat("2026-03-02T14:00:00+02:00")
    same = replace(one, at=zone, subject=Subject(labels={"b": "2", "a": "1"}))
    assert folded([one, same]).count == 1


def test_an_event_from_before_memories_goes_on_from_where_it_stands() -> None:
    step = EventTransition(item="r1", condition="down", severity=Severity.MINOR, at=NOON, summary="told")
    old = replace(folded([step, replace(step, at=NOON + minutes(2))]), memory="")
    assert fold(old, "mon", [step]) == old
    assert fold(old, "mon", [replace(step, at=NOON + minutes(2))]) == old
    grown = fold(old, "mon", [replace(step, at=NOON + minutes(3), summary="")])
    assert (grown.count, grown.raised_at, grown.summary) == (3, NOON, "told")


def test_what_people_decided_and_whom_it_was_bound_to_stays() -> None:
    step = EventTransition(condition="down", severity=Severity.MINOR, at=NOON, subject=Subject(host="r1"))
    bound = replace(folded([step]), item="router 1")
    after = fold(bound, "mon", [replace(step, at=NOON + minutes(1), direction=Direction.LOCAL)])
    assert (after.item, after.direction) == ("router 1", Direction.LOCAL)
