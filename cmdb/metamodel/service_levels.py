"""Reads what is promised for tickets: calendars of working time, and targets by priority."""

import re
from collections.abc import Mapping
from datetime import UTC, date, timedelta, tzinfo
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cmdb.model.service_level import Calendar, ServiceLevel
from cmdb.yaml_text import Entry, read_entry

PRIORITIES = range(1, 6)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_LENGTH = re.compile(r"([1-9]\d{0,4})([mhd])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def read_service_levels(path: Path) -> Mapping[int, ServiceLevel]:
    """Return the level of every priority; DeclarationError for one that is missing or names no calendar."""
    document = read_entry(path, f"schema/{path.name}")
    document.allow("calendars", "priorities")
    calendars = {entry.name: _read_calendar(entry) for entry in document.entries("calendars")}
    levels = {entry.name: _read_level(entry, calendars) for entry in document.entries("priorities")}
    wanted = {str(priority) for priority in PRIORITIES}
    if levels.keys() != wanted:
        raise document.fault(
            f"The priorities are {', '.join(sorted(levels)) or 'none'}.",
            f"Declare {', '.join(sorted(wanted))}, in quotes.",
            "priorities",
        )
    return MappingProxyType({int(name): level for name, level in levels.items()})


def _read_level(entry: Entry, calendars: Mapping[str, Calendar]) -> ServiceLevel:
    entry.allow("calendar", "response", "resolution")
    name = entry.text("calendar")
    if name not in calendars:
        raise entry.fault(f"The calendar '{name}' is not declared.", "Name a declared calendar.", "calendar")
    return ServiceLevel(
        calendar=calendars[name],
        response=_length(entry, "response"),
        resolution=_length(entry, "resolution"),
    )


def _length(entry: Entry, field: str) -> timedelta:
    text = entry.text(field)
    match = _LENGTH.fullmatch(text)
    if match is None:
        raise entry.fault(f"'{field}' is '{text}'.", "Give a length such as 30m, 4h or 2d.", field)
    return int(match[1]) * _UNITS[match[2]]


def _read_calendar(entry: Entry) -> Calendar:
    entry.allow("zone", "days", "hours", "holidays")
    spans = tuple(sorted(_span(entry, text) for text in entry.names("hours")))
    worked = entry.names("days")
    for day in worked:
        if day not in WEEKDAYS:
            raise entry.fault(f"'{day}' is no weekday.", f"Known: {', '.join(WEEKDAYS)}.", "days")
    try:
        return Calendar(
            name=entry.name,
            zone=_zone(entry),
            days=tuple(spans if day in worked else () for day in WEEKDAYS),
            holidays=frozenset(_holiday(entry, text) for text in entry.names("holidays")),
        )
    except ValueError as error:
        raise entry.fault(
            f"The calendar '{entry.name}' is wrong: {error}.", "Mend its hours.", "hours"
        ) from error


def _span(entry: Entry, text: str) -> tuple[int, int]:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise entry.fault(f"'{text}' is no span of hours.", 'Write it as "08:00-18:00".', "hours")
    opens, closes = (int(match[at]) * 60 + int(match[at + 1]) for at in (1, 3))
    return opens, closes


def _zone(entry: Entry) -> tzinfo:
    name = entry.text("zone")
    # Machines without a time zone database still know this one.
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise entry.fault(
            f"The time zone '{name}' is not known here.",
            "Name one of the time zone database, such as Europe/Berlin; tzdata must be installed.",
            "zone",
        ) from error


def _holiday(entry: Entry, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise entry.fault(f"'{text}' is no date.", "Write it as 2026-12-25.", "holidays") from error
