"""What is promised for tickets: working hours, targets by priority, and how a ticket's clocks stand."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from types import MappingProxyType

DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """When work is done: per weekday, Monday first, spans [start, end) in minutes of the local day; not on holidays."""

    name: str
    zone: tzinfo = UTC
    days: tuple[tuple[tuple[int, int], ...], ...] = (((0, DAY_MINUTES),),) * 7
    holidays: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        """Refuse calendars in which no time ever passes, and spans out of order."""
        if len(self.days) != 7 or not any(self.days):
            raise ValueError("a calendar has seven days, and work on at least one")
        for spans in self.days:
            ends = [minute for span in spans for minute in span]
            if ends != sorted(set(ends)) or (ends and not 0 <= ends[0] <= ends[-1] <= DAY_MINUTES):
                raise ValueError("spans of a day lie within it, one after another")

    @property
    def is_always(self) -> bool:
        """Whether time passes at every hour of every day."""
        return not self.holidays and all(spans == ((0, DAY_MINUTES),) for spans in self.days)


ALWAYS = Calendar(name="always")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLevel:
    """What is promised for tickets of one priority, in working time of the calendar."""

    response: timedelta
    resolution: timedelta
    calendar: Calendar = ALWAYS


STANDARD_LEVELS: Mapping[int, ServiceLevel] = MappingProxyType(
    {
        1: ServiceLevel(response=timedelta(minutes=15), resolution=timedelta(hours=4)),
        2: ServiceLevel(response=timedelta(minutes=30), resolution=timedelta(hours=8)),
        3: ServiceLevel(response=timedelta(hours=2), resolution=timedelta(days=1)),
        4: ServiceLevel(response=timedelta(hours=8), resolution=timedelta(days=3)),
        5: ServiceLevel(response=timedelta(days=1), resolution=timedelta(days=5)),
    }
)
"""What is promised where nobody declares otherwise."""


class ClockName(StrEnum):
    """What a clock measures."""

    RESPONSE = "response"
    RESOLUTION = "resolution"


class ClockState(StrEnum):
    """Whether a clock's time passes."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceClock:
    """One clock of a ticket: working time used of what is promised; a paused one is due at no time that is known."""

    name: ClockName
    state: ClockState
    calendar: str
    target: timedelta
    elapsed: timedelta
    due_at: datetime | None
    breached: bool


def level_of(levels: Mapping[int, ServiceLevel], priority: int) -> ServiceLevel:
    """Return what is promised for this priority; beyond both ends of the scale the nearest counts."""
    return levels[min(max(priority, min(levels)), max(levels))]
