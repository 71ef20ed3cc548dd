"""What each item at each rung follows from, read off the topology once and shared by all states of severities.

A node is an item times four and a rung less one: "the item stands at that rung or above".
"""

from typing import NamedTuple

from cmdb.impact.arrays import SINGLE, Topology, Views
from cmdb.impact.closure import Least, least_rungs

TOP = 4
NEVER = 5

MOST_RULES = 200_000
"""So many rules are kept with a topology, some 60 MB; more are written again when they are asked for."""


class GroupRule(NamedTuple):
    """A redundancy group that brings its consumer to a node: members at `nodes` whose `tallies` reach the trip.

    `every`: it takes all of them. `lowest` is the rule by which the group trips, where it then stands with its worst
    member instead; else None.
    """

    trip: int
    nodes: tuple[int, ...]
    tallies: tuple[int, ...]
    every: bool
    lowest: "GroupRule | None"


class NodeRule(NamedTuple):
    """A node follows from any of the nodes `alone`, or from a group; `nodes` are all that it needs to know."""

    alone: tuple[int, ...]
    groups: tuple[GroupRule, ...]
    nodes: tuple[int, ...]


class NodeRules(dict[int, NodeRule]):
    """The rules by node, each written when it is first asked for."""

    def __init__(self, topology: Topology) -> None:
        super().__init__()
        # The views alone: what a topology keeps must not point back to it.
        self._views = topology.views
        self._least = least_rungs(topology.views)

    def __missing__(self, node: int) -> NodeRule:
        """Write the rule."""
        if len(self) >= MOST_RULES:
            self.clear()
        self[node] = rule = _write(self._views, self._least, *divmod(node, TOP))
        return rule


def rules_of(topology: Topology) -> NodeRules:
    """Return the rules that the topology keeps."""
    kept: NodeRules | None = topology.kept.get("rules")
    if kept is None:
        topology.kept["rules"] = kept = NodeRules(topology)
    return kept


def _write(views: Views, least: tuple[Least, ...], item: int, at: int) -> NodeRule:
    alone: dict[int, None] = {}
    named: dict[int, None] = {}
    for edge in views.up_edges[views.up[item] : views.up[item + 1]]:
        group, rung = views.group[edge], least[views.rungs[edge]][at]
        if group != SINGLE:
            named[group] = None
        elif rung != NEVER:
            alone[views.provider[edge] * TOP + rung - 1] = None
    written = [_write_group(views, least, group, at) for group in named]
    groups = tuple([rule for rule in written if rule.lowest or sum(rule.tallies) >= rule.trip])
    nodes = dict.fromkeys(alone)
    for rule in groups:
        nodes.update(dict.fromkeys(rule.nodes))
        nodes.update(dict.fromkeys(rule.lowest.nodes if rule.lowest else ()))
    return NodeRule(tuple(alone), groups, tuple(nodes))


def _write_group(views: Views, least: tuple[Least, ...], group: int, at: int) -> GroupRule:
    nodes, tallies, trip = [], [], views.trip[group]
    lowest = _write_group(views, least, group, 0) if at and views.worst[group] else None
    for edge in views.members[views.starts[group] : views.starts[group + 1]]:
        rung = least[views.rungs[edge]][at]
        if rung != NEVER and (views.tally[edge] or lowest):
            nodes.append(views.provider[edge] * TOP + rung - 1)
            tallies.append(views.tally[edge])
    every = not lowest and sum(tallies) == trip
    return GroupRule(trip, tuple(nodes), tuple(tallies), every, lowest)
