"""How many further provider failures an item survives, and which single one would worsen it.

Further failures put upstream items at CRITICAL on top of everything that fails now. An item all of whose ways to the
asked one lead through one other provider is covered by it: whatever its failure does, that provider's does too. So sets
are sought among items that nothing covers, which in real estates are few.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

from cmdb.impact.arrays import SeverityArray, Topology
from cmdb.impact.reach import upstream
from cmdb.impact.scenarios import Bits, affected, play, providers_first, table

TOP = 4
SCENARIOS = 16_384
"""More sets of one size than this are not tried: a table of them costs 8 KB an item."""

BITS = 2**27
"""Upstream items times sets in one play stay below this, so that a question never takes more than some 64 MB."""


@dataclass(frozen=True, slots=True)
class MarginResult:
    """`survives` None: CRITICAL already, or no provider can worsen it. `exact` False: at least that many.

    `next_failures` are items, by key, any one of which would worsen it.
    """

    survives: int | None
    exact: bool
    next_failures: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What is upstream of the item, itself last and providers first, and what covers each that can still worsen."""

    topology: Topology
    effective: SeverityArray
    item: int
    order: Sequence[int]
    cover: Mapping[int, int]

    @property
    def most(self) -> int:
        """The number of sets that one play may hold."""
        return min(SCENARIOS, BITS // (len(self.order) + 1))

    def worsening(self, sets: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
        """Return those sets of items whose joint failure would worsen the item."""
        full, effective = (1 << len(sets)) - 1, self.effective
        start = {at: table(full, int(effective[at]), full) for at in self.order if effective[at]}
        columns = _columns(sets)
        for failing, bits in columns.items():
            held = start.get(failing) or table(full, 0, 0)
            start[failing] = [*(before | bits for before in held[:-1]), 0]
        touched = affected(self.topology, list(columns), set(self.order))
        tables = play(self.topology, [at for at in self.order if at in touched], start, full)
        answers = tables[self.item][int(effective[self.item]) + 1] if self.item in tables else 0
        return [failing for number, failing in enumerate(sets) if answers >> number & 1]


def margin(topology: Topology, effective: SeverityArray, item: int, *, bound: int = 2) -> MarginResult:
    """Return the item's margin under these effective severities [N], exact up to `bound` further failures."""
    around = _surroundings(topology, effective, item)
    free = sorted(set(around.cover.values()), key=topology.keys.__getitem__)
    if not free or not around.worsening([tuple(free)]):
        return MarginResult(None, exact=True, next_failures=())
    for size in range(1, bound + 1):
        if comb(len(free), size) > around.most:
            return MarginResult(size - 1, exact=False, next_failures=())
        found = around.worsening(list(combinations(free, size)))
        if found:
            alone = {at for (at,) in found} if size == 1 else set()
            return MarginResult(size - 1, exact=True, next_failures=_beneath(around, alone))
    return MarginResult(bound, exact=len(free) == bound + 1, next_failures=())


def single_points(topology: Topology, effective: SeverityArray, item: int) -> tuple[int, ...]:
    """Return the upstream items, by key, any one of whose failure would worsen the item."""
    return margin(topology, effective, item, bound=1).next_failures


def _surroundings(topology: Topology, effective: SeverityArray, item: int) -> _Surroundings:
    if effective[item] == TOP:
        return _Surroundings(topology, effective, item, (), {})
    order = providers_first(topology, item, set(upstream(topology, item).tolist()))
    return _Surroundings(topology, effective, item, order, _cover(topology, effective, order))


def _cover(topology: Topology, effective: SeverityArray, order: Sequence[int]) -> dict[int, int]:
    """Return for each provider that is not CRITICAL yet the one that covers it, itself if none does.

    Items covered by one that is CRITICAL already cannot worsen anything and are left out.
    """
    views, item = topology.views, order[-1]
    cover = {item: item}
    known = set(order)
    for at in reversed(order[:-1]):
        consumers = views.consumer[views.down[at] : views.down[at + 1]]
        covers = {cover.get(consumer) for consumer in consumers if consumer in known and consumer != at}
        only = covers.pop() if len(covers) == 1 else None
        cover[at] = at if only is None or only == item else only
    return {at: by for at, by in cover.items() if at != item and effective[at] < TOP and effective[by] < TOP}


def _beneath(around: _Surroundings, covers: set[int]) -> tuple[int, ...]:
    """Return the items, by key, that alone would worsen the asked one, all beneath these covers.

    Where they are more than one play holds, those listed first in the walk from the item are looked at.
    """
    listed = [at for at, by in around.cover.items() if by in covers][: around.most]
    found = (at for (at,) in around.worsening([(at,) for at in listed]))
    return tuple(sorted(found, key=around.topology.keys.__getitem__))


def _columns(sets: Sequence[tuple[int, ...]]) -> dict[int, Bits]:
    """Return for each item the sets that hold it."""
    width = len(sets) // 8 + 1
    columns: dict[int, bytearray] = {}
    for number, failing in enumerate(sets):
        for item in failing:
            columns.setdefault(item, bytearray(width))[number >> 3] |= 1 << (number & 7)
    return {item: int.from_bytes(column, "little") for item, column in columns.items()}
