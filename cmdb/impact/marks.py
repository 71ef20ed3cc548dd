"""Which of some marked items lie downstream or upstream of each item of a walk, found for all of them together.

Marks are bits of integers. Items come providers first, so that more than one pass is only needed by cycles.
"""

from collections.abc import Iterable, Sequence

from cmdb.impact.arrays import Topology

Marks = dict[int, int]


def marks_downstream(topology: Topology, order: Sequence[int], marked: Marks) -> Marks:
    """Return for each item of `order`, which holds all that is upstream of its last, the marks that it can harm."""
    found: Marks = dict.fromkeys(order, 0) | marked
    before: Marks = {}
    while found != before:
        before = found.copy()
        for item in reversed(order):
            mine = found[item]
            for provider in _providers(topology, item) if mine else ():
                found[provider] |= mine
    return found


def marks_upstream(topology: Topology, order: Sequence[int], marked: Marks) -> Marks:
    """Return for each item of `order`, which holds all that is upstream of its last, the marks that can harm it."""
    found: Marks = dict.fromkeys(order, 0) | marked
    before: Marks = {}
    while found != before:
        before = found.copy()
        for item in order:
            for provider in _providers(topology, item):
                found[item] |= found[provider]
    return found


def _providers(topology: Topology, item: int) -> Iterable[int]:
    views = topology.views
    return map(views.provider.__getitem__, views.up_edges[views.up[item] : views.up[item + 1]])
