"""Builds the topology from columns, in one pass of vector work."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from cmdb.errors import ErrorCode, InvalidInput, Place
from cmdb.impact.arrays import (
    SINGLE,
    STRENGTHS,
    EdgeView,
    GroupArrays,
    IntArray,
    SeverityArray,
    Topology,
    Weights,
)
from cmdb.impact.reach import downstream, hops, upstream
from cmdb.model.redundancy import OnTrip, RedundancyGroup
from cmdb.model.severity import SeverityMap
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

MAX_WEIGHT = 2**62
"""Sums of weights stay below this, so that 64-bit integers hold them exactly."""

_NO_PART = 255
_PLACE = Place("topology")


@dataclass(frozen=True, slots=True)
class _Declared:
    """The declared groups and the items that declare them, in the order of items."""

    owners: IntArray
    groups: Sequence[RedundancyGroup]


@dataclass(frozen=True, slots=True)
class _Ends:
    """Where edges go, in the order of the topology: those that take part first, each share ordered by provider."""

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
    declared = _declared(items)
    consumer = _numbers(dependencies.consumers, index)
    provider = _numbers(dependencies.providers, index)
    group = _memberships(dependencies, consumer, declared)
    rungs, tables, strength = _rungs(dependencies)
    ends = _ordered(consumer, provider, group, silent=rungs == _NO_PART, size=len(index))
    weight = _weights(dependencies.weights)[ends.order]
    groups, at_any = _groups(declared, ends, weight)
    verbs, verb = _verbs(dependencies.verbs)
    up_edges = np.argsort(ends.consumer[: ends.live], kind="stable").astype(np.int32)
    return Topology(
        keys=tuple(items.keys),
        names=tuple(items.names),
        classes=tuple(items.classes),
        index=index,
        consumer=ends.consumer,
        provider=ends.provider,
        group=ends.group,
        rungs=rungs[ends.order],
        weight=_narrow(weight),
        tally=_narrow(np.where(at_any[ends.group], np.int64(1), weight)),
        verb=verb[ends.order],
        strength=strength[ends.order],
        tables=tables,
        verbs=verbs,
        groups=groups,
        down=_starts(ends.provider[: ends.live], len(index)),
        up=_starts(ends.consumer[: ends.live], len(index)),
        up_edges=up_edges,
        silent_up=(np.argsort(ends.consumer[ends.live :], kind="stable") + ends.live).astype(np.int32),
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


def _declared(items: ItemColumns) -> _Declared:
    counts = np.fromiter(map(len, items.groups), np.int32, len(items.groups))
    owners = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    return _Declared(owners, list(chain.from_iterable(items.groups)))


def _numbers(keys: Sequence[str], index: dict[str, int]) -> IntArray:
    try:
        return np.fromiter(map(index.__getitem__, keys), np.int32, len(keys))
    except KeyError as missing:
        raise InvalidInput(
            ErrorCode.DANGLING_END,
            f"a dependency refers to {missing.args[0]!r}, which is not among the items",
            hint="Write the item first, or in the same batch.",
            place=_PLACE,
        ) from None


def _memberships(dependencies: DependencyColumns, consumer: IntArray, declared: _Declared) -> IntArray:
    """Return the number of each edge's group, or SINGLE."""
    codes: dict[str | None, int] = {None: 0}
    known = [codes.setdefault(group.name, len(codes)) for group in declared.groups]
    code = np.fromiter(map(codes.get, dependencies.groups, repeat(-1)), np.int64, len(consumer))
    rows = np.flatnonzero(code)
    # An item and a group's name make one number, so that one sorted search finds them all. The first one stands
    # below every number asked for, so that each search ends at some entry.
    present = np.append(-2, declared.owners * np.int64(len(codes)) + np.array(known, np.int64))
    order = np.argsort(present, kind="stable")
    wanted = consumer[rows] * np.int64(len(codes)) + code[rows]
    found = order[np.searchsorted(present, wanted, side="right", sorter=order) - 1]
    unknown = (code[rows] < 0) | (present[found] != wanted)
    if unknown.any():
        _refuse_group(dependencies, int(rows[unknown.argmax()]))
    group = np.full(len(consumer), SINGLE, np.int32)
    group[rows] = found - 1
    return group


