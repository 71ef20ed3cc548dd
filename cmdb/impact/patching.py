"""Patches a topology by what was written: arrays are spliced, and only what came is read and sorted."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cmdb.impact.arrays import SINGLE, GroupArrays, IntArray, SeverityArray, Topology, Weights
from cmdb.impact.columns import (
    NO_PART,
    Declared,
    counted,
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
from cmdb.impact.numbering import GONE, Numbering, positions, renumber, spliced
from cmdb.model.redundancy import OnTrip
from cmdb.ports.graph import DependencyColumns, ItemColumns

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Patched:
    """A patched topology; `moved` [old N] is each item's new number or GONE, None when all kept theirs.

    `touched` are the numbers of the items that came: they are new, or differ in name, class, groups or providers.
    """

    topology: Topology
    moved: IntArray | None
    touched: IntArray


@dataclass(frozen=True, eq=False)
class _Groups:
    """The groups that came, numbered `numbers` among all; `moved` [old G] is each old group's new number or GONE."""

    came: Declared
    kept: NDArray[np.intp]
    at: NDArray[np.intp]
    numbers: IntArray
    moved: IntArray
    size: int


@dataclass(frozen=True, eq=False)
class _Rows:
    """The dependencies that came, in the order of the topology; `group` is the number among the groups that came."""

    consumer: IntArray
    provider: IntArray
    group: IntArray
    rungs: NDArray[np.uint8]
    weight: NDArray[np.int64]
    verb: Weights
    strength: NDArray[np.uint8]
    order: NDArray[np.int64]
    live: int


@dataclass(frozen=True, eq=False)
class _Splice:
    """Which old edges stay and which leave, where those that came go, and the new number of each."""

    kept: NDArray[np.intp]
    dropped: NDArray[np.intp]
    live: int
    at: NDArray[np.intp]
    moved: IntArray
    numbers: IntArray

    def merge(self, old: Array, came: Array) -> Array:
        """Return one column, the edges that came in their places."""
        return _inserted(old[self.kept], self.at, came)


def patch_topology(topology: Topology, items: ItemColumns, dependencies: DependencyColumns) -> Patched:
    """Return the topology after these items were written, with their complete outgoing dependencies.

    The keys of `topology` stand in order. Equals building anew from all columns in the order of keys, but for the
    numbers of verbs and rung rows. Dependencies on retired items leave. Raises InvalidInput as `build_topology` does.
    """
    numbering = renumber(topology, items)
    groups = _regroup(topology.groups, numbering)
    tables, verbs, rows = _read(topology, numbering, groups.came, dependencies)
    splice = _splice(topology, numbering, rows)
    group_arrays, at_any = _merge_groups(topology.groups, numbering, groups, splice, rows)
    weight = splice.merge(topology.weight, rows.weight)
    require_summable(weight)
    tally = np.where(at_any[rows.group], np.int64(1), rows.weight)
    kept_group = np.append(groups.moved, np.int32(SINGLE))[topology.group]
    size, moved = len(numbering.keys), numbering.moved
    live_came, live_dropped = rows.consumer[: rows.live], splice.dropped[splice.dropped < topology.live]
    up_kept, up = _starts(topology.up, moved, size, topology.consumer[live_dropped], live_came)
    _, down = _starts(topology.down, moved, size, topology.provider[live_dropped], rows.provider[: rows.live])
    consumer = splice.merge(numbering.of(topology.consumer), rows.consumer)
    patched = Topology(
        keys=numbering.keys,
        names=numbering.names,
        classes=numbering.classes,
        index=numbering.index,
        consumer=consumer,
        provider=splice.merge(numbering.of(topology.provider), rows.provider),
        group=splice.merge(kept_group, np.append(groups.numbers, np.int32(SINGLE))[rows.group]),
        rungs=splice.merge(topology.rungs, rows.rungs),
        weight=narrow(weight),
        tally=narrow(splice.merge(topology.tally, tally)),
        verb=narrow(splice.merge(topology.verb, rows.verb)),
        strength=splice.merge(topology.strength, rows.strength),
        tables=tables,
        verbs=verbs,
        groups=group_arrays,
        down=down,
        up=up,
        up_edges=_members(topology.up_edges, splice, up_kept, live_came, splice.numbers[: rows.live]),
        silent_up=_silent(topology.silent_up, splice, consumer, rows),
    )
    return Patched(patched, moved if numbering.renumbered else None, numbering.came)


def _regroup(groups: GroupArrays, numbering: Numbering) -> _Groups:
    kept = np.flatnonzero(~numbering.rewritten[groups.consumer])
    came = numbering.declared
    at = np.searchsorted(numbering.moved[groups.consumer[kept]], came.owners)
    kept_numbers, came_numbers = positions(at, len(kept))
    moved = np.full(len(groups.consumer), GONE, np.int32)
    moved[kept] = kept_numbers
    return _Groups(came, kept, at, came_numbers, moved, len(kept) + len(at))


