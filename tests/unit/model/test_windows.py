"""Which windows can be."""

from datetime import UTC, datetime, timedelta

import pytest

from cmdb.model.windows import LONGEST, Window, WindowKind
from tests.support.moments import NOON, minutes

HALF_AN_HOUR = minutes(30)


def window(end: timedelta = HALF_AN_HOUR, rule: str = "", zone: str = "", start: datetime = NOON) -> Window:
    return Window(
        key="w",
        window_kind=WindowKind.MAINTENANCE,
        title="patch night",
        start=start,
        end=start + end,
        rule=rule,
        zone=zone,
    )


@pytest.mark.parametrize("end", [timedelta(0), timedelta(microseconds=-1), timedelta(days=-1)])
def test_a_window_ends_after_it_starts(end: timedelta) -> None:
    with pytest.raises(ValueError, match="'end' lies after 'start'"):
        window(end)
    assert window(timedelta(microseconds=1)).end > NOON


@pytest.mark.parametrize(
    ("rule", "zone", "says"),
    [
        ("every sunday", "", "rule"),
        ("FREQ=WEEKLY;BYDAY=XX", "", "BYDAY"),
        ("FREQ=WEEKLY;BYDAY=SU", "Nowhere/Town", "zone"),
    ],
)
def test_a_time_that_nobody_can_tell_is_refused(rule: str, zone: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        window(rule=rule, zone=zone)


def test_a_rule_that_is_understood_is_kept_as_it_was_written() -> None:
    held = window(rule="FREQ=WEEKLY;BYDAY=SU", zone="Europe/Berlin")
    assert (held.rule, held.zone) == ("FREQ=WEEKLY;BYDAY=SU", "Europe/Berlin")


def test_what_comes_again_does_not_last_for_ever_and_what_comes_once_may() -> None:
    assert window(LONGEST, "FREQ=DAILY").rule
    with pytest.raises(ValueError, match="'end' lies at most 366 days after 'start'"):
        window(LONGEST + minutes(1), "FREQ=DAILY")
    assert window(timedelta(days=2_000_000)).end.year > 7000


@pytest.mark.parametrize("year", [1, 1899, 3000, 9998])
def test_what_comes_again_begins_in_a_year_that_somebody_means(year: int) -> None:
    start = datetime(year, 12, 31, 23, tzinfo=UTC)
    with pytest.raises(ValueError, match="'start' lies in 1900 to 2999"):
        window(rule="FREQ=DAILY", zone="Asia/Tokyo", start=start)
    assert window(start=start).start.year == year
