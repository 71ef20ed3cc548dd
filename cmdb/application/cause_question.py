"""Answers "why is it so?": which CIs can explain the trouble of one, silent ones included."""

from collections.abc import Sequence

import numpy as np

from cmdb.application.change_question import suspect_changes
from cmdb.application.lookup import find_place
from cmdb.application.proof import path_between
from cmdb.application.snapshot import Mask, Snapshot
from cmdb.application.symptoms import onset_of, share_reached, symptoms_around
from cmdb.impact.propagation import spread
from cmdb.impact.reach import Way, downstream, hops
from cmdb.impact.rootcause import Candidate, rank
from cmdb.model.access import Principal
from cmdb.model.answers import ProbableCause, ProbableCausesAnswer, SuspectChange
from cmdb.model.records import Direction, Event
from cmdb.model.severity import Severity

CANDIDATES = 50
"""How many candidates are weighed exactly: the nearest failing ones, then the nearest changed ones."""


def answer_probable_causes(
    snapshot: Snapshot, principal: Principal, item: str, first: int
) -> ProbableCausesAnswer:
    """Rank the CIs that fail or changed on the CI or upstream of it; hidden ones appear as restricted."""
    place = find_place(snapshot, principal, item)
    mask = snapshot.mask(principal)
    suspects = suspect_changes(snapshot, mask, place, onset_of(snapshot, place))
    return ProbableCausesAnswer(
        basis=snapshot.basis,
        item=snapshot.ref(place, mask),
        health=snapshot.health(place),
        causes=tuple(probable_causes(snapshot, mask, place, suspects)[:first]),
        suspects=tuple(suspects[:first]),
    )


def probable_causes(
    snapshot: Snapshot, mask: Mask | None, place: int, suspects: Sequence[SuspectChange]
) -> list[ProbableCause]:
    """Return the ranked causes of one CI's trouble, best first."""
    symptoms = symptoms_around(snapshot, place)
    if not symptoms:
        return []
    best: dict[str, float] = {}
    for suspect in suspects:
        best[suspect.target.key] = max(best.get(suspect.target.key, 0.0), suspect.score)
    candidates = [
        _candidate(snapshot, place, candidate, symptoms, best)
        for candidate in _candidates(snapshot, place, best)
    ]
    ranked = rank(candidates, min(event.raised_at for event in symptoms))
    index = snapshot.topology.index
    return [
        ProbableCause(
            item=snapshot.ref(index[candidate.item], mask),
            score=round(score, 4),
            terms=terms,
            events=_visible_events(snapshot, mask, index[candidate.item]),
            explains=_explained(snapshot, mask, index[candidate.item], symptoms),
            path=path_between(snapshot, place, index[candidate.item], mask),
        )
        for candidate, score, terms in ranked
    ]


def _candidates(snapshot: Snapshot, place: int, changed: dict[str, float]) -> list[int]:
    keys = snapshot.topology.keys
    distance = hops(snapshot.topology, place, Way.UPSTREAM)
    failing = [at for at in distance if _errors(snapshot, at)]
    silent = [at for at in distance if keys[at] in changed and not _errors(snapshot, at)]

    def nearest(at: int) -> tuple[int, str]:
        return distance[at], keys[at]

    return (sorted(failing, key=nearest) + sorted(silent, key=nearest))[:CANDIDATES]


def _errors(snapshot: Snapshot, place: int) -> list[Event]:
    events = snapshot.events_at.get(snapshot.topology.keys[place], ())
    return [event for event in events if event.direction is Direction.ERROR]


def _candidate(
    snapshot: Snapshot, place: int, candidate: int, symptoms: Sequence[Event], changed: dict[str, float]
) -> Candidate:
    events = _errors(snapshot, candidate)
    above = [at for at, far in hops(snapshot.topology, candidate, Way.UPSTREAM).items() if far == 1]
    return Candidate(
        item=snapshot.topology.keys[candidate],
        cover=share_reached(snapshot, candidate, symptoms),
        need=_need(snapshot, place, candidate),
        own=max((event.severity for event in events), default=Severity.OK),
        provider=Severity(int(max((snapshot.outage[at] for at in above), default=0))),
        raised_at=min((event.raised_at for event in events), default=None),
        suspect=changed.get(snapshot.topology.keys[candidate], 0.0),
    )


def _need(snapshot: Snapshot, place: int, candidate: int) -> float:
    """Share of the CI's severity that repairing the candidate takes away; a silent one is assumed down instead."""
    now = int(snapshot.effective[place])
    if snapshot.outage[candidate]:
        return (now - int(snapshot.effective_with({candidate: 0})[place])) / now if now else 0.0
    assumed = spread(snapshot.topology, {candidate: int(Severity.CRITICAL)})
    return min(1.0, assumed.get(place, 0) / max(now, 1))


def _visible_events(snapshot: Snapshot, mask: Mask | None, place: int) -> tuple[Event, ...]:
    hidden = mask is not None and not mask[place]
    return () if hidden else snapshot.events_at.get(snapshot.topology.keys[place], ())


def _explained(
    snapshot: Snapshot, mask: Mask | None, place: int, symptoms: Sequence[Event]
) -> tuple[Event, ...]:
    topology = snapshot.topology
    reach = downstream(topology, [place])
    shown = reach if mask is None else reach[mask[reach]]
    keys = {topology.keys[at] for at in np.asarray(shown).tolist()} - {topology.keys[place]}
    return tuple(event for event in symptoms if event.item in keys)
