"""Which calendars can be, and what is promised beyond the ends of the scale."""

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmdb.model.service_level import ALWAYS, DAY_MINUTES, STANDARD_LEVELS, Calendar, ServiceLevel, level_of

Spans = tuple[tuple[int, int], ...]
WEEKEND: tuple[Spans, ...] = ((), ())
FULL = ((0, DAY_MINUTES),)
MINUTES = st.lists(st.integers(-5, DAY_MINUTES + 5), max_size=6)


def five_days(spans: Spans) -> tuple[Spans, ...]:
    return (spans,) * 5 + WEEKEND


@given(MINUTES.filter(lambda found: len(found) % 2 == 0))
def test_spans_are_taken_when_they_lie_within_the_day_one_after_another(found: list[int]) -> None:
    spans = tuple(zip(found[::2], found[1::2], strict=True))
    steps = list(itertools.pairwise(found))
    sound = all(a < b for a, b in steps) and all(0 <= minute <= DAY_MINUTES for minute in found)
    if sound and spans:
        assert Calendar(name="c", days=five_days(spans)).days[0] == spans
    else:
        with pytest.raises(ValueError, match=r"spans of a day|work on at least one"):
            Calendar(name="c", days=five_days(spans))


@pytest.mark.parametrize("days", [(), (FULL,) * 6, (FULL,) * 8, ((),) * 7])
def test_a_calendar_has_seven_days_and_some_work(days: tuple[Spans, ...]) -> None:
    with pytest.raises(ValueError, match="seven days"):
        Calendar(name="c", days=days)


@pytest.mark.parametrize(
    ("calendar", "expected"),
    [
        (ALWAYS, True),
        (Calendar(name="holiday", holidays=frozenset({date(2026, 12, 25)})), False),
        (Calendar(name="weekdays", days=five_days(FULL)), False),
        (Calendar(name="lunch", days=(((0, 720), (780, DAY_MINUTES)),) * 7), False),
    ],
    ids=lambda case: getattr(case, "name", ""),
)
def test_only_a_calendar_without_any_break_is_always(calendar: Calendar, expected: bool) -> None:
    assert calendar.is_always is expected


@given(st.integers(-9, 99), st.sets(st.integers(1, 9), min_size=1))
def test_the_nearest_end_of_the_scale_counts_beyond_it(priority: int, known: set[int]) -> None:
    levels = {
        number: ServiceLevel(response=timedelta(minutes=number), resolution=timedelta(hours=number))
        for number in range(min(known), max(known) + 1)
    }
    nearest = min(levels, key=lambda number: abs(number - priority))
    assert level_of(levels, priority) is levels[nearest]


def test_more_urgent_tickets_are_promised_sooner() -> None:
    responses = [STANDARD_LEVELS[priority].response for priority in sorted(STANDARD_LEVELS)]
    resolutions = [STANDARD_LEVELS[priority].resolution for priority in sorted(STANDARD_LEVELS)]
    assert responses == sorted(set(responses))
    assert resolutions == sorted(set(resolutions))
    assert all(short < long for short, long in zip(responses, resolutions, strict=True))
