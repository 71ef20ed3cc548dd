"""Which single further failures bring an item to a rung, worked out once and shared by all that need the item.

A further failure puts an item at CRITICAL on top of everything that fails now. The set of those that suffice follows
from the sets of the providers: a dependency on its own passes them on, a redundancy group keeps those that fail enough
of its members. When severities change, only what lies downstream of the change is worked out again, and only as far as
somebody asks.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from cmdb.impact.arrays import IntArray, SeverityArray, Topology
from cmdb.impact.node_rules import TOP, GroupRule, rules_of
from cmdb.impact.reach import downstream

Points = frozenset[int]
NOBODY: Points = frozenset()

MOST = 2_000_000
"""The sets of one state hold no more items than this together, some 100 MB."""


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

    `base` is another state of the same topology, which answers for all items but those downstream of a difference,
    which `beneath` holds; `found` is what is known of this state already.
    """

    def __init__(
        self,
        topology: Topology,
        effective: SeverityArray,
        found: Found,
        *,
        base: "SinglePoints | None" = None,
        beneath: IntArray | None = None,
    ) -> None:
        self.topology = topology
        self.effective = effective
        self._found = found
        self._most = found.room
        self._base = base
        self._rules = rules_of(topology)
        self._levels = effective.data
        touched: NDArray[np.bool_] = np.zeros(len(topology) if base else 0, np.bool_)
        if beneath is not None:
            touched[beneath] = True
        self._touched = touched.data

    def differs(self, item: int) -> bool:
        """Whether anything that the item depends on stands differently than in the base."""
        return self._base is None or bool(self._touched[item])

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
                if other in known:
                    continue
                if other not in order:
                    unknown = self._unknown(other)
                    if not unknown:
                        self._settle(other)
                        continue
                    order[other] = low[other] = len(order)
                    waiting.append(other)
                    path.append((other, iter(unknown)))
                    break
                low[at] = min(low[at], order[other])
                looped.add(other)
            else:
                path.pop()
                if path:
                    above = path[-1][0]
                    low[above] = min(low[above], low[at])
                if low[at] == order[at]:
                    self._settle_together(_popped(waiting, at), again=at in looped)

    def _unknown(self, node: int) -> list[int]:
        """Return the nodes that this one follows from and that this state has yet to find; take over what it can."""
        known, levels, base = self._found.sets, self._levels, self._base
        nodes = [
            other
            for other in self._rules[node].nodes
            if other not in known and levels[other // TOP] <= other % TOP
        ]
        if base is None or not nodes:
            return nodes
        touched, found = self._touched, []
        for other in nodes:
            if touched[other // TOP]:
                found.append(other)
            else:
                known[other] = base.of(other // TOP, other % TOP + 1)  # shared, and so no room is taken
        return found

    def _settle(self, node: int) -> None:
        """Find the set of a node all of whose providers' sets are known."""
        self._found.sets[node] = found = self._pull(node)
        self._found.room -= len(found)
        if self._found.room < 0:
            raise TooMany

    def _settle_together(self, nodes: Sequence[int], *, again: bool) -> None:
        """Find the least sets of nodes, `again` until none grows where they need each other or themselves."""
        known = self._found.sets
        for node in nodes:
            known[node] = frozenset((node // TOP,))
        rising = True
        while rising:
            rising = False
            for node in nodes:
                before = known[node]
                self._settle(node)
                rising = rising or (again and known[node] != before)

    def _pull(self, node: int) -> Points:
        """Return the node's set as those of its providers make it; what stands there already has none."""
        known = self._found.sets
        rule = self._rules[node]
        parts = [known.get(other, NOBODY) for other in rule.alone]
        parts += [self._tripping(group) for group in rule.groups]
        return frozenset((node // TOP,)).union(*parts)

    def _tripping(self, group: GroupRule) -> Points:
        """Return what brings a redundancy group to a rung above the present one."""
        known = self._found.sets.get
        mapped = [known(other) for other in group.nodes]
        if group.every:
            first, *others = [found for found in mapped if found is not None]
            return first.intersection(*others)
        lowest = group.lowest
        if lowest is None:
            return enough(mapped, group.tallies, group.trip) or NOBODY
        return _any(mapped, enough([known(other) for other in lowest.nodes], lowest.tallies, lowest.trip))


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
    least, most = min(tally for _, tally in weighed), max(tally for _, tally in weighed)
    if least >= trip:
        return NOBODY.union(*[found for found, _ in weighed])
    if least == most:
        counts = Counter(chain.from_iterable([found for found, _ in weighed]))
        return frozenset([item for item, count in counts.items() if count * least >= trip])
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
