"""Which single further failures bring an item to a rung, worked out once and shared by all that need the item.

A further failure puts an item at CRITICAL on top of everything that fails now. The set of those that suffice follows
from the sets of the providers: a dependency on its own passes them on, a redundancy group keeps those that fail enough
of its members. When severities change, only what lies downstream of the change is worked out again, and only as far as
somebody asks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cmdb.impact.arrays import SINGLE, IntArray, SeverityArray, Topology
from cmdb.impact.closure import least_rungs
from cmdb.impact.reach import downstream

Points = frozenset[int]
NOBODY: Points = frozenset()

MOST = 2_000_000
"""The sets of one state hold no more items than this together, some 100 MB."""

TOP = 4
_NEVER = 5


class TooMany(Exception):
    """The sets asked for would hold more items than allowed."""


@dataclass(slots=True)
class Found:
    """Sets by node, which is an item times four and a rung less one, and how many more items they may hold."""

    room: int = MOST
    sets: dict[int, Points] = field(default_factory=dict)

    def without(self, items: IntArray) -> "Found":
        """Return a copy that has forgotten these items."""
        kept = Found(self.room, self.sets.copy())
        for item in items.tolist():
            for node in range(item * TOP, item * TOP + TOP):
                kept.room += len(kept.sets.pop(node, NOBODY))
        return kept


class SinglePoints:
    """The sets under effective severities [N], worked out when first asked for.

    `base` is another state of the same topology, which answers for what is not downstream of a difference; `found` is
    what is known of this state already.
    """

    def __init__(
        self,
        topology: Topology,
        effective: SeverityArray,
        found: Found,
        *,
        base: "SinglePoints | None" = None,
    ) -> None:
        self.topology = topology
        self.effective = effective
        self._found = found
        self._most = found.room
        self._base = base
        self._views = topology.views
        self._levels = effective.data
        self._least = least_rungs(topology.views)
        self._touched: memoryview | None = None
        if base is not None:
            touched: NDArray[np.bool_] = np.zeros(len(topology), np.bool_)
            touched[beyond(topology, base.effective, effective)] = True
            self._touched = touched.data

    def differs(self, item: int) -> bool:
        """Whether anything that the item depends on stands differently than in the base."""
        return self._touched is None or bool(self._touched[item])

    def of(self, item: int, rung: int) -> Points:
        """Return what brings the item from below to the rung. Raises TooMany where the sets are too large."""
        node = item * TOP + rung - 1
        known = self._found.sets.get(node)
        if known is not None:
            return known
        if self._base is not None and not self.differs(item):
            return self._base.of(item, rung)
        if self._found.room < self._most // 2:
            self._forget()
        try:
            self._search(node)
        except TooMany:
            self._forget()
            raise
        return self._found.sets[node]

    def _forget(self) -> None:
        self._found.sets.clear()
        self._found.room = self._most

    def _search(self, node: int) -> None:
        """Settle everything upstream, providers first; nodes that need each other are settled together (Tarjan)."""
        known = self._found.sets
        order, low = {node: 0}, {node: 0}
        waiting, path = [node], [(node, iter(self._unknown(node)))]
        looped: set[int] = set()
        while path:
            at, rest = path[-1]
            for other in rest:
                if other not in order:
                    order[other] = low[other] = len(order)
                    waiting.append(other)
                    path.append((other, iter(self._unknown(other))))
                    break
                if other not in known:
                    low[at] = min(low[at], order[other])
                    looped.add(other)
            else:
                path.pop()
                if path:
                    above = path[-1][0]
                    low[above] = min(low[above], low[at])
                if low[at] == order[at]:
                    nodes = _popped(waiting, at)
                    self._settle(nodes, again=at in looped)

    def _unknown(self, node: int) -> list[int]:
        """Return the nodes that this one follows from and that this state has yet to find.

        They are each provider at the rung that is mapped to this one, and in groups that stand with their worst
        member, which trip at the lowest rung, at that as well.
        """
        item, at = divmod(node, TOP)
        views, least, levels = self._views, self._least, self._levels
        known, touched = self._found.sets, self._touched
        found = []
        for edge in views.up_edges[views.up[item] : views.up[item + 1]]:
            provider, rungs = views.provider[edge], least[views.rungs[edge]]
            if touched is not None and not touched[provider]:
                continue
            needed = {rungs[at], rungs[0]} if at and self._stands_with_worst(edge) else rungs[at : at + 1]
            nodes = [provider * TOP + rung - 1 for rung in needed if levels[provider] < rung < _NEVER]
            found += [other for other in nodes if other not in known]
        return found

    def _stands_with_worst(self, edge: int) -> bool:
        group = self._views.group[edge]
        return group != SINGLE and bool(self._views.worst[group])

    def _settle(self, nodes: Sequence[int], *, again: bool) -> None:
        """Find the least set of a node, or those of nodes that need each other or themselves, `again` and again."""
        known = self._found.sets
        for node in nodes:
            known[node] = frozenset((node // TOP,))
        rising = True
        while rising:
            rising = False
            for node in nodes:
                after = self._pull(*divmod(node, TOP))
                rising = rising or (again and after != known[node])
                known[node] = after
                self._found.room -= len(after)
            if self._found.room < 0:
                raise TooMany

    def _pull(self, item: int, at: int) -> Points:
        """Return the node's set as those of its providers make it."""
        views, least = self._views, self._least
        parts: list[Points] = [frozenset((item,))]
        groups: dict[int, list[int]] = {}
        for edge in views.up_edges[views.up[item] : views.up[item + 1]]:
            group = views.group[edge]
            if group == SINGLE:
                parts.append(self._mapped(views.provider[edge], least[views.rungs[edge]][at]) or NOBODY)
            else:
                groups.setdefault(group, []).append(edge)
        parts += [self._tripping(group, edges, at) for group, edges in groups.items()]
        return NOBODY.union(*parts)

    def _mapped(self, item: int, rung: int) -> Points | None:
        """Return what brings an item to the rung, None where it stands there."""
        if rung <= self._levels[item]:
            return None
        if rung == _NEVER:
            return NOBODY
        found = self._found.sets.get(item * TOP + rung - 1)
        return self.of(item, rung) if found is None else found

    def _tripping(self, group: int, edges: Sequence[int], at: int) -> Points:
        """Return what brings a redundancy group to a rung above the present one."""
        views, least = self._views, self._least
        mapped = [self._mapped(views.provider[edge], least[views.rungs[edge]][at]) for edge in edges]
        tallies, trip = [views.tally[edge] for edge in edges], views.trip[group]
        if not at or not views.worst[group]:
            return enough(mapped, tallies, trip) or NOBODY
        lowest = [self._mapped(views.provider[edge], least[views.rungs[edge]][0]) for edge in edges]
        return _any(mapped, enough(lowest, tallies, trip))


