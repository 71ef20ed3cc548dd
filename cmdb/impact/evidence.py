"""What a reader can check an answer by: what each redundancy group holds."""

from dataclasses import dataclass

from cmdb.impact.arrays import SINGLE, Topology
from cmdb.impact.paths import Links


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


def group_verdicts(topology: Topology, links: Links, item: int) -> list[GroupState]:
    """Return the state of the item's named redundancy groups under the links' severities, by name."""
    views, names = topology.views, topology.groups.names
    edges = views.up_edges[views.up[item] : views.up[item + 1]]
    numbers = {views.group[edge] for edge in edges} - {SINGLE}
    return [_verdict(topology, links, at) for at in sorted(numbers, key=names.__getitem__)]


def _verdict(topology: Topology, links: Links, group: int) -> GroupState:
    views, levels = topology.views, links.levels
    members = views.members[views.starts[group] : views.starts[group + 1]].tolist()
    up = [edge for edge in members if not views.tables[views.rungs[edge]][levels[views.provider[edge]]]]
    weights = sum([views.weight[edge] for edge in members])
    return GroupState(
        group=topology.groups.names[group],
        consumer=views.group_consumer[group],
        weight=weights,
        weight_up=sum([views.weight[edge] for edge in up]),
        weight_needed=weights - views.trip[group] + 1,  # one less and the rest reaches the trip
        tripped=links.tripped(group),
        members=tuple([views.provider[edge] for edge in members]),
    )
