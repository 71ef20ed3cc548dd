"""Answers "what changed upstream?"."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cmdb.application.lookup import find_place
from cmdb.application.proof import path_between
from cmdb.application.requests import UpstreamChangesRequest
from cmdb.application.snapshot import Mask, Snapshot
from cmdb.application.symptoms import onset_of, share_reached, symptoms_around
from cmdb.desk.words import overlap, tokens
from cmdb.impact.reach import Way, hops
from cmdb.impact.suspects import Suspicion, exclusion, rank
from cmdb.model.access import Principal
from cmdb.model.answers import SuspectChange, Term, UpstreamChangesAnswer
from cmdb.model.records import Change, ChangeState, Direction, Event
from cmdb.model.severity import Strength

_STRENGTH = {Strength.HARD: 1.0, Strength.SOFT: 0.5, Strength.TELEMETRY: 0.0}
_FAILED = (ChangeState.FAILED, ChangeState.ROLLED_BACK)

_Refused = tuple[Change, int, str]
"""A change, its target and why it cannot be the cause."""


@dataclass(frozen=True, slots=True)
class _Scope:
    """Everything that the ranking of one question shares."""

    snapshot: Snapshot
    mask: Mask | None
    place: int
    distance: Mapping[int, int]
    symptoms: Sequence[Event]
    onset: datetime
    words: frozenset[str]


def answer_upstream_changes(
    snapshot: Snapshot, principal: Principal, request: UpstreamChangesRequest
) -> UpstreamChangesAnswer:
    """Rank the changes on the CI and upstream of it; those that cannot be the cause are listed apart, with why."""
    place = find_place(snapshot, principal, request.item)
    onset = request.onset or onset_of(snapshot, place)
    horizon = timedelta(hours=request.hours)
    scope = _scope(snapshot, snapshot.mask(principal), place, onset, request.words)
    ranked, refused = _suspects(scope, horizon)
    excluded = [
        _describe(scope, change, target, (0.0, ()), reason)
        for change, target, reason in refused[: request.first]
    ]
    return UpstreamChangesAnswer(
        basis=snapshot.basis,
        item=snapshot.ref(place, scope.mask),
        onset=onset,
        since=onset - horizon,
        upstream=len(scope.distance) - 1,
        suspects=tuple(ranked[: request.first]),
        excluded=tuple(excluded),
        has_more=max(len(ranked), len(refused)) > request.first,
    )


def suspect_changes(
    snapshot: Snapshot, mask: Mask | None, place: int, onset: datetime
) -> list[SuspectChange]:
    """Return the ranked suspects within a week before the onset, best first."""
    return _suspects(_scope(snapshot, mask, place, onset, ""), timedelta(days=7))[0]


def _scope(snapshot: Snapshot, mask: Mask | None, place: int, onset: datetime, words: str) -> _Scope:
    distance = hops(snapshot.topology, place, Way.UPSTREAM)
    return _Scope(snapshot, mask, place, distance, symptoms_around(snapshot, place), onset, tokens(words))


def _suspects(scope: _Scope, horizon: timedelta) -> tuple[list[SuspectChange], list[_Refused]]:
    """Return the ranked suspects, and the refused ones undescribed: they are many, and a page shows few."""
    suspicions: list[tuple[Suspicion, int]] = []
    refused: list[_Refused] = []
    for change, target in _changes(scope):
        reason = exclusion(change, scope.onset, horizon)
        if reason is None:
            suspicions.append((_suspicion(scope, change, target), target))
        else:
            refused.append((change, target, reason))
    targets = {suspicion.change.key: target for suspicion, target in suspicions}
    ranked = rank([suspicion for suspicion, _ in suspicions], scope.onset)
    found = [
        _describe(scope, row.change, targets[row.change.key], (score, terms)) for row, score, terms in ranked
    ]
    return found, sorted(refused, key=lambda row: (scope.distance[row[1]], row[0].key))


def _changes(scope: _Scope) -> list[tuple[Change, int]]:
    """Return each change once, with its target nearest to the CI; hidden targets do not count."""
    nearest: dict[str, tuple[int, int]] = {}
    index = scope.snapshot.topology.index
    for key, changes in scope.snapshot.changes_at.items():
        place = index.get(key)
        if place is None or place not in scope.distance or (scope.mask is not None and not scope.mask[place]):
            continue
        for change in changes:
            found = (scope.distance[place], place)
            nearest[change.key] = min(nearest.get(change.key, found), found)
    return [(scope.snapshot.changes[key], place) for key, (_, place) in sorted(nearest.items())]


def _suspicion(scope: _Scope, change: Change, target: int) -> Suspicion:
    snapshot = scope.snapshot
    past = [
        other
        for other in snapshot.changes_at.get(snapshot.topology.keys[target], ())
        if other.key != change.key and other.end is not None and other.end < scope.onset
    ]
    return Suspicion(
        change=change,
        cover=share_reached(snapshot, target, scope.symptoms),
        origin=_origin(scope, target),
        hops=scope.distance[target],
        strength=_weakest(scope, target),
        failed=sum(other.state in _FAILED for other in past),
        past=len(past),
        words=overlap(scope.words, f"{change.title} {change.description}") if scope.words else 0.0,
    )


def _origin(scope: _Scope, target: int) -> float:
    """1 where the target fails itself and nothing upstream of it does, a quarter where something upstream does too."""
    snapshot = scope.snapshot
    if not _fails(snapshot, target):
        return 0.0
    above = hops(snapshot.topology, target, Way.UPSTREAM)
    distances = [far for place, far in above.items() if far > 0 and _fails(snapshot, place)]
    return 0.25 if distances else 1.0


def _fails(snapshot: Snapshot, place: int) -> bool:
    events = snapshot.events_at.get(snapshot.topology.keys[place], ())
    return any(event.direction is Direction.ERROR for event in events)


def _weakest(scope: _Scope, target: int) -> float:
    steps = path_between(scope.snapshot, scope.place, target, None)
    return min((_STRENGTH[step.strength] for step in steps), default=1.0)


def _describe(
    scope: _Scope,
    change: Change,
    target: int,
    scored: tuple[float, tuple[Term, ...]],
    excluded: str | None = None,
) -> SuspectChange:
    score, terms = scored
    return SuspectChange(
        change=change,
        target=scope.snapshot.ref(target, scope.mask),
        hops=scope.distance[target],
        path=path_between(scope.snapshot, scope.place, target, scope.mask),
        score=round(score, 4),
        terms=terms,
        excluded=excluded,
    )
