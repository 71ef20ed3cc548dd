"""How a ticket's clocks stand: working time used since it was opened, pauses left out, against what is promised."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cmdb.desk.calendars import after_working, working_time
from cmdb.model.records import Pause, Ticket
from cmdb.model.service_level import Calendar, ClockName, ClockState, ServiceClock, ServiceLevel


@dataclass(frozen=True, slots=True)
class _Run:
    """When a clock runs, in order, [start, end), and when it was stopped; a segment without an end goes on."""

    segments: tuple[tuple[datetime, datetime | None], ...]
    stopped_at: datetime | None

    @property
    def state(self) -> ClockState:
        if self.stopped_at is not None:
            return ClockState.STOPPED
        return ClockState.PAUSED if self.segments[-1][1] is not None else ClockState.RUNNING

    def elapsed(self, calendar: Calendar, now: datetime) -> timedelta:
        until = self.stopped_at or now
        ends = [(start, until if end is None else min(end, until)) for start, end in self.segments]
        return sum((working_time(calendar, start, end) for start, end in ends), timedelta(0))

    def due_at(self, calendar: Calendar, target: timedelta) -> datetime | None:
        """Return when the target is used up if the clock goes on as it does; None while it stands before that."""
        left = target
        for start, end in self.segments:
            used = None if end is None else working_time(calendar, start, end)
            if used is None or used >= left:
                return after_working(calendar, start, left)
            left -= used
        return None


def service_clocks(ticket: Ticket, level: ServiceLevel, now: datetime) -> tuple[ServiceClock, ServiceClock]:
    """Return the clocks for response, which knows no pause, and resolution, which stands while the ticket waits."""
    done_at = ticket.resolved_at or (None if ticket.is_open else ticket.changed_at)
    whole = _Run(_segments(ticket.opened_at, ()), ticket.responded_at or done_at)
    worked = _Run(_segments(ticket.opened_at, ticket.pauses), done_at)
    return (
        _clock(ClockName.RESPONSE, level.response, level.calendar, whole, now),
        _clock(ClockName.RESOLUTION, level.resolution, level.calendar, worked, now),
    )


def _segments(opened_at: datetime, pauses: tuple[Pause, ...]) -> tuple[tuple[datetime, datetime | None], ...]:
    """Return what pauses leave; an open one leaves no open segment."""
    starts = (opened_at, *(pause.end for pause in pauses))
    ends = (*(pause.start for pause in pauses), None)
    return tuple((start, end) for start, end in zip(starts, ends, strict=True) if start is not None)


def _clock(name: ClockName, target: timedelta, calendar: Calendar, run: _Run, now: datetime) -> ServiceClock:
    elapsed = run.elapsed(calendar, now)
    return ServiceClock(
        name=name,
        state=run.state,
        calendar=calendar.name,
        target=target,
        elapsed=elapsed,
        due_at=run.due_at(calendar, target),
        breached=elapsed > target,
    )
