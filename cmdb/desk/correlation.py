"""Numbers for situations that last: they keep them while causes change, and joined ones resolve to the oldest.

An open number stands for the events that it held last. It goes on with the group of its cause, else with the group
that holds most of its events; the oldest number chooses first. One whose groups all have an older number is merged
into it; one that no group shares anything with has ended. Groups that are left get new numbers.

The same groups and numbers give the same outcome, and applying it twice changes nothing: this can be run again after
a crash from the present alone.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cmdb.desk.situations import EventGroup
from cmdb.model.records import SituationRecord

PREFIX = "SIT"


@dataclass(frozen=True, slots=True)
class Claims:
    """Which number goes on as which group, by the group's cause; which join which; which have ended."""

    by_cause: Mapping[str, SituationRecord]
    merged: Mapping[str, str]
    ended: frozenset[str]


def claim(groups: Iterable[EventGroup], open_: Iterable[SituationRecord]) -> Claims:
    """Match open numbers with the groups of the moment."""
    by_cause = {group.cause: group for group in groups}
    of_event = {member.event.key: group for group in by_cause.values() for member in group.members}
    claimed: dict[str, SituationRecord] = {}
    merged: dict[str, str] = {}
    ended: set[str] = set()
    for record in sorted(open_, key=lambda row: number_of(row.key)):
        fits = _fitting(record, by_cause, of_event)
        free = next((cause for cause in fits if cause not in claimed), None)
        if free is not None:
            claimed[free] = record
        elif fits:
            merged[record.key] = claimed[fits[0]].key
        else:
            ended.add(record.key)
    return Claims(claimed, merged, frozenset(ended))


def correlate(
    groups: Sequence[EventGroup], known: Mapping[str, SituationRecord], at: datetime
) -> list[SituationRecord]:
    """Return the numbers to write so that each group has one; `known` are all that were ever given, by key."""
    claims = claim(groups, (record for record in known.values() if record.ended_at is None))
    written = [
        replace(known[key], ended_at=at, changed_at=at, merged_into=claims.merged.get(key))
        for key in sorted(claims.merged.keys() | claims.ended)
    ]
    following = max(map(number_of, known), default=0) + 1
    for group in sorted(groups, key=lambda group: (group.since, group.cause)):
        events = tuple(sorted(member.event.key for member in group.members))
        record = claims.by_cause.get(group.cause)
        if record is None:
            key = f"{PREFIX}{following:06d}"
            record = SituationRecord(key=key, cause=group.cause, events=(), opened_at=at, changed_at=at)
            following += 1
        if (record.cause, record.events) != (group.cause, events):
            written.append(replace(record, cause=group.cause, events=events, changed_at=at))
    return written


def survivor_of(key: str, known: Mapping[str, SituationRecord]) -> SituationRecord | None:
    """Return what a number stands for today: itself, or the oldest one that it joined."""
    record = known.get(key)
    while record is not None and record.merged_into is not None:
        record = known.get(record.merged_into)
    return record


def number_of(key: str) -> int:
    """Return the number in a key; what is not ours counts as 0."""
    digits = key.removeprefix(PREFIX)
    return int(digits) if digits.isdecimal() else 0


def _fitting(
    record: SituationRecord, by_cause: Mapping[str, EventGroup], of_event: Mapping[str, EventGroup]
) -> list[str]:
    """Return the causes of the groups that the number may go on with, best first."""
    shared = Counter(of_event[event].cause for event in record.events if event in of_event)
    causes = shared.keys() | ({record.cause} & by_cause.keys())
    return sorted(
        causes, key=lambda cause: (cause != record.cause, -shared[cause], by_cause[cause].since, cause)
    )
