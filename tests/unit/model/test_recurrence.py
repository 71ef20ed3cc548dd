"""Rules of recurrence against python-dateutil, which knows all of RFC 5545."""

from datetime import date, datetime, timedelta

import pytest
from dateutil.rrule import rrulestr  # type: ignore[import-untyped]  # an oracle for tests is not worth its stubs
from hypothesis import given
from hypothesis import strategies as st

from cmdb.model.recurrence import read_rule

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
DAYS = st.dates(date(2024, 1, 1), date(2026, 12, 31))
SPAN = 500


def joined(name: str, entries: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(entries, max_size=3, unique=True).map(
        lambda found: f";{name}={','.join(found)}" if found else ""
    )


PLAIN = st.sampled_from(WEEKDAYS)
COUNTED = st.builds(lambda which, day: f"{which}{day}", st.sampled_from([1, 2, 3, 4, 5, -1, -2]), PLAIN)
MONTH_DAYS = st.sampled_from([*range(1, 32), -1, -2, -31]).map(str)
INTERVALS = st.sampled_from(["", ";INTERVAL=2", ";INTERVAL=3"])
UNTIL = st.just("") | DAYS.map(lambda day: f";UNTIL={day:%Y%m%d}")
RULES = st.one_of(
    st.builds("FREQ=DAILY{}{}{}".format, INTERVALS, joined("BYDAY", PLAIN), UNTIL),
    st.builds("FREQ=WEEKLY{}{}{}".format, INTERVALS, joined("BYDAY", PLAIN), UNTIL),
    st.builds(
        "FREQ=MONTHLY{}{}{}".format, INTERVALS, joined("BYDAY", COUNTED) | joined("BYDAY", PLAIN), UNTIL
    ),
    st.builds("FREQ=MONTHLY{}{}{}".format, INTERVALS, joined("BYMONTHDAY", MONTH_DAYS), UNTIL),
)


@given(RULES, DAYS)
def test_it_falls_on_the_days_that_the_standard_gives(text: str, first: date) -> None:
    rule = read_rule(text)
    days = (first + timedelta(days=number) for number in range(SPAN))
    found = [day for day in days if rule.falls_on(day, first)]
    start, end = datetime(first.year, first.month, first.day), timedelta(days=SPAN - 1)  # noqa: DTZ001 - days only
    standard = rrulestr(text, dtstart=start)
    assert found == [moment.date() for moment in standard.between(start, start + end, inc=True)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("INTERVAL=2", "needs a FREQ"),
        ("FREQ=HOURLY", "needs a FREQ of DAILY, WEEKLY, MONTHLY"),
        ("FREQ=DAILY;COUNT=3", "does not know COUNT"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL=0"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY=32"),
        ("FREQ=WEEKLY;BYDAY=XX", "BYDAY=XX"),
        ("FREQ=WEEKLY;BYDAY=2TU", "only with FREQ=MONTHLY"),
        ("FREQ=DAILY;UNTIL=tomorrow", "UNTIL=TOMORROW"),
        ("FREQ=DAILY;UNTIL=20261399", "month must be in 1..12"),
    ],
)
def test_what_is_not_understood_is_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_rule(text)
