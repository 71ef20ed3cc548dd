"""When windows are open and what they cover."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from cmdb.desk.maintenance import (
    LOOK_BACK,
    Coverage,
    is_open,
    spans,
    turns_of_window,
    under_maintenance,
)
from cmdb.model.windows import Window, WindowKind
from tests.support.moments import NOON, minutes

ONCE = Window(
    key="w", window_kind=WindowKind.MAINTENANCE, title="w", items=("a",), start=NOON, end=NOON + minutes(60)
)
# Noon in UTC is one o'clock in Berlin on this Monday, and two o'clock once the clocks are put forward on 29 March.
WEEKLY = replace(ONCE, rule="FREQ=WEEKLY", zone="Europe/Berlin")
DAY = timedelta(days=1)


def test_a_window_is_half_open() -> None:
    assert [is_open(ONCE, NOON + minutes(at)) for at in (-1, 0, 59, 60)] == [False, True, True, False]


def test_a_recurring_window_keeps_to_the_clock_of_its_zone() -> None:
    assert [is_open(WEEKLY, NOON + week * 7 * DAY) for week in (-1, 0, 1, 2, 3)] == [
        False,
        True,
        True,
        True,
        True,
    ]
    april = NOON + 5 * 7 * DAY
    assert [is_open(WEEKLY, april + minutes(at)) for at in (-61, -60, -1, 0)] == [False, True, True, False]
    assert not is_open(WEEKLY, NOON + DAY)


def test_a_window_over_midnight_and_longer_than_a_day_is_open_throughout() -> None:
    long = replace(WEEKLY, end=NOON + 3 * DAY)
    assert [is_open(long, NOON + 7 * DAY + day * DAY) for day in (0, 1, 2, 3, 4)] == [
        True,
        True,
        True,
        False,
        False,
    ]


def test_an_hour_that_the_clock_leaves_out_begins_when_it_goes_on() -> None:
    night = datetime(2026, 3, 1, 1, 30, tzinfo=UTC)
    rows = spans(
        replace(
            WEEKLY, start=night, end=night + minutes(30), rule="FREQ=MONTHLY;BYDAY=-1SU", zone="Europe/Berlin"
        ),
        night,
        night + 40 * DAY,
    )
    assert [start for start, _ in rows] == [datetime(2026, 3, 29, 1, 30, tzinfo=UTC)]


def test_turns_reach_up_to_the_next_time() -> None:
    turns = list(turns_of_window(WEEKLY, NOON + 7 * DAY + minutes(5)))
    assert turns == [
        NOON + 7 * DAY,
        NOON + 7 * DAY + minutes(60),
        NOON + 14 * DAY,
        NOON + 14 * DAY + minutes(60),
    ]
    assert list(turns_of_window(ONCE, NOON)) == [NOON, NOON + minutes(60)]
    over = replace(WEEKLY, rule="FREQ=WEEKLY;UNTIL=20260303")
    assert not [turn for turn in turns_of_window(over, NOON + 9 * DAY) if turn < NOON + 300 * DAY]


def test_only_open_maintenance_covers() -> None:
    wide = replace(ONCE, items=(), classes=("router",), services=("vpn",))
    blackout = replace(ONCE, window_kind=WindowKind.BLACKOUT, items=("z",))
    over = replace(ONCE, items=("y",), start=NOON - DAY, end=NOON)
    found = under_maintenance([ONCE, wide, blackout, over], NOON)
    assert found == Coverage(frozenset({"a"}), frozenset({"router"}), frozenset({"vpn"}))


WINDOWS = st.builds(
    lambda start, length, rule, zone: Window(
        key="w",
        window_kind=WindowKind.MAINTENANCE,
        title="w",
        items=("a",),
        start=NOON + minutes(start),
        end=NOON + minutes(start + length),
        rule=rule,
        zone=zone if rule else "",
    ),
    st.integers(-60 * 24 * 40, 60 * 24 * 40),
    st.integers(1, 60 * 24 * 3),
    st.sampled_from(
        ["", "FREQ=DAILY", "FREQ=WEEKLY;BYDAY=SU,WE", "FREQ=MONTHLY;BYDAY=2TU", "FREQ=DAILY;UNTIL=20260310"]
    ),
    st.sampled_from(["", "Europe/Berlin", "America/New_York"]),
)


@settings(max_examples=30)
@given(WINDOWS, st.integers(0, 60 * 24 * 60))
def test_nothing_opens_or_closes_but_at_a_turn_that_was_told_before(window: Window, later: int) -> None:
    """Who looks at `at` and knows the turns from then on need not look again before the first of them."""
    at = NOON + minutes(later)
    turns = sorted(turn for turn in turns_of_window(window, at) if turn > at)
    stretches = pairwise([at, *turns[:2]])
    for start, end in stretches:
        middle, last = start + (end - start) / 2, end - timedelta(microseconds=1)
        assert is_open(window, start) is is_open(window, middle) is is_open(window, last)


@settings(max_examples=30)
@given(WINDOWS, st.integers(0, 60 * 24 * 60), st.integers(0, 60 * 24))
def test_who_looks_late_is_told_of_what_turned_meanwhile(window: Window, later: int, missed: int) -> None:
    at = NOON + minutes(later)
    before = at - minutes(missed)
    if before > at - LOOK_BACK and is_open(window, before) is not is_open(window, at):
        assert any(before < turn <= at for turn in turns_of_window(window, at))


@settings(max_examples=30)
@given(WINDOWS, st.integers(-60 * 24 * 50, 60 * 24 * 50), st.integers(0, 60 * 24 * 30))
def test_the_times_of_a_stretch_are_those_at_which_it_is_open(
    window: Window, since: int, length: int
) -> None:
    begin, end = NOON + minutes(since), NOON + minutes(since + length)
    found = list(spans(window, begin, end))
    assert found == sorted(found)
    for start, stop in found:
        assert start <= end
        assert stop > begin
        assert stop - start == window.end - window.start
        assert is_open(window, start)
    for moment in (begin, end, begin + (end - begin) / 3):
        assert is_open(window, moment) is any(start <= moment < stop for start, stop in found)
