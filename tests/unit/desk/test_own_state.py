"""Own severities: only error events travel, maintenance moves them to planned, unknown is a flag."""

from cmdb.desk.own_state import read_own_state
from cmdb.model.records import Direction, Event, EventState
from cmdb.model.severity import Severity
from tests.support.moments import NOON


def event(
    item: str,
    severity: Severity,
    direction: Direction = Direction.ERROR,
    *,
    unknown: bool = False,
    is_open: bool = True,
) -> Event:
    state = EventState.OPEN if is_open else EventState.CLEARED
    key = f"{item}-{severity}-{direction}"
    return Event(
        key=key,
        source="m",
        item=item,
        condition="c",
        severity=severity,
        state=state,
        direction=direction,
        unknown=unknown,
        raised_at=NOON,
        last_seen_at=NOON,
        changed_at=NOON,
    )


def test_the_worst_open_error_event_travels() -> None:
    own = read_own_state([event("a", Severity.MINOR), event("a", Severity.MAJOR)], [], NOON)
    assert own.outage == {"a": Severity.MAJOR}


def test_local_and_starvation_count_for_the_ci_alone() -> None:
    events = [event("a", Severity.MAJOR, Direction.LOCAL), event("b", Severity.MINOR, Direction.STARVATION)]
    own = read_own_state(events, [], NOON)
    assert own.outage == {}
    assert own.local == {"a": Severity.MAJOR, "b": Severity.MINOR}


def test_cleared_events_do_not_count() -> None:
    assert read_own_state([event("a", Severity.MAJOR, is_open=False)], [], NOON).local == {}


def test_maintenance_makes_it_planned() -> None:
    events = [event("a", Severity.CRITICAL)]
    inside = read_own_state(events, {"a"}, NOON)
    after = read_own_state(events, {"b"}, NOON)
    assert (inside.outage, inside.planned) == ({}, {"a": Severity.CRITICAL})
    assert (after.outage, after.planned) == ({"a": Severity.CRITICAL}, {})


def test_an_indeterminate_event_marks_the_ci_unknown() -> None:
    own = read_own_state([event("a", Severity.CRITICAL, unknown=True)], [], NOON)
    assert (own.outage, own.unknown) == ({}, frozenset({"a"}))
