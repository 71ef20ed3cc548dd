"""Numbers the items of a topology anew after some came and some left; keys stay in order."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from cmdb.impact.arrays import IntArray, KeyIndex, Topology
from cmdb.impact.columns import Declared, declared
from cmdb.ports.graph import ItemColumns

GONE = -1
"""The new number of what is no more."""

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Numbering:
    """Words by new number; `moved` [old N] is each old item's new number or GONE.

    `came` are the numbers of the items that were written, in order, `declared` their groups; `rewritten` [old N]
    are the old items among them, those that left included: none of their old dependencies stays.
    """

    keys: tuple[str, ...]
    names: tuple[str, ...]
    classes: tuple[str, ...]
    index: KeyIndex
    moved: IntArray
    came: IntArray
    declared: Declared
    rewritten: NDArray[np.bool_]
    renumbered: bool

    def of(self, old: IntArray) -> IntArray:
        """Return the new numbers of old items; the same array where all kept theirs."""
        return self.moved[old] if self.renumbered else old


@dataclass(frozen=True, slots=True)
class _Sorted:
    """Old numbers by what becomes of the items, with the row that came; new items go before theirs."""

    gone: list[int]
    stay: list[tuple[int, int]]
    new: list[tuple[int, int]]


def renumber(topology: Topology, items: ItemColumns) -> Numbering:
    """Return the numbers after these items were written; of equal keys the last holds, retired ones leave."""
    rows = _sort(topology.keys, items)
    size = len(topology)
    stays = np.ones(size, bool)
    stays[rows.gone] = False
    at = [place for place, _ in rows.new]
    before = np.concatenate([[0], np.cumsum(stays)])
    inserted = np.cumsum(counts_at(at, size))[:size]
    moved = np.where(stays, before[:-1] + inserted, GONE).astype(np.int32)
    rewritten = ~stays
    rewritten[[place for place, _ in rows.stay]] = True
    numbered = [(int(moved[place]), row) for place, row in rows.stay]
    numbered += [(int(before[place]) + nth, row) for nth, (place, row) in enumerate(rows.new)]
    numbered.sort()
    came = np.fromiter((number for number, _ in numbered), np.int32, len(numbered))

    def merge(old: tuple[str, ...], column: Sequence[str]) -> tuple[str, ...]:
        replaced = _replaced(old, rows.stay, column)
        return spliced(replaced, rows.gone, at, [column[row] for _, row in rows.new])

    keys = merge(topology.keys, items.keys)
    return Numbering(
        keys=keys,
        names=merge(topology.names, items.names),
        classes=merge(topology.classes, items.classes),
        index=KeyIndex(keys),
        moved=moved,
        came=came,
        declared=declared(came, [items.groups[row] for _, row in numbered]),
        rewritten=rewritten,
        renumbered=bool(rows.gone or rows.new),
    )


def _sort(keys: tuple[str, ...], items: ItemColumns) -> _Sorted:
    found = _Sorted([], [], [])
    last = dict(zip(items.keys, range(len(items.keys)), strict=True))
    for key in sorted(last):
        row, place = last[key], bisect_left(keys, key)
        known = place < len(keys) and keys[place] == key
        if known and items.retired[row]:
            found.gone.append(place)
        elif known:
            found.stay.append((place, row))
        elif not items.retired[row]:
            found.new.append((place, row))
    return found


def _replaced(
    old: tuple[str, ...], places: Sequence[tuple[int, int]], column: Sequence[str]
) -> tuple[str, ...]:
    differing = [(place, column[row]) for place, row in places if old[place] != column[row]]
    if not differing:
        return old
    words = list(old)
    for place, word in differing:
        words[place] = word
    return tuple(words)


def spliced(old: tuple[T, ...], gone: Sequence[int], at: Sequence[int], values: Sequence[T]) -> tuple[T, ...]:
    """Return the column without the places `gone` (in order), each value put before the old place `at` (in order)."""
    if not gone and not at:
        return old
    steps = sorted([(place, 0, nth) for nth, place in enumerate(at)] + [(place, 1, 0) for place in gone])
    words: list[T] = []
    start = 0
    for place, leaves, nth in steps:
        words += old[start:place]
        start = place + leaves
        if not leaves:
            words.append(values[nth])
    words += old[start:]
    return tuple(words)


def counts_at(at: Sequence[int] | NDArray[np.intp], size: int) -> NDArray[np.intp]:
    """Return how many are put before each of `size` places, and at last how many after all."""
    return np.bincount(np.asarray(at, np.intp), minlength=size + 1)


def positions(at: NDArray[np.intp], size: int) -> tuple[IntArray, IntArray]:
    """Return the new places of `size` that stay and of those put before the places `at`, which stand in order."""
    inserted = np.cumsum(counts_at(at, size))[:size]
    kept = (np.arange(size) + inserted).astype(np.int32)
    return kept, (at + np.arange(len(at))).astype(np.int32)
