"""What a reader can check an answer by: the shortest path to a cause, and what each redundancy group holds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cmdb.impact.arrays import SINGLE, SeverityArray, Topology, Views
from cmdb.impact.reduction import Levels, failing


@dataclass(frozen=True, slots=True)
class GroupState:
    """A redundancy group as it stands; weights, members as item numbers in the order of their dependencies.

    `weight_up` is the weight of the members that do no harm, `weight_needed` the least that keeps the group up.
    """

    group: str
    consumer: int
    weight: int
    weight_up: int
    weight_needed: int
    tripped: bool
    members: tuple[int, ...]


def shortest_path(topology: Topology, item: int, origin: int, effective: SeverityArray) -> tuple[int, ...]:
    """Return the edges from the item up to the origin, fewest first; () if it is the item or cannot reach it.

    A path along which severity travels now is preferred; where redundancy holds there is none, and the shortest
    path of dependencies stands in. Of equal paths the one by lesser provider keys is taken.
    """
    views, levels = topology.views, effective.data
    tripped = _Tripped(views, levels)

    def carries(edge: int) -> bool:
        harm = views.tables[views.rungs[edge]][levels[views.provider[edge]]]
        group = views.group[edge]
        return harm > 0 and (group == SINGLE or tripped[group])

    return _search(topology, item, origin, carries) or _search(topology, item, origin, lambda _: True)


def group_verdicts(topology: Topology, effective: SeverityArray, items: Iterable[int]) -> list[GroupState]:
    """Return the state of the named redundancy groups of these items, in the order given, then by name."""
    views = topology.views
    found: list[GroupState] = []
    for item in items:
        edges = views.up_edges[views.up[item] : views.up[item + 1]]
        numbers = {views.group[edge] for edge in edges} - {SINGLE}
        names = topology.groups.names
        found += [_verdict(topology, effective, at) for at in sorted(numbers, key=names.__getitem__)]
    return found


class _Tripped(dict[int, bool]):
    """Whether groups have tripped, worked out when first asked for."""

    def __init__(self, views: Views, levels: Levels) -> None:
        super().__init__()
        self._views, self._levels = views, levels

    def __missing__(self, group: int) -> bool:
        self[group] = found = failing(self._views, group, self._levels, 1) >= self._views.trip[group]
        return found


def _search(topology: Topology, item: int, origin: int, passes: Callable[[int], bool]) -> tuple[int, ...]:
    """Walk upstream breadth first along the edges that pass."""
    views = topology.views
    provider, consumer, keys = views.provider, views.consumer, topology.keys
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
    path: list[int] = []
    at = origin
    while at in came and at != item:
        path.append(came[at])
        at = consumer[came[at]]
    return tuple(reversed(path))


def _verdict(topology: Topology, effective: SeverityArray, group: int) -> GroupState:
    views, levels, groups = topology.views, effective.data, topology.groups
    members = groups.members[groups.starts[group] : groups.starts[group + 1]].tolist()
    up = [edge for edge in members if not views.tables[views.rungs[edge]][levels[views.provider[edge]]]]
    weight = int(groups.weight[group])
    return GroupState(
        group=groups.names[group],
        consumer=int(groups.consumer[group]),
        weight=weight,
        weight_up=int(topology.weight[up].sum()),
        weight_needed=weight - views.trip[group] + 1,  # one less and the rest reaches the trip
        tripped=_Tripped(views, levels)[group],
        members=tuple(views.provider[edge] for edge in members),
    )
