"""Which notices a ticket's clocks call for: a target is at risk, a target is missed.

Each is given once, as a work note; that note is the memory of it, so that nothing else can say otherwise.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from cmdb.desk.service_clocks import service_clocks
from cmdb.desk.ticket_life import spell_duration
from cmdb.model.records import Ticket, TicketKind
from cmdb.model.service_level import ClockState, ServiceClock, ServiceLevel

AUTHOR = "service level rule"
"""In whose name notices are given."""

AT_RISK_PERCENT = 75
"""Used share of a target from which it is at risk: a quarter is left to call for help."""

_AT_RISK, _MISSED = "target at risk", "target missed"
_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Notice:
    """What is to be noted, and from when on if the clock goes on as it does."""

    at: datetime
    text: str


def due_notices(ticket: Ticket, level: ServiceLevel, now: datetime) -> list[Notice]:
    """Return the notices that are due; of a target that is missed already nobody hears that it is at risk."""
    return [
        missed if missed.at <= now else risk
        for risk, missed in _pending(ticket, level, now)
        if min(risk.at, missed.at) <= now and not _is_told(ticket, missed if missed.at <= now else risk)
    ]


def next_notice(ticket: Ticket, level: ServiceLevel, now: datetime) -> datetime | None:
    """Return when the next notice falls due, which may be past; None while no clock runs towards one."""
    moments = (
        notice.at
        for risk, missed in _pending(ticket, level, now)
        for notice in (risk, missed)
        if not _is_told(ticket, notice)
    )
    return min(moments, default=None)


def _pending(ticket: Ticket, level: ServiceLevel, now: datetime) -> Iterator[tuple[Notice, Notice]]:
    """Yield, for each running clock whose target is not known to be missed, the notices of risk and of loss."""
    if not _has_clocks(ticket):
        return
    share = AT_RISK_PERCENT / 100
    risky = replace(level, response=level.response * share, resolution=level.resolution * share)
    # Used up exactly is kept, so that working time beyond it must have begun.
    late = replace(level, response=level.response + _MOMENT, resolution=level.resolution + _MOMENT)
    rows = (service_clocks(ticket, each, now) for each in (level, risky, late))
    for clock, at_risk, missed in zip(*rows, strict=True):
        due, risk_at, missed_at = clock.due_at, at_risk.due_at, missed.due_at
        runs = clock.state is ClockState.RUNNING
        if not runs or due is None or risk_at is None or missed_at is None:
            continue
        lost = Notice(missed_at, _text(clock, due, _MISSED))
        if not _is_told(ticket, lost):
            yield Notice(risk_at, _text(clock, due, _AT_RISK)), lost


def _has_clocks(ticket: Ticket) -> bool:
    """Whether targets of ours hold: those of a source's own incident are the source's, an attached report waits."""
    is_ours = ticket.ticket_kind is TicketKind.REPORT or ticket.cause_item is not None
    return is_ours and ticket.is_open and ticket.parent is None


def _text(clock: ServiceClock, due: datetime, stage: str) -> str:
    used = f"{AT_RISK_PERCENT}% of {spell_duration(clock.target)} are used"
    what = used if stage == _AT_RISK else f"{spell_duration(clock.target)} were promised"
    by = "" if clock.calendar == "always" else f" of calendar {clock.calendar}"
    when = due.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"{clock.name.capitalize()} {stage}: {what}{by}, due {when}."


def _is_told(ticket: Ticket, notice: Notice) -> bool:
    """Whether it was given, be it of another target: what was at risk within 8 h is no news within 4 h."""
    lead = notice.text.partition(":")[0]
    return any(note.author == AUTHOR and note.text.partition(":")[0] == lead for note in ticket.notes)
