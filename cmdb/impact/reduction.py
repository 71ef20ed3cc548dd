"""What providers' severities make of a group and of a consumer: the weighted order statistic, read off directly."""

from typing import Protocol

from cmdb.impact.arrays import SINGLE, Topology, Views


class Levels(Protocol):
    """Severities by item number: a buffer, an array or a sparse mapping."""

    def __getitem__(self, item: int, /) -> int:
        """Return the item's severity, 0..4."""


def failing(views: Views, group: int, levels: Levels, rung: int) -> int:
    """Return the tally of the group's members whose mapped severity is at or above the rung."""
    tally, provider, rungs, tables = views.tally, views.provider, views.rungs, views.tables
    members = views.members[views.starts[group] : views.starts[group + 1]]
    return sum(tally[edge] for edge in members if tables[rungs[edge]][levels[provider[edge]]] >= rung)


def worst_member(views: Views, group: int, levels: Levels) -> int:
    """Return the worst mapped severity among the group's members."""
    provider, rungs, tables = views.provider, views.rungs, views.tables
    members = views.members[views.starts[group] : views.starts[group + 1]]
    return max((tables[rungs[edge]][levels[provider[edge]]] for edge in members), default=0)


def group_severity(views: Views, group: int, levels: Levels) -> int:
    """Return the highest rung whose tally reaches the trip, or the worst member's severity once tripped."""
    trip = views.trip[group]
    if views.worst[group]:
        return worst_member(views, group, levels) if failing(views, group, levels, 1) >= trip else 0
    top = worst_member(views, group, levels)
    return next((rung for rung in range(top, 0, -1) if failing(views, group, levels, rung) >= trip), 0)


def inherited(topology: Topology, item: int, levels: Levels) -> int:
    """Return what the item takes over from its providers at these severities."""
    views = topology.views
    worst, groups = 0, set()
    for edge in views.up_edges[views.up[item] : views.up[item + 1]]:
        group = views.group[edge]
        if group == SINGLE:
            worst = max(worst, views.tables[views.rungs[edge]][levels[views.provider[edge]]])
        else:
            groups.add(group)
    return max([worst, *(group_severity(views, group, levels) for group in groups)])
