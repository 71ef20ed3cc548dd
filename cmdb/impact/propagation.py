"""Effective severities: the least fixpoint from raw own severities, in one label-correcting pass.

Per group and rung the tally of members at or above that rung is kept; a member that rises adds itself to the rungs
it crossed, and the group stands at the highest rung whose tally reaches the trip. Severities only rise during a pass,
so each edge is looked at no more than four times and cycles end. Plain Python runs while a frontier is small, numpy
when it is large; both give the same result because the fixpoint does not depend on order.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cmdb.impact.arrays import SINGLE, IntArray, SeverityArray, Topology, Views
from cmdb.impact.reach import first_of_each, spans
from cmdb.impact.reduction import Levels, failing, inherited, worst_member
from cmdb.model.severity import Severity

WIDE = 400
"""From this many edges out of a frontier on, numpy is faster than plain Python."""

DENSE_SHARE = 250
"""Whole arrays are cleared, for a spread or a change, once a frontier has an edge for every so many items."""

REGION = 4000
"""A cleared region of more items than this is cheaper to leave to a full evaluation."""

RUNGS = 4


class _Numbers(Levels, Protocol):
    """A dense buffer or a sparse dict."""

    def __setitem__(self, at: int, number: int, /) -> None:
        """Store the number."""


@dataclass(frozen=True, slots=True)
class _State:
    """`settled` is the part of `value` whose effect is in `tally` [group * 4 + rung - 1] and `peak` [group]."""

    value: _Numbers
    settled: _Numbers
    tally: _Numbers
    peak: _Numbers


@dataclass(frozen=True, slots=True)
class _Dense:
    """The state as arrays, with the same memory as buffers for plain rounds."""

    value: SeverityArray
    settled: SeverityArray
    tally: NDArray[np.int64]
    peak: SeverityArray
    place: IntArray
    state: _State


class _Zeros(dict[int, int]):
    """A sparse column: nothing fails until it is said to."""

    def __missing__(self, at: int) -> int:
        return 0


class _Over(dict[int, int]):
    """A sparse column on top of present severities."""

    def __init__(self, base: Levels) -> None:
        super().__init__()
        self._base = base

    def __missing__(self, at: int) -> int:
        return self._base[at]


class _TallyOver(dict[int, int]):
    """Tallies counted from the settled severities when first asked for."""

    def __init__(self, views: Views, settled: Levels) -> None:
        super().__init__()
        self._views, self._settled = views, settled

    def __missing__(self, at: int) -> int:
        group, rung = divmod(at, RUNGS)
        self[at] = found = failing(self._views, group, self._settled, rung + 1)
        return found


class _PeakOver(dict[int, int]):
    """Worst members looked up from the settled severities when first asked for."""

    def __init__(self, views: Views, settled: Levels) -> None:
        super().__init__()
        self._views, self._settled = views, settled

    def __missing__(self, group: int) -> int:
        self[group] = found = worst_member(self._views, group, self._settled)
        return found


def evaluate(topology: Topology, own: SeverityArray, *, wide: int = WIDE) -> SeverityArray:
    """Return effective severities [N] for own severities [N]; `wide` 0 forces numpy, a huge one plain Python."""
    dense = _dense(topology, own.astype(np.uint8))
    for _ in _settle(topology, dense, np.flatnonzero(own).astype(np.int32), wide):
        pass
    return dense.value


def spread(topology: Topology, own: Mapping[int, int], *, wide: int = WIDE) -> dict[int, int]:
    """Return the items above OK if only these own severities held; costs what it reaches, not the estate's size."""
    value, settled, tally, peak = _Zeros(), _Zeros(), _Zeros(), _Zeros()
    value.update((item, rung) for item, rung in own.items() if rung)
    frontier = list(value)
    state = _State(value, settled, tally, peak)
    dense_from = max(wide, len(topology) // DENSE_SHARE) if wide else 0
    while frontier:
        if _fan_out(topology.views, frontier) >= dense_from:
            return _spread_wide(topology, (value, settled, tally, peak), frontier, wide)
        frontier = _plain_round(topology.views, state, frontier)
    return dict(value)


def change(
    topology: Topology,
    own: SeverityArray,
    effective: SeverityArray,
    changed: Mapping[int, int],
    rewired: Sequence[int] = (),
) -> dict[int, int]:
    """Return the effective severities that differ once these items' own severities are replaced.

    `rewired` are items whose dependencies are no longer those that `effective` was computed with.

    `own` and `effective` [N] are the present ones. What rises is pushed on; where something clears, the failing region
    downstream of it starts again from OK with its border held, because a cycle there may have kept itself alive.
    """
    views, base = topology.views, effective.data
    cleared = [item for item, rung in changed.items() if rung < own[item]]
    region = _failing_downstream(views, base, [*cleared, *rewired])
    if region is None or len(rewired) > REGION:
        return _difference(topology, own, effective, changed)
    settled, value = _Over(base), _Over(base)
    settled.update(dict.fromkeys(region, 0))
    for item in (*region, *rewired):
        value[item] = max(changed.get(item, int(own[item])), inherited(topology, item, settled))
    for item, rung in changed.items():
        value[item] = max(rung, value[item])
    state = _State(value, settled, _TallyOver(views, settled), _PeakOver(views, settled))
    frontier = list(value)
    dense_from = max(WIDE, len(topology) // DENSE_SHARE)
    while frontier:
        if _fan_out(views, frontier) >= dense_from:
            return _difference(topology, own, effective, changed)
        frontier = _plain_round(views, state, frontier)
    return {item: rung for item, rung in value.items() if rung != base[item]}


def _difference(
    topology: Topology, own: SeverityArray, effective: SeverityArray, changed: Mapping[int, int]
) -> dict[int, int]:
    replaced = own.copy()
    replaced[list(changed)] = list(changed.values())
    after = evaluate(topology, replaced)
    rows = np.flatnonzero(after != effective)
    return dict(zip(rows.tolist(), after[rows].tolist(), strict=True))


def _failing_downstream(views: Views, levels: Levels, sources: Iterable[int]) -> list[int] | None:
    """Return the failing items that may fail because of the sources, or None if they are more than REGION."""
    region = dict.fromkeys(item for item in sources if levels[item])
    waiting = list(region)
    while waiting:
        item = waiting.pop()
        for consumer in views.consumer[views.down[item] : views.down[item + 1]]:
            if consumer not in region and levels[consumer]:
                region[consumer] = None
                waiting.append(consumer)
        if len(region) > REGION:
            return None
    return list(region)


def _fan_out(views: Views, frontier: Iterable[int]) -> int:
    down = views.down
    return sum([down[item + 1] - down[item] for item in frontier])


def _plain_round(views: Views, state: _State, frontier: Iterable[int]) -> list[int]:
    """Push each frontier item's rise to its consumers; return those that rose, maybe repeated."""
    value, settled = state.value, state.settled
    down, consumer, group, rungs, tables = views.down, views.consumer, views.group, views.rungs, views.tables
    following: list[int] = []
    for item in frontier:
        after, before = value[item], settled[item]
        if after == before:
            continue
        for edge in range(down[item], down[item + 1]):
            row = tables[rungs[edge]]
            mapped = row[after]
            if mapped == row[before]:
                continue
            if group[edge] != SINGLE:
                mapped = _raise_member(views, state, edge, row[before], mapped)
            end = consumer[edge]
            if mapped > value[end]:
                value[end] = mapped
                following.append(end)
        settled[item] = after
    return following


def _raise_member(views: Views, state: _State, edge: int, before: int, after: int) -> int:
    """Count the member's rise in its group; return the highest rung at which the group stands because of it."""
    group, weight = views.group[edge], views.tally[edge]
    tally, trip, reached = state.tally, views.trip[group], 0
    for at in range(group * RUNGS + before, group * RUNGS + after):
        tally[at] = total = tally[at] + weight
        if total >= trip:
            reached = at - group * RUNGS + 1
    if not views.worst[group]:
        return reached
    state.peak[group] = peak = max(state.peak[group], after)
    return peak if tally[group * RUNGS] >= trip else 0


def _dense(topology: Topology, value: SeverityArray) -> _Dense:
    groups = len(topology.groups.names)
    settled, peak = np.zeros(len(topology), np.uint8), np.zeros(groups, np.uint8)
    tally = np.zeros(groups * RUNGS, np.int64)
    state = _State(value.data, settled.data, tally.data, peak.data)
    return _Dense(value, settled, tally, peak, np.empty(len(topology), np.int32), state)


def _settle(topology: Topology, dense: _Dense, frontier: IntArray, wide: int) -> Iterable[IntArray]:
    """Run to the fixpoint, yielding the items that rose in each round, each once a round."""
    while len(frontier):
        if int((topology.down[frontier + 1] - topology.down[frontier]).sum()) >= wide:
            risen = _wide_round(topology, dense, frontier)
        else:
            risen = np.array(_plain_round(topology.views, dense.state, frontier.tolist()), np.int32)
        frontier = first_of_each(risen, dense.place)
        yield frontier


def _wide_round(topology: Topology, dense: _Dense, frontier: IntArray) -> IntArray:
    """Do what a plain round does with whole arrays."""
    starts, ends = topology.down[frontier], topology.down[frontier + 1]
    edges = spans(starts, ends)
    row = topology.rungs[edges].astype(np.int32) * len(Severity)
    mapped = topology.tables.ravel()
    after = mapped.take(row + np.repeat(dense.value[frontier], ends - starts))
    before = mapped.take(row + np.repeat(dense.settled[frontier], ends - starts))
    dense.settled[frontier] = dense.value[frontier]
    rising = np.flatnonzero(after > before)
    edges, before, after = edges[rising], before[rising], after[rising]
    members = np.flatnonzero(topology.group[edges] != SINGLE)
    if len(members):
        after[members] = _raise_members(topology, dense, edges[members], before[members], after[members])
    return _lift(dense.value, topology.consumer[edges], after)


def _raise_members(
    topology: Topology, dense: _Dense, edges: IntArray, before: SeverityArray, after: SeverityArray
) -> SeverityArray:
    """Count the rises in their groups; return per edge the rung at which its group now stands."""
    groups, weight = topology.group[edges], topology.tally[edges].astype(np.int64)
    tally = dense.tally.reshape(-1, RUNGS)
    for rung in range(1, RUNGS + 1):
        crossing = (before < rung) & (after >= rung)
        np.add.at(tally[:, rung - 1], groups[crossing], weight[crossing])
        dense.peak[groups[(after >= rung) & (dense.peak[groups] < rung)]] = rung
    tripped = tally[groups] >= topology.groups.trip[groups, None]
    kth = np.count_nonzero(
        tripped, axis=1
    )  # a rung's tally holds that of the rung above, so trips come in a row
    return np.where(topology.groups.worst[groups], dense.peak[groups] * tripped[:, 0], kth).astype(np.uint8)


def _lift(value: SeverityArray, ends: IntArray, to: SeverityArray) -> IntArray:
    """Raise each end to at least its severity in `to`; return the ends that rose, maybe repeated."""
    risen: list[IntArray] = []
    rising = np.flatnonzero(to > value[ends])
    ends, to = ends[rising], to[rising]
    for rung in range(RUNGS, 0, -1):  # downwards, so that an end is written once, at its highest
        lifted = ends[to == rung]
        if rung < RUNGS:
            lifted = lifted[value[lifted] < rung]
        value[lifted] = rung
        risen.append(lifted)
    return np.concatenate(risen)


def _spread_wide(
    topology: Topology, sparse: tuple[_Zeros, _Zeros, _Zeros, _Zeros], frontier: list[int], wide: int
) -> dict[int, int]:
    dense = _dense(topology, np.zeros(len(topology), np.uint8))
    columns: tuple[NDArray[np.integer], ...] = (dense.value, dense.settled, dense.tally, dense.peak)
    for column, entries in zip(columns, sparse, strict=True):
        column[list(entries)] = list(entries.values())
    start = first_of_each(np.array(frontier, np.int32), dense.place)
    risen = [np.array(list(sparse[0]), np.int32), *_settle(topology, dense, start, wide)]
    reached = first_of_each(np.concatenate(risen), dense.place)
    return dict(zip(reached.tolist(), dense.value[reached].tolist(), strict=True))
