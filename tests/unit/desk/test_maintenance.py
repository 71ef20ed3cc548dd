"""When windows are open and what they cover."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cmdb.desk.maintenance import Coverage, is_open, spans, turns_of_window, under_maintenance
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
