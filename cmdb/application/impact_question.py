"""Answers "what does this event, CI or change impact?"."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from cmdb.application.lookup import find_place, missing, sees_change, sees_event, shown_tickets
from cmdb.application.proof import Proofs
from cmdb.application.requests import ImpactRequest
from cmdb.application.snapshot import LADDER, Mask, Severities, Snapshot
from cmdb.desk.access import visible
from cmdb.errors import ErrorCode, InvalidInput, NotFound
from cmdb.impact.propagation import spread
from cmdb.impact.reach import Way, layers
from cmdb.impact.topology import IntArray
from cmdb.model.access import Principal
from cmdb.model.answers import ImpactAnswer, ImpactRow
from cmdb.model.kinds import RecordKind
from cmdb.model.records import Direction, Event, EventState, Role, Ticket
from cmdb.model.severity import Severity
from cmdb.ports.graph import RecordReader


@dataclass(frozen=True, slots=True)
class _Case:
    """The asked origin against the present: own severities with and without it, and what follows."""

    snapshot: Snapshot
    mask: Mask | None
    origins: tuple[int, ...]
    own: Severities
    severity: Severities
    without: Severities
    alone: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where the question starts: assumed severities by index, and which own severities it takes away."""

    failing: Mapping[int, Severity]
    remaining: Mapping[int, Severity]
    places: tuple[int, ...]


class ImpactQuestion:
    """The use case behind `impact`."""

    def __init__(self, reader: RecordReader) -> None:
        """Records that are no longer in memory (cleared events) are read from the store."""
        self._reader = reader

    async def answer(self, snapshot: Snapshot, principal: Principal, request: ImpactRequest) -> ImpactAnswer:
        """Evaluate with, without and only the origin; prove the rows of the asked page."""
        asked = (visible(principal), request)
        answer = snapshot.kept(asked)
        if not isinstance(answer, ImpactAnswer):
            answer = await self._evaluate(snapshot, principal, request)
            snapshot.keep(asked, answer)
        return replace(answer, basis=snapshot.basis)

    async def _evaluate(
        self, snapshot: Snapshot, principal: Principal, request: ImpactRequest
    ) -> ImpactAnswer:
        origin = await self._origin(snapshot, principal, request)
        case = _case(snapshot, snapshot.mask(principal), origin)
        below = layers(snapshot.topology, origin.places, Way.DOWNSTREAM)
        reached = np.concatenate(below) if below else np.empty(0, np.int32)
        listed = reached[snapshot.is_service[reached]] if request.services_only else reached
        hidden = 0
        if case.mask is not None:
            seen = case.mask[listed]
            hidden = int(np.count_nonzero(_harmed(case, listed) & ~seen))
            listed = listed[seen]
        harmed = _harmed(case, listed)
        order = _sorted(case, listed[harmed])
        holding = sorted(listed[~harmed].tolist(), key=lambda place: snapshot.topology.names[place])
        holding = [place for place in holding if place not in origin.places]
        rows = order + holding if request.include_holding else order
        page = rows[request.skip : request.skip + request.first]
        proofs = Proofs(snapshot, case.mask, case.own, case.severity)
        if len(origin.places) == 1:
            proofs.lead_to(origin.places[0], below, reached)
        return ImpactAnswer(
            basis=snapshot.basis,
            origins=tuple(snapshot.ref(place, case.mask) for place in origin.places),
            reached=len(reached) - len(origin.places),
            impacted=len(order),
            holding=len(holding),
            restricted=hidden,
            rows=tuple(_row(case, proofs, place) for place in page),
            has_more=len(rows) > request.skip + request.first,
        )

    async def _origin(self, snapshot: Snapshot, principal: Principal, request: ImpactRequest) -> _Origin:
        given = [name for name in (request.event, request.item, request.change) if name is not None]
        if len(given) != 1:
            raise InvalidInput(
                ErrorCode.BAD_ARGUMENT,
                f"{len(given)} origins were given.",
                hint="Give exactly one of event, item, change.",
            )
        if request.event is not None:
            return _of_event(snapshot, await self._event(snapshot, principal, request.event))
        if request.item is not None:
            return _of_items(snapshot, (find_place(snapshot, principal, request.item),), request.as_if)
        change = snapshot.changes.get(str(request.change))
        if change is None or not sees_change(snapshot, principal, change):
            raise missing("change", str(request.change))
        index = snapshot.topology.index
        places = tuple(index[target] for target in change.targets if target in index)
        return _of_items(snapshot, places, request.as_if)

    async def _event(self, snapshot: Snapshot, principal: Principal, key: str) -> Event:
        event = snapshot.events.get(key)
        if event is None:
            stored = await self._reader.records(principal, RecordKind.EVENT, [key])
            event = next((row.record for row in stored if isinstance(row.record, Event)), None)
        if event is None or not sees_event(snapshot, principal, event):
            raise missing("event", key)
        return event


