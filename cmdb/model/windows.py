"""Maintenance and blackout times."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from cmdb.model.kinds import RecordKind
from cmdb.model.recurrence import require_recurrence

LONGEST = timedelta(days=366)
"""How long a window that comes again lasts at most: its times are looked for as far back as that."""

YEARS = range(1900, 3000)
"""In which a window that comes again begins: sources send the first and the last year that there is for 'unknown'."""


class WindowKind(StrEnum):
    """Maintenance makes impact planned; a blackout forbids changes."""

    MAINTENANCE = "maintenance"
    BLACKOUT = "blackout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A maintenance or blackout time, half-open [start, end), of CIs, whole classes and services.

    With a `rule` (`cmdb.model.recurrence`) it comes again at the same time by the clock of its `zone`, UTC by default.
    A service brings with it what serves no other one.
    """

    kind: ClassVar[RecordKind] = RecordKind.WINDOW
    key: str
    window_kind: WindowKind
    title: str
    items: tuple[str, ...] = ()
    start: datetime
    end: datetime
    classes: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    rule: str = ""
    zone: str = ""
    valid_from: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse windows that end before they start, and times that nobody can tell."""
        if self.end <= self.start:
            raise ValueError("'end' lies after 'start'")
        if not self.rule:
            return
        require_recurrence(self.rule, self.zone)
        if self.end - self.start > LONGEST:
            raise ValueError(
                f"'end' lies at most {LONGEST.days} days after 'start' where a 'rule' repeats it"
            )
        if self.start.year not in YEARS:
            raise ValueError(f"'start' lies in {YEARS[0]} to {YEARS[-1]} where a 'rule' repeats it")
