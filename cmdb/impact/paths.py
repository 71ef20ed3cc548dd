"""Paths of dependencies from an item up to an origin: the shortest for every proof, the k best on request.

What carries more severity all the way comes before what is shorter, because a path by which only a warning comes does
not prove that something is critical; of equal paths the one by lesser provider keys comes first. Where severity travels
along no path, the shortest one of dependencies stands in. It is also the least one in the order of an alphabet, so that
it can be read off distances.
"""

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from cmdb.impact.arrays import SINGLE, IntArray, SeverityArray, Topology
from cmdb.impact.reach import Way, layers
from cmdb.impact.reduction import failing, group_severity

Edges = tuple[int, ...]


class Links:
    """What dependencies carry at effective severities [N]; what redundancy groups give is worked out once."""

    def __init__(self, topology: Topology, effective: SeverityArray) -> None:
        self.levels = effective.data
        self._views = topology.views
        self._tripped: dict[int, bool] = {}
        self._standing: dict[int, int] = {}

    def tripped(self, group: int) -> bool:
        """Whether a redundancy group no longer holds."""
        found = self._tripped.get(group)
        if found is None:
            found = failing(self._views, group, self.levels, 1) >= self._views.trip[group]
            self._tripped[group] = found
        return found

    def severity(self, edge: int) -> int:
        """Return what the dependency hands to its consumer, within a redundancy group no more than that gives."""
        views, group = self._views, self._views.group[edge]
        harm = views.tables[views.rungs[edge]][self.levels[views.provider[edge]]]
        if not harm or group == SINGLE:
            return harm
        if group not in self._standing:
            self._standing[group] = group_severity(views, group, self.levels)
        return min(harm, self._standing[group])


class PathsTo:
    """The shortest paths from any item up to one origin, of which walking down once finds all.

    `below` are the layers downstream of the origin, where they are known already.
    """

    def __init__(
        self, topology: Topology, origin: int, links: Links, below: Sequence[IntArray] | None = None
    ) -> None:
        self._topology = topology
        self._origin = origin
        self._links = links
        self._below = below

    @cached_property
    def _distance(self) -> memoryview:
        below = self._below or layers(self._topology, [self._origin], Way.DOWNSTREAM)
        distance: IntArray = np.full(len(self._topology), -1, np.int32)
        for depth, layer in enumerate(below):
            distance[layer] = depth
        return distance.data

    def reaches(self, item: int) -> bool:
        """Whether the item depends on the origin or is it."""
        return self._distance[item] >= 0

    def path(self, item: int) -> Edges:
        """Return the edges from the item up to the origin; () if it is the origin or cannot reach it."""
        if not self.reaches(item):
            return ()
        nearest, severity = self._descend(item), self._links.severity
        # No path carries more than the item itself shows.
        for level in range(self._links.levels[item], 0, -1):
            if all(severity(edge) >= level for edge in nearest):
                return nearest
            carrying = self._carrying(item, level)
            if carrying:
                return carrying
        return nearest

    def _descend(self, item: int) -> Edges:
        views, keys, distance = self._topology.views, self._topology.keys, self._distance
        provider = views.provider
        path: list[int] = []
        while item != self._origin:
            nearer = distance[item] - 1
            edges = views.up_edges[views.up[item] : views.up[item + 1]]
            fitting = [edge for edge in edges if distance[provider[edge]] == nearer]
            edge = fitting[0] if len(fitting) == 1 else min(fitting, key=lambda edge: keys[provider[edge]])
            path.append(edge)
            item = provider[edge]
        return tuple(path)

    def _carrying(self, item: int, level: int) -> Edges:
        distance, provider, severity = self._distance, self._topology.views.provider, self._links.severity
        tree = _tree(
            self._topology,
            item,
            lambda edge: distance[provider[edge]] >= 0 and severity(edge) >= level,
            self._origin,
        )
        return _along(self._topology, tree, item, self._origin)


class PathsFrom:
    """The shortest paths from one item up to any origin, of which walking up once finds all."""

    def __init__(self, topology: Topology, item: int, effective: SeverityArray) -> None:
        self._topology = topology
        self._item = item
        self._links = Links(topology, effective)
        self._carrying: dict[int, dict[int, int]] = {}

    @cached_property
    def _all(self) -> dict[int, int]:
        return _tree(self._topology, self._item, lambda _: True)

    def _at(self, level: int) -> dict[int, int]:
        """Return what is reached along dependencies that carry this much."""
        if level not in self._carrying:
            severity = self._links.severity
            self._carrying[level] = _tree(self._topology, self._item, lambda edge: severity(edge) >= level)
        return self._carrying[level]

    def path(self, origin: int) -> Edges:
        """Return the edges from the item up to the origin; () if it is the item or cannot be reached."""
        for level in range(self._links.levels[self._item], 0, -1):
            if origin in self._at(level):
                return _along(self._topology, self._at(level), self._item, origin)
        return _along(self._topology, self._all, self._item, origin)


def shortest_path(topology: Topology, item: int, origin: int, effective: SeverityArray) -> Edges:
    """Return the edges from the item up to the origin; () if it is the item or cannot reach it."""
    return PathsFrom(topology, item, effective).path(origin)


def _tree(
    topology: Topology, item: int, passes: Callable[[int], bool], origin: int | None = None
) -> dict[int, int]:
    """Walk upstream breadth first; return the edge by which each item was reached, up to the origin if one is named."""
    views, keys = topology.views, topology.keys
    provider = views.provider
    came: dict[int, int] = {item: -1}
    layer = [item]
    while layer and origin not in came:
        following = []
        for at in layer:
            edges = [
                edge for edge in views.up_edges[views.up[at] : views.up[at + 1]] if provider[edge] not in came
            ]
            for edge in sorted(filter(passes, edges), key=lambda edge: keys[provider[edge]]):
                if provider[edge] not in came:
                    came[provider[edge]] = edge
                    following.append(provider[edge])
        layer = following
    return came


def _along(topology: Topology, came: dict[int, int], item: int, origin: int) -> Edges:
    consumer = topology.views.consumer
    path: list[int] = []
    at = origin
    while at in came and at != item:
        path.append(came[at])
        at = consumer[came[at]]
    return tuple(reversed(path))
