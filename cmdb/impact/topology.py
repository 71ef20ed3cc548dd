"""Builds the topology from columns, in one pass of vector work."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cmdb.impact.arrays import (
    SINGLE,
    EdgeView,
    GroupArrays,
    IntArray,
    KeyIndex,
    SeverityArray,
    Topology,
)
from cmdb.impact.columns import (
    NO_PART,
    Declared,
    counted,
    declared,
    edge_order,
    memberships,
    narrow,
    numbers,
    require_summable,
    rungs,
    starts_of,
    trip_of,
    verb_numbers,
    weights,
)
from cmdb.impact.reach import downstream, hops, upstream
from cmdb.model.redundancy import OnTrip
from cmdb.ports.graph import DependencyColumns, ItemColumns

__all__ = [
    "EdgeView",
    "IntArray",
    "SeverityArray",
    "Topology",
    "build_topology",
    "downstream",
    "hops",
    "upstream",
]

_NO_TABLES = np.empty((0, 5), np.uint8)


@dataclass(frozen=True, slots=True)
class _Ends:
    """Where edges go, in the order of the topology: those that take part first, each share by provider and consumer."""

    order: NDArray[np.intp]
    live: int
    consumer: IntArray
    provider: IntArray
    group: IntArray


def build_topology(items: ItemColumns, dependencies: DependencyColumns) -> Topology:
    """Return the snapshot of these columns; of items with equal keys the last holds, retired ones are left out.

    Every dependency row is an edge of its own. Raises InvalidInput for an end or a group that does not exist
    (DANGLING_END, UNKNOWN_GROUP) and for weights past 64 bits (TOO_LARGE).
    """
    items, index = _latest(items)
    size = len(index)
    known = declared(np.arange(size, dtype=np.int32), items.groups)
    consumer = numbers(dependencies.consumers, index)
    provider = numbers(dependencies.providers, index)
    group = memberships(dependencies, consumer, known)
    rung, tables, strength = rungs(dependencies, _NO_TABLES)
    ends = _ordered(consumer, provider, group, silent=rung == NO_PART, size=size)
    weight = weights(dependencies.weights)[ends.order]
    require_summable(weight)
    groups, at_any = _groups(known, ends, weight)
    verbs, verb = verb_numbers(dependencies.verbs, ())
    live, silent = ends.consumer[: ends.live], ends.consumer[ends.live :]
    return Topology(
        keys=tuple(items.keys),
        names=tuple(items.names),
        classes=tuple(items.classes),
        index=KeyIndex(tuple(items.keys)) if items.keys == sorted(items.keys) else index,
        consumer=ends.consumer,
        provider=ends.provider,
        group=ends.group,
        rungs=rung[ends.order],
        weight=narrow(weight),
        tally=narrow(np.where(at_any[ends.group], np.int64(1), weight)),
        verb=verb[ends.order],
        strength=strength[ends.order],
        tables=tables,
        verbs=verbs,
        groups=groups,
        down=starts_of(counted(ends.provider[: ends.live], size)),
        up=starts_of(counted(live, size)),
        up_edges=np.argsort(live, kind="stable").astype(np.int32),
        silent_up=(np.argsort(silent, kind="stable") + ends.live).astype(np.int32),
    )


def _latest(items: ItemColumns) -> tuple[ItemColumns, dict[str, int]]:
    """Return the items that hold and the number of each key."""
    last = dict(zip(items.keys, range(len(items.keys)), strict=True))
    if len(last) == len(items.keys) and not any(items.retired):
        return items, last
    rows = [row for row in last.values() if not items.retired[row]]
    kept = ItemColumns(
        keys=[items.keys[row] for row in rows],
        names=[items.names[row] for row in rows],
        classes=[items.classes[row] for row in rows],
        groups=[items.groups[row] for row in rows],
        retired=[False] * len(rows),
    )
    return kept, dict(zip(kept.keys, range(len(rows)), strict=True))


def _ordered(
    consumer: IntArray, provider: IntArray, group: IntArray, *, silent: NDArray[np.bool_], size: int
) -> _Ends:
    order = np.argsort(edge_order(consumer, provider, silent, size), kind="stable")
    live = len(order) - int(np.count_nonzero(silent))
    return _Ends(order, live, consumer[order], provider[order], group[order])


def _groups(known: Declared, ends: _Ends, weight: NDArray[np.int64]) -> tuple[GroupArrays, NDArray[np.bool_]]:
    """Return the groups, and which of them trip at any member; of the latter the last stands for SINGLE.

    There each member counts as 1, one of weight 0 too, so that a trip of 1 serves every group.
    """
    grouped = np.flatnonzero(ends.group[: ends.live] != SINGLE)
    of = ends.group[grouped]
    size = len(known.groups)
    total = np.zeros(size, np.int64)
    np.add.at(total, of, weight[grouped])
    trip = np.fromiter(map(trip_of, known.groups, total.tolist()), np.int64, size)
    groups = GroupArrays(
        consumer=known.owners,
        declared=tuple(known.groups),
        worst=np.fromiter((group.on_trip is OnTrip.WORST for group in known.groups), np.bool_, size),
        weight=total,
        trip=np.maximum(trip, 1),
        starts=starts_of(counted(of, size)),
        members=grouped[np.argsort(of, kind="stable")].astype(np.int32),
    )
    return groups, np.append(trip == 0, True)
