"""On which days something recurs: the part of RFC 5545 that people plan maintenance by.

`FREQ=DAILY|WEEKLY|MONTHLY` with `INTERVAL`, `BYDAY` (`SU`; monthly also `2TU`, `-1FR`), `BYMONTHDAY` (`15`, `-1`) and
`UNTIL` (a day, included). What is left out comes from the first day; weeks begin on Monday.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from zoneinfo import available_timezones

_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY")
_DAY = re.compile(r"([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)")
_UNTIL = re.compile(r"(\d{4})(\d{2})(\d{2})(T\d{6}Z?)?")
_KNOWN = frozenset({"FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "UNTIL"})


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A rule that was read; `days` are (which of the month or 0 for each, weekday from Monday 0)."""

    frequency: str
    interval: int = 1
    days: tuple[tuple[int, int], ...] = ()
    month_days: tuple[int, ...] = ()
    until: date | None = None

    def falls_on(self, day: date, first: date) -> bool:
        """Whether it recurs on that day, when `first` is the day that it begins with."""
        if day < first or (self.until is not None and day > self.until):
            return False
        return self._steps(day, first) % self.interval == 0 and self._is_day(day, first)

    def _steps(self, day: date, first: date) -> int:
        """Return how many days, weeks or months lie between."""
        if self.frequency == "MONTHLY":
            return (day.year - first.year) * 12 + day.month - first.month
        if self.frequency == "WEEKLY":
            return (_monday(day) - _monday(first)).days // 7
        return (day - first).days

    def _is_day(self, day: date, first: date) -> bool:
        length = monthrange(day.year, day.month)[1]
        if self.month_days and not {day.day, day.day - length - 1}.intersection(self.month_days):
            return False
        if self.days:
            from_start, from_end = (day.day - 1) // 7 + 1, -((length - day.day) // 7 + 1)
            wanted = {which for which, weekday in self.days if weekday == day.weekday()}
            return bool(wanted & {0, from_start, from_end})
        if self.month_days or self.frequency == "DAILY":
            return True
        return day.weekday() == first.weekday() if self.frequency == "WEEKLY" else day.day == first.day


@lru_cache(maxsize=1024)
def read_rule(text: str) -> Recurrence:
    """Read a rule; ValueError says what of it is not understood."""
    parts = dict(part.partition("=")[::2] for part in text.upper().removeprefix("RRULE:").split(";"))
    unknown = sorted(parts.keys() - _KNOWN)
    if unknown:
        raise ValueError(f"'rule' does not know {unknown[0]}; it knows {', '.join(sorted(_KNOWN))}")
    frequency = parts.get("FREQ", "")
    if frequency not in _FREQUENCIES:
        raise ValueError(f"'rule' needs a FREQ of {', '.join(_FREQUENCIES)}")
    rule = Recurrence(
        frequency,
        _number("INTERVAL", parts.get("INTERVAL", "1"), 1, 1000),
        tuple(map(_day, _listed(parts, "BYDAY"))),
        tuple(_number("BYMONTHDAY", entry, -31, 31) for entry in _listed(parts, "BYMONTHDAY")),
        _until(parts["UNTIL"]) if "UNTIL" in parts else None,
    )
    if frequency != "MONTHLY" and any(which for which, _ in rule.days):
        raise ValueError("'rule' counts weekdays, as in 2TU, only with FREQ=MONTHLY")
    return rule


def require_recurrence(rule: str, zone: str) -> None:
    """Raise ValueError where the rule or the name of the time zone is not understood."""
    read_rule(rule)
    if zone and zone not in available_timezones():
        raise ValueError(f"'zone' is a name such as Europe/Berlin; '{zone}' is not known")


def _listed(parts: dict[str, str], name: str) -> list[str]:
    return parts[name].split(",") if name in parts else []


def _number(name: str, text: str, least: int, most: int) -> int:
    if re.fullmatch(r"[+-]?\d{1,4}", text) and least <= int(text) <= most and int(text) != 0:
        return int(text)
    raise ValueError(f"'rule' has {name}={text}, where a number from {least} to {most} and not 0 belongs")


def _day(text: str) -> tuple[int, int]:
    found = _DAY.fullmatch(text)
    if found is None:
        raise ValueError(f"'rule' has BYDAY={text}, where days as in SU, 2TU or -1FR belong")
    return int(found[1] or 0), _WEEKDAYS.index(found[2])


def _until(text: str) -> date:
    found = _UNTIL.fullmatch(text)
    if found is None:
        raise ValueError(f"'rule' has UNTIL={text}, where a day as in 20261231 belongs")
    return date(int(found[1]), int(found[2]), int(found[3]))


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
