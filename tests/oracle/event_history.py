"""What an event's transitions say when each is told exactly once and in order; imports no rule of the service."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cmdb.model.records import Direction, EventState, EventTransition
from cmdb.model.severity import Severity


@dataclass(frozen=True)
class Expected:
    """The state of an event, by the words of the glossary."""

    is_open: bool
    severity: Severity
    direction: Direction
    unknown: bool
    raised_at: datetime
    last_seen_at: datetime
    changed_at: datetime
    cleared_at: datetime | None
    count: int
    summary: str
    link: str


def told_once(history: Sequence[EventTransition]) -> Expected:
    """Return the state after all transitions, which are distinct in what orders them."""
    steps = sorted(
        history,
        key=lambda s: (
            s.sequence if s.sequence is not None else 0,
            s.at,
            s.state is EventState.CLEARED,
            s.severity,
        ),
    )
    begin, end = _latest_episode(steps)
    opens = [step for step in steps[begin:end] if step.state is EventState.OPEN]
    clears = [step for step in steps[begin:] if step.state is EventState.CLEARED]
    shown = opens or [steps[begin]]
    level = next(i for i in range(len(shown)) if len({s.severity for s in shown[i:]}) == 1)
    return Expected(
        is_open=not clears,
        severity=shown[-1].severity,
        direction=shown[-1].direction,
        unknown=steps[-1].unknown,
        raised_at=shown[0].at,
        last_seen_at=steps[-1].at,
        changed_at=clears[0].at if clears else shown[level].at,
        cleared_at=clears[0].at if clears else None,
        count=len(shown),
        summary=next((step.summary for step in reversed(steps) if step.summary), ""),
        link=next((step.link for step in reversed(steps) if step.link), ""),
    )


def _latest_episode(steps: Sequence[EventTransition]) -> tuple[int, int]:
    """Return where the latest run of open steps begins and where it ends; all clears: the first one."""
    opens = [place for place, step in enumerate(steps) if step.state is EventState.OPEN]
    if not opens:
        return 0, 0
    begin = end = opens[-1]
    while begin > 0 and steps[begin - 1].state is EventState.OPEN:
        begin -= 1
    return begin, end + 1