def _refuse_group(dependencies: DependencyColumns, row: int) -> NoReturn:
    raise InvalidInput(
        ErrorCode.UNKNOWN_GROUP,
        f"{dependencies.consumers[row]!r} declares no redundancy group {dependencies.groups[row]!r}",
        hint="Declare the group on the consumer, or leave the dependency's group out.",
        place=_PLACE,
    )


def _rungs(dependencies: DependencyColumns) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """Return per edge the row of the rung table or _NO_PART, the table [n, 5], and the strength's number."""
    maps = dependencies.maps
    # Maps are shared objects almost always, and identity is far cheaper to look up than their value.
    distinct = dict(zip(map(id, maps), maps, strict=True))
    by_value: dict[SeverityMap, int] = {}
    by_identity = {at: by_value.setdefault(kind, len(by_value)) for at, kind in distinct.items()}
    code = np.fromiter(map(by_identity.__getitem__, map(id, maps)), np.int32, len(maps))
    ranks = {strength: rank for rank, strength in enumerate(STRENGTHS)}
    strength = np.fromiter(map(ranks.__getitem__, dependencies.strengths), np.uint8, len(maps))
    rows: dict[tuple[int, ...], int] = {}
    picks = [
        _NO_PART if (mapped := kind.rungs(hold)) is None else rows.setdefault(mapped, len(rows))
        for kind in by_value
        for hold in STRENGTHS
    ]
    tables = np.array(list(rows), np.uint8).reshape(len(rows), 5)
    return np.array(picks, np.uint8)[code * len(STRENGTHS) + strength], tables, strength


def _ordered(
    consumer: IntArray, provider: IntArray, group: IntArray, *, silent: NDArray[np.bool_], size: int
) -> _Ends:
    order = np.argsort(provider + silent * np.int64(size), kind="stable")
    live = len(order) - int(np.count_nonzero(silent))
    return _Ends(order, live, consumer[order], provider[order], group[order])


def _weights(weights: Sequence[int]) -> NDArray[np.int64]:
    try:
        column = np.fromiter(weights, np.int64, len(weights))
    except OverflowError:
        _refuse_weights()
    if column.sum(dtype=np.float64) >= MAX_WEIGHT:
        _refuse_weights()
    return column


def _refuse_weights() -> NoReturn:
    raise InvalidInput(
        ErrorCode.TOO_LARGE,
        "the weights of all dependencies add up to 2^62 or more",
        hint="Only the ratio of weights within a group matters: use smaller numbers.",
        place=_PLACE,
    ) from None


def _groups(
    declared: _Declared, ends: _Ends, weight: NDArray[np.int64]
) -> tuple[GroupArrays, NDArray[np.bool_]]:
    """Return the groups, and which of them trip at any member; of the latter the last stands for SINGLE.

    There each member counts as 1, one of weight 0 too, so that a trip of 1 serves every group.
    """
    grouped = np.flatnonzero(ends.group[: ends.live] != SINGLE)
    of = ends.group[grouped]
    size = len(declared.groups)
    total = np.zeros(size, np.int64)
    np.add.at(total, of, weight[grouped])
    trip = np.fromiter(map(_trip, declared.groups, total.tolist()), np.int64, size)
    groups = GroupArrays(
        consumer=declared.owners,
        names=tuple(group.name for group in declared.groups),
        worst=np.fromiter((group.on_trip is OnTrip.WORST for group in declared.groups), np.bool_, size),
        weight=total,
        trip=np.maximum(trip, 1),
        starts=_starts(of, size),
        members=grouped[np.argsort(of, kind="stable")].astype(np.int32),
    )
    return groups, np.append(trip == 0, True)


def _trip(group: RedundancyGroup, weight: int) -> int:
    """Return the least whole weight at or above the trip fraction of all; 0 means that any member trips it."""
    num, den = group.trip_fraction(weight)
    return -(-num * weight // den)


def _verbs(verbs: Sequence[str]) -> tuple[tuple[str, ...], Weights]:
    numbers = {verb: number for number, verb in enumerate(sorted(set(verbs)))}
    column = np.fromiter(map(numbers.__getitem__, verbs), np.uint32, len(verbs))
    return tuple(numbers), _narrow(column)


def _narrow(column: NDArray[np.int64] | NDArray[np.uint32]) -> Weights:
    """Return the numbers in the least unsigned type that holds them: memory is what a large estate pays."""
    return column.astype(np.min_scalar_type(int(column.max(initial=0))))


def _starts(numbers: IntArray, size: int) -> IntArray:
    counts = np.bincount(numbers, minlength=size)
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
