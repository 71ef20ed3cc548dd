"""Answers "what happened?" to a CI and to what it depends on, in one list."""

from collections.abc import Mapping, Sequence

from cmdb.application.lookup import find_place
from cmdb.application.requests import TimelineRequest
from cmdb.application.snapshot import Mask, Snapshot
from cmdb.errors import ErrorCode, InvalidInput
from cmdb.impact.reach import Way, hops
from cmdb.model.access import Principal
from cmdb.model.answers import TimelineAnswer, TimelineEntry
from cmdb.model.kinds import RecordKind
from cmdb.model.records import Change, Event, Record, Ticket
from cmdb.model.reference import moment_of
from cmdb.ports.graph import RecordFilter, RecordReader


class TimelineQuestion:
    """The use case behind `timeline`."""

    def __init__(self, reader: RecordReader) -> None:
        """Past events are read from the store."""
        self._reader = reader

    async def answer(
        self, snapshot: Snapshot, principal: Principal, request: TimelineRequest
    ) -> TimelineAnswer:
        """Merge events, changes and tickets of [since, until), newest first."""
        if request.since and request.until and request.until <= request.since:
            raise InvalidInput(
                ErrorCode.BAD_INTERVAL, "'until' is not after 'since'.", hint="Swap the two times."
            )
        place = find_place(snapshot, principal, request.item)
        mask = snapshot.mask(principal)
        distance = _visible_distances(snapshot, mask, place)
        query = RecordFilter(items=frozenset(distance), since=request.since, until=request.until)
        entries: list[TimelineEntry] = []
        for kind in (RecordKind.EVENT, RecordKind.CHANGE, RecordKind.TICKET):
            rows = await self._reader.page(principal, kind, query, None, request.first + 1)
            entries += [_entry(snapshot, distance, row.record) for row in rows if moment_of(row.record)]
        entries.sort(key=lambda entry: (entry.at, entry.what), reverse=True)
        return TimelineAnswer(
            basis=snapshot.basis,
            item=snapshot.ref(place, mask),
            entries=tuple(entries[: request.first]),
            has_more=len(entries) > request.first,
        )


def _visible_distances(snapshot: Snapshot, mask: Mask | None, place: int) -> Mapping[str, int]:
    far = hops(snapshot.topology, place, Way.UPSTREAM)
    keys = snapshot.topology.keys
    return {keys[at]: distance for at, distance in far.items() if mask is None or mask[at]}


def _entry(snapshot: Snapshot, distance: Mapping[str, int], record: Record) -> TimelineEntry:
    match record:
        case Event():
            ended = f", cleared {record.cleared_at:%H:%M}" if record.cleared_at else ""
            what = f"event {record.severity} {record.condition}: {record.summary}{ended}"
            items: Sequence[str] = (record.item,)
        case Change():
            what, items = f"change {record.state.value}: {record.title}", record.targets
        case Ticket():
            what, items = f"{record.ticket_kind.value} {record.state.value}: {record.title}", record.items
        case _:
            raise TypeError(type(record))
    key = min((item for item in items if item in distance), key=lambda item: (distance[item], item))
    return TimelineEntry(
        at=moment_of(record) or snapshot.at,
        item=snapshot.ref(snapshot.topology.index[key]),
        hops=distance[key],
        what=what,
        event=record if isinstance(record, Event) else None,
        change=record if isinstance(record, Change) else None,
        ticket=record if isinstance(record, Ticket) else None,
    )
