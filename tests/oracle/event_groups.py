"""Which open events share a cause, by comparing every alerting CI with every other one."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from cmdb.model.records import Direction, Event
from cmdb.model.severity import Severity


def causes_by_definition(events: Sequence[Event], downstream: Callable[[str], set[str]]) -> dict[str, str]:
    """Return the cause's CI per event key; `downstream` gives the CIs that a CI's failure can reach."""
    onset = _onsets(events)
    ranked = sorted(onset, key=lambda item: (onset[item], item))

    def explains(other: str, item: str) -> bool:
        if other == item or item not in downstream(other):
            return False
        if onset[other] > onset[item] + timedelta(minutes=15):
            return False
        return other not in downstream(item) or ranked.index(other) < ranked.index(item)

    roots = [item for item in ranked if not any(explains(other, item) for other in ranked)]

    def cause(event: Event) -> str:
        if event.item in roots:
            return event.item
        for root in roots:
            starved = event.direction is Direction.STARVATION and root in downstream(event.item)
            if onset[root] <= event.raised_at + timedelta(minutes=15) and (
                event.item in downstream(root) or starved
            ):
                return root
        return event.item

    return {event.key: cause(event) for event in events}


def _onsets(events: Sequence[Event]) -> dict[str, datetime]:
    onset: dict[str, datetime] = {}
    for event in sorted(events, key=lambda one: one.raised_at):
        if event.direction is Direction.ERROR and not event.unknown and event.severity is not Severity.OK:
            onset.setdefault(event.item, event.raised_at)
    return onset