def _read(
    topology: Topology, numbering: Numbering, came: Declared, dependencies: DependencyColumns
) -> tuple[SeverityArray, tuple[str, ...], _Rows]:
    consumer = numbers(dependencies.consumers, numbering.index)
    provider = numbers(dependencies.providers, numbering.index)
    group = memberships(dependencies, consumer, came)
    rung, tables, strength = rungs(dependencies, topology.tables)
    verbs, verb = verb_numbers(dependencies.verbs, topology.verbs)
    silent = rung == NO_PART
    order = edge_order(consumer, provider, silent, len(numbering.keys))
    by = np.argsort(order, kind="stable")
    rows = _Rows(
        consumer=consumer[by],
        provider=provider[by],
        group=group[by],
        rungs=rung[by],
        weight=weights(dependencies.weights)[by],
        verb=verb[by],
        strength=strength[by],
        order=order[by],
        live=len(by) - int(np.count_nonzero(silent)),
    )
    return tables, verbs, rows


def _splice(topology: Topology, numbering: Numbering, rows: _Rows) -> _Splice:
    stays = ~numbering.rewritten[topology.consumer]
    if numbering.renumbered:
        stays &= numbering.moved[topology.provider] != GONE
    kept = np.flatnonzero(stays)
    live = int(np.searchsorted(kept, topology.live))
    silent = np.arange(len(kept)) >= live
    consumer, provider = numbering.of(topology.consumer[kept]), numbering.of(topology.provider[kept])
    order = edge_order(consumer, provider, silent, len(numbering.keys))
    at = np.searchsorted(order, rows.order, side="right")
    kept_numbers, came_numbers = positions(at, len(kept))
    moved = np.full(len(stays), GONE, np.int32)
    moved[kept] = kept_numbers
    return _Splice(kept, np.flatnonzero(~stays), live, at, moved, came_numbers)


def _merge_groups(
    old: GroupArrays, numbering: Numbering, groups: _Groups, splice: _Splice, rows: _Rows
) -> tuple[GroupArrays, NDArray[np.bool_]]:
    """Return the groups, and which of those that came trip at any member; the last one stands for SINGLE."""
    came = groups.came.groups
    grouped = np.flatnonzero(rows.group[: rows.live] != SINGLE)
    of = rows.group[grouped]
    weight = np.zeros(len(came), np.int64)
    np.add.at(weight, of, rows.weight[grouped])
    trip = np.fromiter(map(trip_of, came, weight.tolist()), np.int64, len(came))
    worst = np.fromiter((group.on_trip is OnTrip.WORST for group in came), np.bool_, len(came))
    owners = np.repeat(np.arange(len(old.declared), dtype=np.int32), np.diff(old.starts))
    leaving = owners[splice.moved[old.members] == GONE]
    number = groups.numbers[of]
    kept_starts, starts = _starts(old.starts, groups.moved, groups.size, leaving, number)

    def merge(column: Array, fresh: Array) -> Array:
        return _inserted(column[groups.kept], groups.at, fresh)

    gone = np.flatnonzero(groups.moved == GONE).tolist()
    before = np.append(groups.kept, len(old.declared))[groups.at]
    merged = GroupArrays(
        consumer=merge(numbering.moved[old.consumer], groups.came.owners),
        declared=spliced(old.declared, gone, before.tolist(), came),
        worst=merge(old.worst, worst),
        weight=merge(old.weight, weight),
        trip=merge(old.trip, np.maximum(trip, 1)),
        starts=starts,
        members=_members(old.members, splice, kept_starts, number, splice.numbers[grouped]),
    )
    return merged, np.append(trip == 0, True)


def _starts(
    old: IntArray, moved: IntArray, size: int, dropped: IntArray, came: IntArray
) -> tuple[IntArray, IntArray]:
    """Return where runs start by new owner: those of the edges that stay, and those of all."""
    counts = np.diff(old) - counted(dropped, len(moved))
    stays = moved != GONE
    kept = np.zeros(size, np.int64)
    kept[moved[stays]] = counts[stays]
    return starts_of(kept), starts_of(kept + counted(came, size))


def _members(old: IntArray, splice: _Splice, starts: IntArray, owner: IntArray, came: IntArray) -> IntArray:
    """Return the runs of edge numbers by owner; who has edges that came keeps none of the old ones."""
    kept = splice.moved[old]
    order = np.argsort(owner, kind="stable")
    return _inserted(kept[kept != GONE], starts[owner[order]], came[order])


def _silent(old: IntArray, splice: _Splice, consumer: IntArray, rows: _Rows) -> IntArray:
    kept = splice.moved[old]
    kept = kept[kept != GONE]
    came = rows.consumer[rows.live :]
    order = np.argsort(came, kind="stable")
    at = np.searchsorted(consumer[kept], came[order])
    return _inserted(kept, at, splice.numbers[rows.live :][order])


def _inserted(old: Array, at: NDArray[np.integer], came: Array) -> Array:
    kind = np.result_type(old, came)
    return np.insert(old.astype(kind, copy=False), at, came.astype(kind, copy=False))
