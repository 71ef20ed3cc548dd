"""Answers "why is it so?": which CIs can explain the trouble of one, silent ones included."""

from collections.abc import Sequence

from cmdb.application.change_question import suspect_changes
from cmdb.application.lookup import find_place
from cmdb.application.proof import Steps
from cmdb.application.snapshot import LADDER, Mask, Snapshot
from cmdb.application.symptoms import Symptoms
from cmdb.impact.counterfactual import if_alone, if_repaired
from cmdb.impact.paths import PathsFrom
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
    symptoms = Symptoms(snapshot, place)
    suspects = suspect_changes(snapshot, mask, symptoms)
    return ProbableCausesAnswer(
        basis=snapshot.basis,
        item=snapshot.ref(place, mask),
        health=snapshot.health(place),
        causes=tuple(probable_causes(snapshot, mask, symptoms, suspects)[:first]),
        suspects=tuple(suspects[:first]),
    )


def probable_causes(
    snapshot: Snapshot, mask: Mask | None, symptoms: Symptoms, suspects: Sequence[SuspectChange]
) -> list[ProbableCause]:
    """Return the ranked causes of one CI's trouble, best first."""
    if not symptoms.events:
        return []
    best: dict[str, float] = {}
    for suspect in suspects:
        best[suspect.target.key] = max(best.get(suspect.target.key, 0.0), suspect.score)
    places = _candidates(snapshot, symptoms, best)
    needs = _needs(snapshot, symptoms.place, places)
    candidates = [
        _candidate(snapshot, place, symptoms, (need, best.get(snapshot.topology.keys[place], 0.0)))
        for place, need in zip(places, needs, strict=True)
    ]
    ranked = rank(candidates, min(event.raised_at for event in symptoms.events))
    steps, index = Steps(snapshot, mask), snapshot.topology.index
    paths = PathsFrom(snapshot.topology, symptoms.place, snapshot.effective)
    return [
        ProbableCause(
            item=snapshot.ref(index[candidate.item], mask),
            score=round(score, 4),
            terms=terms,
            events=_visible_events(snapshot, mask, index[candidate.item]),
            explains=_explained(symptoms, mask, index[candidate.item]),
            path=steps.path(paths.path(index[candidate.item])),
        )
        for candidate, score, terms in ranked
    ]


def _candidates(snapshot: Snapshot, symptoms: Symptoms, changed: dict[str, float]) -> list[int]:
    keys, distance = snapshot.topology.keys, symptoms.distance
    failing = [at for at in distance if symptoms.fails(at)]
    silent = [at for at in distance if keys[at] in changed and not symptoms.fails(at)]

    def nearest(at: int) -> tuple[int, str]:
        return distance[at], keys[at]

    return (sorted(failing, key=nearest) + sorted(silent, key=nearest))[:CANDIDATES]


def _candidate(
    snapshot: Snapshot, candidate: int, symptoms: Symptoms, weighed: tuple[float, float]
) -> Candidate:
    need, suspect = weighed
    views = snapshot.topology.views
    found = snapshot.events_at.get(snapshot.topology.keys[candidate], ())
    errors = [event for event in found if event.direction is Direction.ERROR]
    edges = views.up_edges[views.up[candidate] : views.up[candidate + 1]]
    above = {views.provider[edge] for edge in edges} - {candidate}
    return Candidate(
        item=snapshot.topology.keys[candidate],
        cover=symptoms.share_explained(candidate),
        need=need,
        own=max((event.severity for event in errors), default=Severity.OK),
        provider=max((LADDER[snapshot.outage[at]] for at in above), default=Severity.OK),
        raised_at=min((event.raised_at for event in errors), default=None),
        suspect=suspect,
    )


def _needs(snapshot: Snapshot, place: int, candidates: Sequence[int]) -> list[float]:
    """Share of the CI's severity that repairing each takes away; a silent one is assumed down instead."""
    topology, now = snapshot.topology, int(snapshot.effective[place])
    failing = [at for at in candidates if snapshot.outage[at]]
    silent = [at for at in candidates if not snapshot.outage[at]]
    repaired = if_repaired(topology, snapshot.outage, snapshot.effective, place, failing)
    found = {at: (now - then) / max(now, 1) for at, then in zip(failing, repaired, strict=True)}
    alone = if_alone(topology, place, silent)
    found |= {at: min(1.0, then / max(now, 1)) for at, then in zip(silent, alone, strict=True)}
    return [found[at] for at in candidates]


def _visible_events(snapshot: Snapshot, mask: Mask | None, place: int) -> tuple[Event, ...]:
    hidden = mask is not None and not mask[place]
    return () if hidden else snapshot.events_at.get(snapshot.topology.keys[place], ())


def _explained(symptoms: Symptoms, mask: Mask | None, place: int) -> tuple[Event, ...]:
    return tuple(event for at, event in symptoms.reached_from(place) if mask is None or mask[at])
