"""Working time of calendars."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmdb.desk.calendars import after_working, working_time
from cmdb.model.service_level import ALWAYS, Calendar
from tests.support.moments import NOON, minutes

HOURS = ((8 * 60, 12 * 60), (13 * 60, 17 * 60))
OFFICE = Calendar(name="office", days=(HOURS,) * 5 + ((), ()), holidays=frozenset({date(2026, 3, 4)}))
NIGHT = Calendar(name="night", zone=ZoneInfo("Europe/Berlin"), days=(((0, 4 * 60),),) * 7)
SYDNEY = Calendar(name="sydney", zone=ZoneInfo("Australia/Sydney"), days=(HOURS,) * 7)
CALENDARS = st.sampled_from([ALWAYS, OFFICE, NIGHT, SYDNEY])
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1), timezones=st.just(UTC))  # noqa: DTZ001 - zone given
AMOUNTS = st.timedeltas(minutes(1), timedelta(days=9))


def test_only_working_hours_count() -> None:
    # Monday noon to Friday noon, with lunch, nights and Wednesday off.
    assert working_time(OFFICE, NOON, NOON + timedelta(days=4)) == timedelta(hours=4 + 8 + 8 + 4)
    assert working_time(OFFICE, NOON, NOON) == timedelta(0)
    assert working_time(ALWAYS, NOON, NOON + minutes(7)) == minutes(7)


def test_a_target_goes_on_after_lunch_weekend_and_holidays() -> None:
    assert after_working(OFFICE, NOON, timedelta(hours=4)) == NOON + timedelta(hours=5)
    assert after_working(OFFICE, NOON, timedelta(hours=13)) == datetime(2026, 3, 5, 9, tzinfo=UTC)
    assert after_working(OFFICE, NOON + timedelta(days=5), minutes(1)) == datetime(
        2026, 3, 9, 8, 1, tzinfo=UTC
    )


def test_the_night_in_which_clocks_leap_has_an_hour_less() -> None:
    midnight = datetime(2026, 3, 29, tzinfo=ZoneInfo("Europe/Berlin"))
    assert working_time(NIGHT, midnight, midnight + timedelta(hours=12)) == timedelta(hours=3)


def test_a_calendar_without_an_end_of_holidays_promises_nothing() -> None:
    days = frozenset(date(2026, 1, 1) + timedelta(days=number) for number in range(4000))
    assert after_working(Calendar(name="c", holidays=days), NOON, minutes(1)) is None


@pytest.mark.parametrize("days", [((),) * 7, (HOURS,) * 6, (((60, 30),),) * 7, (((0, 1500),),) * 7])
def test_impossible_calendars_are_refused(days: tuple[tuple[tuple[int, int], ...], ...]) -> None:
    with pytest.raises(ValueError, match="day"):
        Calendar(name="c", days=days)


@given(CALENDARS, MOMENTS, AMOUNTS)
def test_what_is_due_after_an_amount_lies_exactly_that_amount_ahead(
    calendar: Calendar, start: datetime, amount: timedelta
) -> None:
    due = after_working(calendar, start, amount)
    assert due is not None
    assert working_time(calendar, start, due) == amount
    assert working_time(calendar, start, due - timedelta(microseconds=1)) < amount


@given(CALENDARS, MOMENTS, AMOUNTS, AMOUNTS)
def test_working_time_adds_up(calendar: Calendar, start: datetime, one: timedelta, two: timedelta) -> None:
    middle, end = start + one, start + one + two
    whole = working_time(calendar, start, end)
    assert whole == working_time(calendar, start, middle) + working_time(calendar, middle, end)
    assert timedelta(0) <= whole <= end - start


@pytest.mark.parametrize("calendar", [ALWAYS, OFFICE, NIGHT, SYDNEY], ids=lambda calendar: calendar.name)
def test_times_that_stand_for_unknown_are_worked_with_and_promise_nothing(calendar: Calendar) -> None:
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    assert working_time(calendar, first, NOON) > timedelta(days=365)
    assert working_time(calendar, NOON, last) > timedelta(days=365)
    assert working_time(calendar, last, last) == working_time(calendar, first, first) == timedelta(0)
    assert after_working(calendar, last, minutes(1)) is None
    due = after_working(calendar, first, minutes(1))
    assert due is not None
    assert due.year == 1900
