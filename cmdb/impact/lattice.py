"""Monotone questions about subsets of up to 16 things, as truth tables: bit R answers for the subset R."""

from functools import lru_cache
from heapq import nsmallest

import numpy as np

from cmdb.impact.scenarios import Bits

WIDEST = 16
"""2^16 subsets are 8 KB of answers; each further thing doubles that."""


@lru_cache(maxsize=WIDEST + 1)
def columns(size: int) -> tuple[Bits, ...]:
    """Return for each of `size` things the subsets that hold it."""
    return tuple(_column(thing, size) for thing in range(size))


def full(size: int) -> Bits:
    """Return the truth table that always says yes."""
    return (1 << (1 << size)) - 1


def pivotal(truth: Bits, size: int) -> list[int]:
    """Return the things that for some subset turn no into yes."""
    absent = [full(size) ^ column for column in columns(size)]
    return [thing for thing in range(size) if (truth >> (1 << thing)) & ~truth & absent[thing]]


def minimal(truth: Bits, size: int) -> Bits:
    """Return the subsets that say yes while each smaller one says no; `truth` is monotone."""
    above = 0
    for thing, column in enumerate(columns(size)):
        above |= (truth & ~column) << (1 << thing)
    return truth & ~above


def maximal_no(truth: Bits, size: int) -> Bits:
    """Return the subsets that say no while each larger one says yes; `truth` is monotone."""
    false = full(size) & ~truth
    below = 0
    for thing, column in enumerate(columns(size)):
        below |= (false & column) >> (1 << thing)
    return false & ~below


def members(subsets: Bits, size: int, most: int, *, left_out: bool = False) -> list[tuple[int, ...]]:
    """Return up to `most` subsets as their members, or as what they leave out: smallest first, then by members."""
    packed = np.frombuffer(subsets.to_bytes(max(1, (1 << size) // 8), "little"), np.uint8)
    numbers = np.flatnonzero(np.unpackbits(packed, bitorder="little"))
    if left_out:
        numbers ^= (1 << size) - 1
    sets = (tuple(thing for thing in range(size) if number >> thing & 1) for number in numbers.tolist())
    return nsmallest(most, sets, key=lambda found: (len(found), found))


def _column(thing: int, size: int) -> Bits:
    width = 2 << thing
    column = ((1 << (1 << thing)) - 1) << (1 << thing)
    while width < 1 << size:
        column |= column << width
        width *= 2
    return column
