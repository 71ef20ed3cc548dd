"""Grouping by topology, time and direction."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from cmdb.desk.situations import EventGroup, group_events
from cmdb.model.records import Direction, Event, EventState
from cmdb.model.severity import Severity
from tests.support.moments import NOON, minutes


def event(
    item: str, at: float = 0, direction: Direction = Direction.ERROR, severity: Severity = Severity.MAJOR
) -> Event:
    when = NOON + minutes(at)
    return Event(
        key=f"{item}-{direction}", source="m", item=item, condition="c", severity=severity, state=EventState.OPEN,
        direction=direction, raised_at=when, last_seen_at=when, changed_at=when,
    )  # fmt: skip


def reach(downstream: Mapping[str, str]) -> Mapping[str, frozenset[str]]:
    """Turn who reaches whom into who is above whom."""
    below = {item: set(text.split()) for item, text in downstream.items()}
    items = below.keys() | set().union(*below.values()) | {"printer"}
    return {item: frozenset(one for one in below if item in below[one]) for item in items}


CHAIN = reach({"router": "vpn finance", "vpn": "finance"})


def causes(groups: list[EventGroup]) -> dict[str, set[str]]:
    return {group.cause: {member.event.item for member in group.members} for group in groups}


def test_symptoms_join_the_most_upstream_alerting_ci() -> None:
    groups = group_events([event("finance"), event("vpn", 1), event("router", 2)], CHAIN)
    assert causes(groups) == {"router": {"router", "vpn", "finance"}}
    assert groups[0].key == "cause:router"
    assert groups[0].since == NOON


def test_events_in_the_last_and_first_year_that_there_is_are_grouped_by_time_as_all_are() -> None:
    def moved(one: Event, at: datetime) -> Event:
        return replace(one, raised_at=at, last_seen_at=at, changed_at=at)

    last = moved(event("vpn"), datetime.max.replace(tzinfo=UTC))
    first = moved(event("vpn"), datetime.min.replace(tzinfo=UTC))
    starving = moved(event("router", direction=Direction.STARVATION), last.raised_at)
    assert causes(group_events([last, event("router")], CHAIN)) == {"router": {"router", "vpn"}}
    assert causes(group_events([first, event("router")], CHAIN)) == {"router": {"router"}, "vpn": {"vpn"}}
    assert causes(group_events([last, starving], CHAIN)) == {"vpn": {"vpn", "router"}}


def test_an_unrelated_event_stays_out() -> None:
    assert causes(group_events([event("router"), event("printer")], CHAIN)) == {
        "router": {"router"},
        "printer": {"printer"},
    }


def test_a_local_event_causes_nothing_but_joins_its_cause() -> None:
    load = event("router", direction=Direction.LOCAL, severity=Severity.MINOR)
    assert causes(group_events([load, event("vpn")], CHAIN)) == {"router": {"router"}, "vpn": {"vpn"}}
    assert causes(group_events([load, event("router"), event("vpn")], CHAIN)) == {"router": {"router", "vpn"}}


def test_a_cause_noticed_far_too_late_explains_nothing() -> None:
    assert set(causes(group_events([event("vpn"), event("router", 16)], CHAIN))) == {"vpn", "router"}


def test_starvation_joins_from_upstream() -> None:
    starved = event("db", 1, Direction.STARVATION)
    groups = group_events([event("vpn"), starved], reach({"db": "vpn"}))
    assert causes(groups) == {"vpn": {"vpn", "db"}}


def test_a_circle_has_one_cause_the_earliest() -> None:
    circle = reach({"a": "b", "b": "a"})
    assert causes(group_events([event("b", 0), event("a", 1)], circle)) == {"b": {"a", "b"}}
    assert causes(group_events([event("b", 0), event("a", 0)], circle)) == {"a": {"a", "b"}}


def test_the_order_of_arrival_does_not_matter() -> None:
    events = [event("router", 2), event("finance"), event("vpn", 1), event("printer")]
    assert group_events(events, CHAIN) == group_events(events[::-1], CHAIN)
