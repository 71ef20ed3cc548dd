"""Turns columns of words into numbers: what building a topology and patching one have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from cmdb.errors import ErrorCode, InvalidInput, Place
from cmdb.impact.arrays import SINGLE, STRENGTHS, IntArray, SeverityArray, Weights
from cmdb.model.redundancy import RedundancyGroup
from cmdb.model.severity import SeverityMap
from cmdb.ports.graph import DependencyColumns

MAX_WEIGHT = 2**62
"""Sums of weights stay below this, so that 64-bit integers hold them exactly."""

NO_PART = 255
"""The rung row of a dependency that takes no part in impact."""

_PLACE = Place("topology")


@dataclass(frozen=True, slots=True)
class Declared:
    """The declared groups and the items that declare them, in the order of items."""

    owners: IntArray
    groups: Sequence[RedundancyGroup]


def declared(owners: IntArray, groups: Sequence[tuple[RedundancyGroup, ...]]) -> Declared:
    """Return the groups of these items, one after the other."""
    counts = np.fromiter(map(len, groups), np.int32, len(groups))
    return Declared(np.repeat(owners, counts), list(chain.from_iterable(groups)))


def numbers(keys: Sequence[str], index: Mapping[str, int]) -> IntArray:
    """Return the number of each key; raises InvalidInput (DANGLING_END) for one that is not there."""
    try:
        return np.fromiter(map(index.__getitem__, keys), np.int32, len(keys))
    except KeyError as missing:
        raise InvalidInput(
            ErrorCode.DANGLING_END,
            f"a dependency refers to {missing.args[0]!r}, which is not among the items",
            hint="Write the item first, or in the same batch.",
            place=_PLACE,
        ) from None


def memberships(dependencies: DependencyColumns, consumer: IntArray, known: Declared) -> IntArray:
    """Return the number of each edge's group, or SINGLE; raises InvalidInput (UNKNOWN_GROUP)."""
    codes: dict[str | None, int] = {None: 0}
    named = [codes.setdefault(group.name, len(codes)) for group in known.groups]
    code = np.fromiter(map(codes.get, dependencies.groups, repeat(-1)), np.int64, len(consumer))
    rows = np.flatnonzero(code)
    # An item and a group's name make one number, so that one sorted search finds them all. The first one stands
    # below every number asked for, so that each search ends at some entry.
    present = np.append(-2, known.owners * np.int64(len(codes)) + np.array(named, np.int64))
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


def rungs(
    dependencies: DependencyColumns, present: SeverityArray
) -> tuple[NDArray[np.uint8], SeverityArray, NDArray[np.uint8]]:
    """Return per edge its row of the rung table or NO_PART, the table [n, 5] with new rows last, and the strength."""
    maps = dependencies.maps
    # Maps are shared objects almost always, and identity is far cheaper to look up than their value.
    distinct = dict(zip(map(id, maps), maps, strict=True))
    by_value: dict[SeverityMap, int] = {}
    by_identity = {at: by_value.setdefault(kind, len(by_value)) for at, kind in distinct.items()}
    code = np.fromiter(map(by_identity.__getitem__, map(id, maps)), np.int32, len(maps))
    ranks = {strength: rank for rank, strength in enumerate(STRENGTHS)}
    strength = np.fromiter(map(ranks.__getitem__, dependencies.strengths), np.uint8, len(maps))
    rows = {tuple(row): number for number, row in enumerate(present.tolist())}
    picks = [
        NO_PART if (mapped := kind.rungs(hold)) is None else rows.setdefault(mapped, len(rows))
        for kind in by_value
        for hold in STRENGTHS
    ]
    tables = np.array(list(rows), np.uint8).reshape(len(rows), 5)
    return np.array(picks, np.uint8)[code * len(STRENGTHS) + strength], tables, strength


def weights(column: Sequence[int]) -> NDArray[np.int64]:
    """Return the weights; raises InvalidInput (TOO_LARGE) for one that 64 bits cannot hold."""
    try:
        return np.fromiter(column, np.int64, len(column))
    except OverflowError:
        refuse_weights()


def require_summable(column: Weights | NDArray[np.int64]) -> None:
    """Raise InvalidInput (TOO_LARGE) unless every sum of these weights is exact."""
    if column.sum(dtype=np.float64) >= MAX_WEIGHT:
        refuse_weights()


def refuse_weights() -> NoReturn:
    """Say that the weights are too large."""
    raise InvalidInput(
        ErrorCode.TOO_LARGE,
        "the weights of all dependencies add up to 2^62 or more",
        hint="Only the ratio of weights within a group matters: use smaller numbers.",
        place=_PLACE,
    ) from None


def trip_of(group: RedundancyGroup, weight: int) -> int:
    """Return the least whole weight at or above the trip fraction of all; 0 means that any member trips it."""
    num, den = group.trip_fraction(weight)
    return -(-num * weight // den)


def verb_numbers(verbs: Sequence[str], present: Sequence[str]) -> tuple[tuple[str, ...], Weights]:
    """Return the verbs, new ones last and in order, and the number of each row's verb."""
    names = [*present, *sorted(set(verbs) - set(present))]
    found = {verb: number for number, verb in enumerate(names)}
    return tuple(names), narrow(np.fromiter(map(found.__getitem__, verbs), np.uint32, len(verbs)))


def narrow(column: NDArray[np.integer]) -> Weights:
    """Return the numbers in the least unsigned type that holds them: memory is what a large estate pays."""
    return column.astype(np.min_scalar_type(int(column.max(initial=0))), copy=False)


def starts_of(counts: NDArray[np.integer]) -> IntArray:
    """Return where each run starts, and at last where all end."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)


def counted(found: IntArray, size: int) -> NDArray[np.intp]:
    """Return how often each number below `size` is found."""
    return np.bincount(found, minlength=size)


def edge_order(
    consumer: IntArray, provider: IntArray, silent: NDArray[np.bool_], size: int
) -> NDArray[np.int64]:
    """Return what edges are sorted by: those that take part first, then by provider, then by consumer."""
    return (provider + silent * np.int64(size)) * np.int64(size) + consumer
