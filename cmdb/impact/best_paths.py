"""The k best simple paths from an item up to an origin, by Yen's method.

Best is what carries the highest severity all the way: the severity of a path is that of its weakest dependency. Of
equal paths the shortest comes first, then the one by lesser provider keys. Of several dependencies between the same two
items the one that carries most stands for all.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from cmdb.impact.arrays import Topology
from cmdb.impact.paths import Edges, Links, PathsTo

TOP = 4


@dataclass(frozen=True, slots=True, order=True)
class _Ranked:
    """A path, in the order of answers."""

    harmless: int
    length: int
    keys: tuple[str, ...]
    edges: Edges


class BestPaths:
    """Paths to one origin at the severities of the links; `towards` tells which items can reach it."""

    def __init__(self, topology: Topology, links: Links, towards: PathsTo, origin: int) -> None:
        self._topology = topology
        self._links = links
        self._towards = towards
        self._origin = origin
        self._choices: dict[int, Sequence[tuple[int, int, int]]] = {}

    def find(self, item: int, first: int) -> list[tuple[Edges, int]]:
        """Return up to `first` paths, best first, each with its severity; none if the item is the origin."""
        if item == self._origin or not self._towards.reaches(item):
            return []
        waiting: list[_Ranked] = []
        self._offer(waiting, (), item, frozenset())
        found: list[_Ranked] = []
        seen: set[Edges] = set()
        while waiting and len(found) < first:
            best = heappop(waiting)
            if best.edges in seen:
                continue
            seen.add(best.edges)
            found.append(best)
            if len(found) < first:
                self._deviate(waiting, found, item)
        return [(path.edges, TOP - path.harmless) for path in found]

    def _deviate(self, waiting: list[_Ranked], found: Sequence[_Ranked], item: int) -> None:
        """Offer the best path that leaves the last one found at each of its items, by a way that none found takes."""
        last, provider = found[-1].edges, self._topology.views.provider
        at = item
        for place, edge in enumerate(last):
            taken = {path.edges[place] for path in found if path.edges[:place] == last[:place]}
            self._offer(waiting, last[:place], at, taken)
            at = provider[edge]

    def _offer(self, waiting: list[_Ranked], begun: Edges, at: int, taken: Collection[int]) -> None:
        """Complete a path that has come to an item, in the best way that does not begin with what is taken."""
        consumer, provider = self._topology.views.consumer, self._topology.views.provider
        passed = {consumer[edge] for edge in begun} | {at}
        weakest = min(map(self._links.severity, begun), default=TOP)
        rest = self._complete(at, passed, taken, weakest)
        if rest is None:
            return
        edges = begun + rest
        keys = tuple([self._topology.keys[provider[edge]] for edge in edges])
        severity = min(map(self._links.severity, edges))
        heappush(waiting, _Ranked(TOP - severity, len(edges), keys, edges))

    def _complete(self, at: int, passed: set[int], taken: Collection[int], weakest: int) -> Edges | None:
        """Return the best way to the origin past none of `passed`; beyond `weakest` more severity wins nothing."""
        start = [choice for choice in self._from(at) if choice[0] not in taken and choice[1] not in passed]
        highest = min(weakest, max((severity for _, _, severity in start), default=0))
        for least in range(highest, -1, -1):
            came = self._walk(at, [choice for choice in start if choice[2] >= least], passed, least)
            if came is not None:
                return came
        return None

    def _walk(
        self, at: int, start: Sequence[tuple[int, int, int]], passed: set[int], least: int
    ) -> Edges | None:
        """Walk breadth first over dependencies that carry at least so much."""
        came: dict[int, int] = {}
        layer = [at]
        while layer and self._origin not in came:
            following = []
            for item in layer:
                for edge, provider, severity in start if item == at else self._from(item):
                    if severity >= least and provider not in came and provider not in passed:
                        came[provider] = edge
                        following.append(provider)
            layer = following
        if self._origin not in came:
            return None
        path: list[int] = []
        item = self._origin
        while item != at:
            path.append(came[item])
            item = self._topology.views.consumer[came[item]]
        return tuple(reversed(path))

    def _from(self, item: int) -> Sequence[tuple[int, int, int]]:
        """Return (edge, provider, severity) of the ways up from an item that lead to the origin, by provider's key."""
        found = self._choices.get(item)
        if found is None:
            views, keys = self._topology.views, self._topology.keys
            best: dict[int, tuple[int, int, int]] = {}
            for edge in views.up_edges[views.up[item] : views.up[item + 1]]:
                provider, severity = views.provider[edge], self._links.severity(edge)
                if self._towards.reaches(provider) and (provider not in best or severity > best[provider][2]):
                    best[provider] = (edge, provider, severity)
            found = self._choices[item] = sorted(best.values(), key=lambda choice: keys[choice[1]])
        return found