def beyond(topology: Topology, before: SeverityArray, after: SeverityArray) -> IntArray:
    """Return the items downstream of any that stands differently."""
    return downstream(topology, np.flatnonzero(before != after).tolist())


def enough(members: Sequence[Points | None], tallies: Sequence[int], trip: int) -> Points | None:
    """Return whose failure alone lets the tallies of failing members reach the trip; None: they do already."""
    weighed: list[tuple[Points, int]] = []
    whole = 0
    for found, tally in zip(members, tallies, strict=True):
        if found is None:
            trip -= tally
        elif found and tally:
            weighed.append((found, tally))
            whole += tally
    if trip <= 0 or whole < trip:
        return None if trip <= 0 else NOBODY
    if whole == trip:
        first, *others = sorted([found for found, _ in weighed], key=len)
        return first.intersection(*others)
    return _adding_up(weighed, trip)


def _adding_up(weighed: Sequence[tuple[Points, int]], trip: int) -> Points:
    by_item: dict[int, int] = {}
    for found, tally in weighed:
        for item in found:
            by_item[item] = by_item.get(item, 0) + tally
    return frozenset([item for item, tally in by_item.items() if tally >= trip])


def _any(mapped: Sequence[Points | None], tripped: Points | None) -> Points:
    """Return what brings a tripped group, which stands with its worst member, to a rung: any member, once it trips."""
    if tripped is not None and None in mapped:
        return tripped
    some = NOBODY.union(*[found for found in mapped if found])
    return some if tripped is None else some & tripped


def _popped(waiting: list[int], last: int) -> list[int]:
    """Take items off the end, up to and with the last one asked for."""
    start = len(waiting) - 1
    while waiting[start] != last:
        start -= 1
    taken = waiting[start:]
    del waiting[start:]
    return taken
