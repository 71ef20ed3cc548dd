"""Turns the kernel's indices into proof that a reader can check: paths, causes, repairs, verdicts, margins."""

from collections.abc import Iterable, Sequence
from functools import cached_property, partial

from cmdb.application.snapshot import LADDER, Mask, Severities, Snapshot
from cmdb.impact.best_paths import BestPaths
from cmdb.impact.causes import Explanation
from cmdb.impact.evidence import GroupState, group_verdicts
from cmdb.impact.margin import Margins
from cmdb.impact.paths import Links, PathsFrom, PathsTo
from cmdb.impact.topology import IntArray
from cmdb.model.answers import CauseRow, Margin, Proof
from cmdb.model.evidence import CarryingStep, CiRef, GroupVerdict, PathStep, RankedPath
from cmdb.model.records import Direction

NAMED_FAILURES = 10
"""Of the CIs whose failure alone would worsen another one, so many are named, by key."""


class Steps:
    """Dependencies and CIs in words, as the mask lets them be seen; each is put into words once."""

    def __init__(self, snapshot: Snapshot, mask: Mask | None) -> None:
        self.snapshot = snapshot
        self.mask = mask
        self._steps: dict[int, PathStep] = {}

    def refs(self, places: Iterable[int]) -> tuple[CiRef, ...]:
        """Return the CIs at these indices."""
        ref, mask = self.snapshot.ref, self.mask
        known = self.snapshot.refs if mask is None else {}
        return tuple([known.get(place) or ref(place, mask) for place in places])

    def path(self, edges: Iterable[int]) -> tuple[PathStep, ...]:
        """Return the steps of a path of edge ids."""
        known = self._steps
        return tuple([known.get(edge) or self._step(edge) for edge in edges])

    def _step(self, edge: int) -> PathStep:
        view = self.snapshot.topology.edge(edge)
        self._steps[edge] = step = PathStep(
            consumer=self.snapshot.ref(view.consumer, self.mask),
            verb=view.verb,
            provider=self.snapshot.ref(view.provider, self.mask),
            strength=view.strength,
            group=view.group,
        )
        return step


class Proofs:
    """The proofs of one page: own and effective severities by CI index, the present ones unless others are given.

    `below` are the layers downstream of the one origin that all paths lead to, where they are known already.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        mask: Mask | None,
        own: Severities | None = None,
        effective: Severities | None = None,
    ) -> None:
        self._snapshot = snapshot
        self._own = snapshot.outage if own is None else own
        self._effective = snapshot.effective if effective is None else effective
        self._steps = Steps(snapshot, mask)
        self._links = Links(snapshot.topology, self._effective)
        self._paths: dict[int, PathsTo] = {}
        self._verdicts: dict[int, tuple[GroupVerdict, ...]] = {}
        self._beneath: IntArray | None = None
        self._lone: Explanation | None = None

    @cached_property
    def _margins(self) -> Margins:
        return self._snapshot.margins_under(self._effective, self._beneath)

    def lead_to(self, origin: int, below: Sequence[IntArray], reached: IntArray) -> None:
        """Take note of all downstream of the one origin, in layers and as one, so that it is not walked again."""
        self._paths[origin] = PathsTo(self._snapshot.topology, origin, self._links, below)
        self._beneath = reached
        if self._snapshot.calm:
            self._lone = Explanation((origin,), ((origin,),), ((origin,),))

    def margin(self, place: int) -> Margin:
        """Return how many further failures the CI survives."""
        found = self._margins.of(place)
        return Margin(
            survives=found.survives,
            exact=found.exact,
            next_failures=self._steps.refs(found.next_failures[:NAMED_FAILURES]),
            next_failure_count=len(found.next_failures),
        )

    def proof(self, place: int, origin: int | None = None) -> Proof:
        """Return why the CI is as it is; without an origin the path leads to its first cause."""
        explanation = self._explanation(place)
        end = origin if origin is not None else _nearest(explanation, place)
        edges: Sequence[int] = () if end is None or end == place else self._towards(end).path(place)
        consumer = self._snapshot.topology.views.consumer
        along = dict.fromkeys([place, *[consumer[edge] for edge in edges]])
        return Proof(
            path=self._steps.path(edges),
            causes=tuple(self._cause(cause) for cause in explanation.causes),
            repairs=tuple(self._steps.refs(repair) for repair in explanation.repairs),
            groups=tuple(verdict for at in along for verdict in self._verdicts_at(at)),
            exact=explanation.exact,
            best_paths=partial(self._best_paths, place, end),
        )

    def _explanation(self, place: int) -> Explanation:
        if self._lone is not None and self._effective[place]:
            return self._lone
        return self._snapshot.explanation_of(place, self._own, self._effective)

    def _best_paths(self, place: int, origin: int | None, number: int) -> tuple[RankedPath, ...]:
        if origin is None:
            return ()
        search = BestPaths(self._snapshot.topology, self._links, self._towards(origin), origin)
        return tuple(
            RankedPath(severity=LADDER[severity], steps=tuple(map(self._carrying, edges)))
            for edges, severity in search.find(place, number)
        )

    def _carrying(self, edge: int) -> CarryingStep:
        (step,) = self._steps.path((edge,))
        verdicts = self._verdicts_at(self._snapshot.topology.views.consumer[edge])
        return CarryingStep(
            step=step,
            severity=LADDER[self._links.severity(edge)],
            verdict=next((verdict for verdict in verdicts if verdict.group == step.group), None),
        )

    def _towards(self, origin: int) -> PathsTo:
        if origin not in self._paths:
            self._paths[origin] = PathsTo(self._snapshot.topology, origin, self._links)
        return self._paths[origin]

    def _cause(self, place: int) -> CauseRow:
        ref = self._snapshot.ref(place, self._steps.mask)
        events = self._snapshot.events_at.get(ref.key, ()) if not ref.restricted else ()
        return CauseRow(
            item=ref,
            severity=LADDER[self._own[place]],
            events=tuple(event for event in events if event.direction is Direction.ERROR),
        )

    def _verdicts_at(self, place: int) -> tuple[GroupVerdict, ...]:
        found = self._verdicts.get(place)
        if found is None:
            states = group_verdicts(self._snapshot.topology, self._links, place)
            self._verdicts[place] = found = tuple(map(self._verdict, states))
        return found

    def _verdict(self, state: GroupState) -> GroupVerdict:
        return GroupVerdict(
            consumer=self._snapshot.ref(state.consumer, self._steps.mask),
            group=state.group,
            members=self._steps.refs(state.members),
            weight=state.weight,
            weight_up=state.weight_up,
            weight_needed=state.weight_needed,
            tripped=state.tripped,
        )


def describe_path(snapshot: Snapshot, edges: Iterable[int], mask: Mask | None) -> tuple[PathStep, ...]:
    """Return the steps of a path of edge ids."""
    return Steps(snapshot, mask).path(edges)


def _nearest(explanation: Explanation, place: int) -> int | None:
    return next((cause for cause in explanation.causes if cause != place), None)


def path_between(snapshot: Snapshot, item: int, provider: int, mask: Mask | None) -> tuple[PathStep, ...]:
    """Return a shortest path from a CI up to a provider."""
    edges = PathsFrom(snapshot.topology, item, snapshot.effective).path(provider)
    return describe_path(snapshot, edges, mask)


def names_of(refs: Iterable[CiRef]) -> str:
    """Join names for a sentence."""
    return ", ".join(ref.name for ref in refs)
