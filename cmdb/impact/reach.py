"""Walks along the edges that take part in impact, breadth first; cycles end, each item comes once."""

from collections.abc import Sequence
from enum import StrEnum

import numpy as np

from cmdb.impact.arrays import IntArray, Topology

WIDE = 256
"""From this many items in a frontier on, numpy is faster than plain Python."""


class Way(StrEnum):
    """Towards providers, where causes are, or towards consumers, where impact goes."""

    UPSTREAM = "upstream"
    DOWNSTREAM = "downstream"


def downstream(topology: Topology, sources: Sequence[int], *, wide: int = WIDE) -> IntArray:
    """Return the items that the sources can reach as impact, sources first, in breadth-first order."""
    found = layers(topology, sources, Way.DOWNSTREAM, wide=wide)
    return np.concatenate(found) if found else np.empty(0, np.int32)


def upstream(topology: Topology, source: int, *, wide: int = WIDE) -> IntArray:
    """Return the items that can impact the source, itself first, in breadth-first order."""
    return np.concatenate(layers(topology, [source], Way.UPSTREAM, wide=wide))


def hops(topology: Topology, source: int, way: Way) -> dict[int, int]:
    """Return for each item reached its least number of dependencies from the source, nearest first."""
    found = layers(topology, [source], way)
    return {item: depth for depth, layer in enumerate(found) for item in layer.tolist()}


def layers(topology: Topology, sources: Sequence[int], way: Way, *, wide: int = WIDE) -> list[IntArray]:
    """Return the items reached by their least number of dependencies from the sources, these first."""
    frontier = list(dict.fromkeys(sources))
    seen = set(frontier)
    found: list[IntArray] = []
    while frontier:
        found.append(np.array(frontier, np.int32))
        if len(frontier) >= wide:
            return found + _wide_layers(topology, found, way)
        frontier = _step(topology, frontier, seen, way)
    return found


def spans(starts: IntArray, ends: IntArray) -> IntArray:
    """Return the numbers of all half-open ranges [starts[i], ends[i]), one range after the other."""
    sizes = ends - starts
    before = np.cumsum(sizes, dtype=np.int32) - sizes
    numbers: IntArray = np.repeat(starts - before, sizes)
    numbers += np.arange(len(numbers), dtype=np.int32)
    return numbers


def _step(topology: Topology, frontier: list[int], seen: set[int], way: Way) -> list[int]:
    views = topology.views
    following: list[int] = []
    for item in frontier:
        if way is Way.DOWNSTREAM:
            ends = views.consumer[views.down[item] : views.down[item + 1]].tolist()
        else:
            provider = views.provider
            ends = [provider[edge] for edge in views.up_edges[views.up[item] : views.up[item + 1]]]
        for end in ends:
            if end not in seen:
                seen.add(end)
                following.append(end)
    return following


def _wide_layers(topology: Topology, before: list[IntArray], way: Way) -> list[IntArray]:
    """Go on from the last layer with whole arrays, in the order that the plain walk would give."""
    seen = np.zeros(len(topology), np.bool_)
    for layer in before:
        seen[layer] = True
    place = np.empty(len(topology), np.int32)
    frontier, following = before[-1], []
    while len(frontier):
        ends = _ends(topology, frontier, way)
        frontier = first_of_each(ends[~seen[ends]], place)
        seen[frontier] = True
        following.append(frontier)
    return following


def _ends(topology: Topology, frontier: IntArray, way: Way) -> IntArray:
    if way is Way.DOWNSTREAM:
        return topology.consumer[spans(topology.down[frontier], topology.down[frontier + 1])]
    return topology.provider[topology.up_edges[spans(topology.up[frontier], topology.up[frontier + 1])]]


def first_of_each(items: IntArray, place: IntArray) -> IntArray:
    """Return the items without repeats in order of first appearance; `place` [N] is scratch, its content is lost."""
    order = np.arange(len(items), dtype=np.int32)
    place[items[::-1]] = order[::-1]  # of equal items the last write holds, which is the first appearance
    kept: IntArray = items[place[items] == order]
    return kept
