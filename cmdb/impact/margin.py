"""How many further provider failures an item survives, and which single one would worsen it.

Further failures put upstream items at CRITICAL on top of everything that fails now. An item all of whose ways to the
asked one lead through one other provider is covered by it: whatever its failure does, that provider's does too. So sets
are sought among items that nothing covers, which in real estates are few.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

from cmdb.impact.arrays import IntArray, SeverityArray, Topology
from cmdb.impact.closure import Closure, close
from cmdb.impact.node_rules import TOP
from cmdb.impact.scenarios import Bits, play, table
from cmdb.impact.single_points import MOST, Found, SinglePoints, TooMany, beyond

Set = tuple[int, ...]

BOUND = 2
"""Up to so many further failures margins are exact unless asked otherwise."""

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


NOTHING_TO_LOSE = MarginResult(None, exact=True, next_failures=())


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """The item's closure with the severities of its places, and what covers each place that can still worsen it."""

    closure: Closure
    effective: Sequence[int]
    cover: Mapping[int, int]

    @property
    def most(self) -> int:
        """The number of sets that one play may hold."""
        return min(SCENARIOS, BITS // len(self.closure))

    def worsening(self, sets: Sequence[Set]) -> list[Set]:
        """Return those sets of places whose joint failure would worsen the item."""
        full = (1 << len(sets)) - 1
        start = {place: table(full, rung, full) for place, rung in enumerate(self.effective) if rung}
        columns = _columns(sets)
        for place, bits in columns.items():
            start[place] = [
                full,
                *(full if self.effective[place] >= rung else bits for rung in (1, 2, 3, 4)),
                0,
            ]
        after = play(self.closure, start, self.closure.downstream(columns), full)[-1][self.effective[-1] + 1]
        return [failing for number, failing in enumerate(sets) if after >> number & 1]


class Margins:
    """The margins at the severities of `points`, each worked out when first asked for, exact up to `bound` failures."""

    def __init__(
        self,
        points: SinglePoints,
        known: dict[int, MarginResult],
        *,
        base: "Margins | None" = None,
        bound: int = BOUND,
    ) -> None:
        self._points = points
        self._known = known
        self._base = base
        self._bound = bound

    def after(self, effective: SeverityArray, beneath: IntArray | None = None) -> "Margins":
        """Return the margins at other effective severities [N]; what does not differ is not worked out again.

        `beneath` are all items downstream of a difference, or more, where they are known already.
        """
        topology, before = self._points.topology, self._points.effective
        reached = beyond(topology, before, effective) if beneath is None else beneath
        points = SinglePoints(topology, effective, Found(), base=self._points, beneath=reached)
        return Margins(points, {}, base=self, bound=self._bound)

    def of(self, item: int) -> MarginResult:
        """Return the item's margin."""
        if self._base is not None and not self._points.differs(item):
            return self._base.of(item)
        found = self._known.get(item)
        if found is None:
            found = self._known[item] = _margin(self._points, item, self._bound)
        return found


@dataclass(frozen=True, slots=True)
class _Latest:
    """What a topology keeps for the next revision: severities, and what was found at them."""

    effective: SeverityArray
    found: Found
    margins: dict[int, MarginResult]


def present_margins(topology: Topology, effective: SeverityArray) -> Margins:
    """Return the margins at effective severities [N], with what the topology knows from those asked for before."""
    latest: _Latest | None = topology.kept.get("margins")
    if latest is None:
        latest = _Latest(effective, Found(), {})
    elif len(stale := beyond(topology, latest.effective, effective)):
        margins = latest.margins.copy()
        for item in stale.tolist():
            margins.pop(item, None)
        latest = _Latest(effective, latest.found.without(stale), margins)
    topology.kept["margins"] = latest
    return Margins(SinglePoints(topology, effective, latest.found), latest.margins)


def margin(
    topology: Topology, effective: SeverityArray, item: int, *, bound: int = BOUND, most: int = MOST
) -> MarginResult:
    """Return the item's margin under these effective severities [N], exact up to `bound` further failures."""
    return _margin(SinglePoints(topology, effective, Found(most)), item, bound)


def _margin(points: SinglePoints, item: int, bound: int) -> MarginResult:
    """Look for single failures where all sets are small enough to be known, and play sets of failures otherwise."""
    topology, effective = points.topology, points.effective
    if effective[item] == TOP:
        return NOTHING_TO_LOSE
    try:
        alone = points.of(item, int(effective[item]) + 1) - {item}
    except TooMany:
        return _played(topology, effective, item, bound, singly=True)
    if alone:
        return MarginResult(0, exact=True, next_failures=tuple(sorted(alone, key=topology.keys.__getitem__)))
    return _played(topology, effective, item, bound, singly=False)


def _played(
    topology: Topology, effective: SeverityArray, item: int, bound: int, *, singly: bool
) -> MarginResult:
    closure = close(topology, item)
    severities = effective[closure.order].tolist()
    around = _Surroundings(closure, severities, _cover(closure, severities))
    free = sorted(set(around.cover.values()))
    listed = free if singly and len(free) < around.most else []
    everything = tuple(free)
    found = around.worsening([everything, *((place,) for place in listed)])
    if everything not in found:
        return NOTHING_TO_LOSE
    alone = {place for failing in found if len(failing) == 1 for place in failing} if listed else set()
    if alone:
        beneath = sorted(
            (closure.order[place] for place in _beneath(around, alone)), key=topology.keys.__getitem__
        )
        return MarginResult(0, exact=True, next_failures=tuple(beneath))
    if singly and not listed:
        return MarginResult(0, exact=False, next_failures=())
    return _joint(around, free, bound)


def _joint(around: _Surroundings, free: Sequence[int], bound: int) -> MarginResult:
    """Try sets of two and more, none of which worsens the item alone."""
    for size in range(2, bound + 1):
        if comb(len(free), size) > around.most:
            return MarginResult(size - 1, exact=False, next_failures=())
        if around.worsening(list(combinations(free, size))):
            return MarginResult(size - 1, exact=True, next_failures=())
    return MarginResult(bound, exact=len(free) == bound + 1, next_failures=())


def _cover(closure: Closure, effective: Sequence[int]) -> dict[int, int]:
    """Return for each provider that is not CRITICAL yet the place that covers it, its own if none does.

    Places covered by one that is CRITICAL already cannot worsen anything and are left out.
    """
    item = len(closure) - 1
    cover = {item: item}
    for place in range(item - 1, -1, -1):
        covers = {cover.get(consumer) for consumer in closure.consumers[place] if consumer != place}
        only = covers.pop() if len(covers) == 1 else None
        cover[place] = place if only is None or only == item else only
    del cover[item]
    return {at: by for at, by in cover.items() if effective[at] < TOP and effective[by] < TOP}


def _beneath(around: _Surroundings, covers: set[int]) -> list[int]:
    """Return the places that alone would worsen the item, all beneath these covers.

    Where they are more than one play holds, those found first on the way up from the item are looked at.
    """
    sets = [(place,) for place, by in around.cover.items() if by in covers][: around.most]
    return [place for (place,) in around.worsening(sets)]


def _columns(sets: Sequence[Set]) -> dict[int, Bits]:
    """Return for each place the sets that hold it."""
    width = len(sets) // 8 + 1
    columns: dict[int, bytearray] = {}
    for number, failing in enumerate(sets):
        for place in failing:
            columns.setdefault(place, bytearray(width))[number >> 3] |= 1 << (number & 7)
    return {place: int.from_bytes(column, "little") for place, column in columns.items()}
