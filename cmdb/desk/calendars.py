"""Working time: how much of it lies between two moments, and when an amount of it is used up."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from cmdb.model.service_level import Calendar

HORIZON_DAYS = 3660
"""How far ahead working time is looked for: a calendar whose holidays fill ten years has no end to promise."""


_EARLIEST, _LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
"""Between which there is work: sources send the first and the last year that there is for 'unknown'."""


def working_time(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """Return how much working time lies in [start, end); none when the end is no later than the start."""
    start, end = max(start, _EARLIEST), min(end, _LATEST)
    if calendar.is_always or end <= start:
        return max(timedelta(0), end - start)
    total = timedelta(0)
    for opens, closes in _spans(calendar, start):
        if opens >= end:
            break
        total += min(closes, end) - max(opens, start)
    return total


def after_working(calendar: Calendar, start: datetime, amount: timedelta) -> datetime | None:
    """Return when that much working time has passed since `start`; None when that lies past the horizon."""
    start = max(start, _EARLIEST)
    if start >= _LATEST:
        return None
    if calendar.is_always:
        return start + amount
    left = amount
    for opens, closes in _spans(calendar, start):
        begins = max(opens, start)
        if left <= closes - begins:
            return begins + left
        left -= closes - begins
    return None


def _spans(calendar: Calendar, start: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield working spans in UTC that end after `start`, in order."""
    # Local midnight may lie a day apart from that of UTC, either way.
    first = start.astimezone(calendar.zone).date() - timedelta(days=1)
    for number in range(HORIZON_DAYS):
        day = first + timedelta(days=number)
        if day in calendar.holidays:
            continue
        for opens, closes in calendar.days[day.weekday()]:
            span = _moment(calendar, day, opens), _moment(calendar, day, closes)
            # An hour that the clocks leap over holds no work.
            if span[1] > max(span[0], start):
                yield span


def _moment(calendar: Calendar, day: date, minute: int) -> datetime:
    """Return the moment at a minute of a local day; the last one is the next day's first."""
    days, rest = divmod(minute, 24 * 60)
    local = datetime.combine(day + timedelta(days=days), time(rest // 60, rest % 60), tzinfo=calendar.zone)
    return local.astimezone(UTC)
