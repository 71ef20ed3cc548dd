"""When windows are open, once or again and again, and what they cover."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cmdb.model.recurrence import read_rule
from cmdb.model.windows import Window, WindowKind

LOOK_AHEAD = timedelta(days=400)
"""How far ahead the next time of a recurring window is searched: those that recur more seldom turn up in time."""

LOOK_BACK = timedelta(days=1)
"""How far back ends and beginnings are told, for who looks seldom."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is under maintenance: CIs, whole classes, and services with all that serves no other one."""

    items: frozenset[str]
    classes: frozenset[str]
    services: frozenset[str]


def spans(window: Window, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield the times [start, end) of a window that begin before or at `until` and end after `since`, in order.

    A recurring one begins at the same time by the clock of its zone, also when that clock is put forward or back.
    """
    if not window.rule:
        if window.start <= until and window.end > since:
            yield window.start, window.end
        return
    zone, rule = ZoneInfo(window.zone or "UTC"), read_rule(window.rule)
    first = window.start.astimezone(zone)
    length = window.end - window.start
    day = max(first.date(), (since - length).astimezone(zone).date() - timedelta(days=1))
    last = until.astimezone(zone).date()
    while day <= last:
        if rule.falls_on(day, first.date()):
            start = datetime.combine(day, first.time(), zone).astimezone(UTC)
            if start <= until and start + length > since:
                yield start, start + length
        day += timedelta(days=1)


def is_open(window: Window, at: datetime) -> bool:
    """Whether the window covers that moment."""
    return any(start <= at < end for start, end in spans(window, at, at))


def turns_of_window(window: Window, at: datetime) -> Iterator[datetime]:
    """Yield when the window opens and closes: a recurring one from shortly before `at` up to its next time."""
    if not window.rule:
        yield from (window.start, window.end)
        return
    for start, end in spans(window, at - LOOK_BACK, at + LOOK_AHEAD):
        yield from (start, end)
        if start > at:
            return
    # Who looks next looks again, so a rule that is silent for long is asked again in time.
    yield at + LOOK_AHEAD - LOOK_BACK


def under_maintenance(windows: Iterable[Window], at: datetime) -> Coverage:
    """Return what maintenance windows cover at that time; a CI leaves when none covers it."""
    found = [row for row in windows if row.window_kind is WindowKind.MAINTENANCE and is_open(row, at)]
    return Coverage(
        frozenset(item for window in found for item in window.items),
        frozenset(name for window in found for name in window.classes),
        frozenset(service for window in found for service in window.services),
    )