def _of_event(snapshot: Snapshot, event: Event) -> _Origin:
    """An open error event fails its CI; what other events of the CI say remains without it."""
    place = snapshot.topology.index.get(event.item)
    if place is None:
        raise NotFound(
            ErrorCode.NOT_FOUND,
            f"No CI is known for the event '{event.key}'.",
            hint="Load the CI that its subject describes; then the event is bound to it.",
        )
    others = [
        other.severity
        for other in snapshot.events_at.get(event.item, ())
        if other.key != event.key and other.direction is Direction.ERROR and not other.unknown
    ]
    travels = event.state is EventState.OPEN and event.direction is Direction.ERROR and not event.unknown
    in_service = event.item not in snapshot.own.planned
    failing = {place: event.severity} if travels and in_service else {}
    return _Origin(failing, {place: max(others, default=Severity.OK)}, (place,))


def _of_items(snapshot: Snapshot, places: tuple[int, ...], as_if: Severity) -> _Origin:
    """A CI that fails now counts as it is, a healthy one as the caller assumes."""
    failing = {place: Severity(int(snapshot.outage[place])) or as_if for place in places}
    return _Origin(failing, dict.fromkeys(places, Severity.OK), places)


def _case(snapshot: Snapshot, mask: Mask | None, origin: _Origin) -> _Case:
    present = snapshot.outage
    failing = {place: max(int(present[place]), int(rung)) for place, rung in origin.failing.items()}
    healthy = {place: min(int(present[place]), int(rung)) for place, rung in origin.remaining.items()}
    assumed = {place: rung for place, rung in failing.items() if rung != present[place]}
    own = present
    if assumed:
        own = present.copy()
        own[list(assumed)] = list(assumed.values())
    alone = spread(snapshot.topology, {place: int(rung) for place, rung in origin.failing.items()})
    return _Case(
        snapshot=snapshot,
        mask=mask,
        origins=origin.places,
        own=own,
        severity=snapshot.effective_but(alone)
        if snapshot.calm and alone
        else snapshot.effective_with(failing),
        without=snapshot.effective_with(healthy),
        alone=alone,
    )


def _harmed(case: _Case, places: IntArray) -> Mask:
    alone: Mask = np.zeros(len(case.severity), np.bool_)
    alone[list(case.alone)] = True
    harmed: Mask = alone[places] | (case.severity[places] > case.without[places])
    return harmed


def _sorted(case: _Case, places: IntArray) -> list[int]:
    topology = case.snapshot.topology
    listed: list[int] = places.tolist()
    return sorted(listed, key=lambda p: (-int(case.severity[p]), topology.names[p], topology.keys[p]))


def _row(case: _Case, proofs: Proofs, place: int) -> ImpactRow:
    snapshot, key = case.snapshot, case.snapshot.topology.keys[place]
    return ImpactRow(
        item=snapshot.ref(place, case.mask),
        health=snapshot.health(place),
        severity=LADDER[case.severity[place]],
        alone=LADDER[case.alone.get(place, 0)],
        without=LADDER[case.without[place]],
        proof=proofs.proof(place, _end(case, place)),
        margin=proofs.margin(place),
        tickets=_tickets(case, key),
        owners=snapshot.parties_of(key, Role.OWNS),
    )


def _end(case: _Case, place: int) -> int | None:
    return None if place in case.origins else case.origins[0] if case.origins else None


def _tickets(case: _Case, key: str) -> tuple[Ticket, ...]:
    return shown_tickets(case.snapshot, case.mask, case.snapshot.open_tickets_at.get(key, ()))
