"""Turns the kernel's indices into proof that a reader can check: paths, causes, repairs, verdicts, margins."""

from collections.abc import Iterable, Sequence

from cmdb.application.snapshot import Mask, Severities, Snapshot
from cmdb.impact.evidence import group_verdicts, shortest_path
from cmdb.model.answers import CauseRow, CiRef, GroupVerdict, Margin, PathStep, Proof
from cmdb.model.records import Direction
from cmdb.model.severity import Severity


def describe_path(snapshot: Snapshot, edges: Iterable[int], mask: Mask | None) -> tuple[PathStep, ...]:
    """Return the steps of a path of edge ids."""
    views = (snapshot.topology.edge(edge) for edge in edges)
    return tuple(
        PathStep(
            consumer=snapshot.ref(view.consumer, mask),
            verb=view.verb,
            provider=snapshot.ref(view.provider, mask),
            strength=view.strength,
            group=view.group,
        )
        for view in views
    )


def describe_margin(snapshot: Snapshot, effective: Severities, place: int, mask: Mask | None) -> Margin:
    """Return how many further failures the CI survives."""
    found = snapshot.margin_of(place, effective)
    return Margin(
        survives=found.survives,
        exact=found.exact,
        next_failures=tuple(snapshot.ref(next_one, mask) for next_one in found.next_failures),
    )


def describe_proof(
    snapshot: Snapshot,
    severities: tuple[Severities, Severities],
    place: int,
    origin: int | None,
    mask: Mask | None,
) -> Proof:
    """Return why the CI is as it is under (own, effective); without an origin the path leads to its first cause."""
    own, effective = severities
    topology = snapshot.topology
    explanation = snapshot.explanation_of(place, own, effective)
    end = origin if origin is not None else _nearest(explanation.causes, place)
    edges: Sequence[int] = (
        () if end is None or end == place else shortest_path(topology, place, end, effective)
    )
    along = dict.fromkeys([place, *(topology.edge(edge).consumer for edge in edges)])
    return Proof(
        path=describe_path(snapshot, edges, mask),
        causes=tuple(_cause(snapshot, own, cause, mask) for cause in explanation.causes),
        repairs=tuple(tuple(snapshot.ref(item, mask) for item in repair) for repair in explanation.repairs),
        groups=_verdicts(snapshot, effective, list(along), mask),
        exact=explanation.exact,
    )


def _nearest(causes: Sequence[int], place: int) -> int | None:
    others = [cause for cause in causes if cause != place]
    return others[0] if others else None


def _cause(snapshot: Snapshot, own: Severities, place: int, mask: Mask | None) -> CauseRow:
    ref = snapshot.ref(place, mask)
    events = snapshot.events_at.get(ref.key, ()) if not ref.restricted else ()
    return CauseRow(
        item=ref,
        severity=Severity(int(own[place])),
        events=tuple(event for event in events if event.direction is Direction.ERROR),
    )


def _verdicts(
    snapshot: Snapshot, effective: Severities, places: Sequence[int], mask: Mask | None
) -> tuple[GroupVerdict, ...]:
    return tuple(
        GroupVerdict(
            consumer=snapshot.ref(state.consumer, mask),
            group=state.group,
            members=tuple(snapshot.ref(member, mask) for member in state.members),
            weight=state.weight,
            weight_up=state.weight_up,
            weight_needed=state.weight_needed,
            tripped=state.tripped,
        )
        for state in group_verdicts(snapshot.topology, effective, places)
    )


def path_between(snapshot: Snapshot, item: int, provider: int, mask: Mask | None) -> tuple[PathStep, ...]:
    """Return a shortest path from a CI up to a provider."""
    if item == provider:
        return ()
    edges = shortest_path(snapshot.topology, item, provider, snapshot.effective)
    return describe_path(snapshot, edges, mask)


def names_of(refs: Iterable[CiRef]) -> str:
    """Join names for a sentence."""
    return ", ".join(ref.name for ref in refs)
