"""Answers "what changed upstream?"."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cmdb.application.lookup import find_place
from cmdb.application.proof import Steps
from cmdb.application.requests import UpstreamChangesRequest
from cmdb.application.snapshot import Mask, Snapshot
from cmdb.application.symptoms import Symptoms, onset_of
from cmdb.desk.words import overlap, tokens
from cmdb.impact.arrays import STRENGTHS
from cmdb.impact.paths import PathsFrom
from cmdb.impact.suspects import Suspicion, exclusion, rank
from cmdb.model.access import Principal
from cmdb.model.answers import SuspectChange, Term, UpstreamChangesAnswer
from cmdb.model.records import Change, ChangeState
from cmdb.model.severity import Strength

_STRENGTH = {Strength.HARD: 1.0, Strength.SOFT: 0.5, Strength.TELEMETRY: 0.0}
_FAILED = (ChangeState.FAILED, ChangeState.ROLLED_BACK)

_Refused = tuple[Change, int, str]
"""A change, its target and why it cannot be the cause."""


_BEGIN = datetime.min.replace(tzinfo=UTC)
"""There is no looking back beyond: sources send the first year that there is for 'unknown'."""


@dataclass(frozen=True, slots=True)
class _Scope:
    """Everything that the ranking of one question shares."""

    snapshot: Snapshot
    mask: Mask | None
    symptoms: Symptoms
    paths: PathsFrom
    steps: Steps
    onset: datetime
    words: frozenset[str]


def answer_upstream_changes(
    snapshot: Snapshot, principal: Principal, request: UpstreamChangesRequest
) -> UpstreamChangesAnswer:
    """Rank the changes on the CI and upstream of it; those that cannot be the cause are listed apart, with why."""
    place = find_place(snapshot, principal, request.item)
    onset = request.onset or onset_of(snapshot, place)
    horizon = timedelta(hours=request.hours)
    scope = _scope(snapshot, snapshot.mask(principal), Symptoms(snapshot, place), onset, request.words)
    ranked, refused = _suspects(scope, horizon)
    excluded = [
        _describe(scope, change, target, (0.0, ()), reason)
        for change, target, reason in refused[: request.first]
    ]
    return UpstreamChangesAnswer(
        basis=snapshot.basis,
        item=snapshot.ref(place, scope.mask),
        onset=onset,
        since=onset - min(horizon, onset - _BEGIN),
        upstream=len(scope.symptoms.distance) - 1,
        suspects=tuple(ranked[: request.first]),
        excluded=tuple(excluded),
        has_more=max(len(ranked), len(refused)) > request.first,
    )


def suspect_changes(snapshot: Snapshot, mask: Mask | None, symptoms: Symptoms) -> list[SuspectChange]:
    """Return the ranked suspects within a week before the symptoms' onset, best first."""
    scope = _scope(snapshot, mask, symptoms, onset_of(snapshot, symptoms.place), "")
    return _suspects(scope, timedelta(days=7))[0]


def _scope(snapshot: Snapshot, mask: Mask | None, symptoms: Symptoms, onset: datetime, words: str) -> _Scope:
    paths = PathsFrom(snapshot.topology, symptoms.place, snapshot.effective)
    return _Scope(snapshot, mask, symptoms, paths, Steps(snapshot, mask), onset, tokens(words))


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
    return found, sorted(refused, key=lambda row: (scope.symptoms.distance[row[1]], row[0].key))


def _changes(scope: _Scope) -> list[tuple[Change, int]]:
    """Return each change once, with its target nearest to the CI; hidden targets do not count."""
    nearest: dict[str, tuple[int, int]] = {}
    keys, changes_at = scope.snapshot.topology.keys, scope.snapshot.changes_at
    for place, far in scope.symptoms.distance.items():
        changes = changes_at.get(keys[place], ())
        if scope.mask is not None and not scope.mask[place]:
            continue
        for change in changes:
            found = (far, place)
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
        cover=scope.symptoms.share_explained(target),
        origin=_origin(scope, target),
        hops=scope.symptoms.distance[target],
        strength=_weakest(scope, target),
        failed=sum(other.state in _FAILED for other in past),
        past=len(past),
        words=overlap(scope.words, f"{change.title} {change.description}") if scope.words else 0.0,
    )


def _origin(scope: _Scope, target: int) -> float:
    """1 where the target fails itself and nothing upstream of it does, a quarter where something upstream does too."""
    if not scope.symptoms.fails(target):
        return 0.0
    return 0.25 if scope.symptoms.fails_above(target) else 1.0


def _weakest(scope: _Scope, target: int) -> float:
    strength = scope.snapshot.topology.strength
    edges = scope.paths.path(target)
    return min((_STRENGTH[STRENGTHS[strength[edge]]] for edge in edges), default=1.0)


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
        hops=scope.symptoms.distance[target],
        path=scope.steps.path(scope.paths.path(target)),
        score=round(score, 4),
        terms=terms,
        excluded=excluded,
    )
