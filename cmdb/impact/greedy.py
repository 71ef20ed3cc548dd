"""Minimal sets of a monotone question about too many things for a full truth table: sound, deterministic, not complete.

Growing sets one thing at a time, from several starting points, shows where no turns into yes: that thing is pivotal.
The shortest such run is thinned out to an inclusion-minimal set; if it is small enough, all subsets of it and of some
things more are played. Every scenario of a step is one bit of the same play.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cmdb.impact import lattice
from cmdb.impact.scenarios import Bits

Question = Callable[[Sequence[Bits], Bits], Bits]
"""Given per thing the scenarios that hold it, and all scenarios: the scenarios that say yes."""

SCENARIOS = 4096
ROUNDS = 12


@dataclass(frozen=True, slots=True)
class Found:
    """Things that are pivotal for some subset, and some of the inclusion-minimal sets that say yes."""

    pivotal: frozenset[int]
    sets: frozenset[frozenset[int]]


def minimal_sets(question: Question, size: int) -> Found:
    """Return some minimal sets among `size` things; nothing where having all or having none makes no difference."""
    none, everything = 1, 2
    if question([everything] * size, none | everything) != everything:
        return Found(frozenset(), frozenset())
    runs = _runs(question, size)
    pivotal = {run[-1] for run in runs}
    shortest = min(runs, key=len)
    thin = _thin(question, shortest, size)
    sets = set() if thin is None else {frozenset(thin)}
    few = shortest if thin is None else thin
    if len(few) <= lattice.WIDEST:
        sets |= _play_all(question, few, size)
    return Found(frozenset(pivotal.union(*sets)), frozenset(sets))


def _runs(question: Question, size: int) -> list[list[int]]:
    """Grow a set from up to `size` starting points, wrapping round, and cut each at its first yes."""
    starts = range(0, size, max(1, size * size // SCENARIOS))
    columns = [0] * size
    for row, start in enumerate(starts):
        for length in range(size):
            # The thing that joins at this length stays in for all longer runs of its row.
            columns[(start + length) % size] |= ((1 << (size - length)) - 1) << (row * size + length)
    answers = question(columns, (1 << (size * len(starts))) - 1)
    runs = []
    for row, start in enumerate(starts):
        yes = answers >> (row * size) & ((1 << size) - 1)
        length = (yes & -yes).bit_length()
        runs.append([(start + step) % size for step in range(length)])
    return runs


def _thin(question: Question, things: list[int], size: int) -> list[int] | None:
    """Return a minimal set within these things, or None where a bounded number of rounds does not get there."""
    for _ in range(ROUNDS):
        full = (1 << len(things)) - 1
        without = [full] * len(things)
        for place in range(len(things)):
            without[place] ^= 1 << place
        spare = question(_spread_columns(things, without, size), full)
        needed = [thing for place, thing in enumerate(things) if not spare >> place & 1]
        if len(needed) == len(things):
            return things
        others = [thing for place, thing in enumerate(things) if spare >> place & 1]
        things = _cut(question, needed, others, size)
    return None


def _cut(question: Question, needed: list[int], others: list[int], size: int) -> list[int]:
    """Return the needed things and as few of the others, in order, as it takes for a yes."""
    full = (1 << (len(others) + 1)) - 1
    joining = [full ^ ((1 << (place + 1)) - 1) for place in range(len(others))]
    columns = _spread_columns(needed + others, [full] * len(needed) + joining, size)
    yes = question(columns, full)
    return needed + others[: (yes & -yes).bit_length() - 1]


def _play_all(question: Question, few: list[int], size: int) -> set[frozenset[int]]:
    """Return minimal sets within the few and the first things besides, of which all subsets are played."""
    chosen = (few + [thing for thing in range(size) if thing not in few])[: lattice.WIDEST]
    width = len(chosen)
    truth = question(_spread_columns(chosen, lattice.columns(width), size), lattice.full(width))
    sets = lattice.members(lattice.minimal(truth, width), width, SCENARIOS)
    return {frozenset(chosen[place] for place in found) for found in sets}


def _spread_columns(things: Sequence[int], columns: Sequence[Bits], size: int) -> list[Bits]:
    """Return a column for every thing; those not named are in no scenario."""
    spread = [0] * size
    for thing, column in zip(things, columns, strict=True):
        spread[thing] = column
    return spread
