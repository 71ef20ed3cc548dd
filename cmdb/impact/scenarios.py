"""Plays many failure scenarios at once: each scenario is one bit of arbitrarily long integers.

An item's table holds for each rung the scenarios in which it stands at or above that rung. Maps pick from the
provider's table, a group of one is OR, and a redundancy group is a weighted threshold, added up bit by bit. That one
mechanism serves causes, minimal sets, repairs, margins and single points of failure.
"""

from collections.abc import Iterable, Mapping, Sequence
from heapq import heappop, heappush

from cmdb.impact.closure import Closure, LocalGroup

Bits = int
Table = list[Bits]
"""Six entries: all scenarios, those at or above rung 1, 2, 3, 4, and none."""


def table(full: Bits, rung: int, bits: Bits) -> Table:
    """Return the table of an item that stands at `rung` in the scenarios `bits`, else at OK."""
    return [full, *([bits] * rung), *([0] * (5 - rung))]


def play(closure: Closure, start: Mapping[int, Table], touched: Sequence[int], full: Bits) -> list[Table]:
    """Return the tables by place at the least fixpoint above `start`.

    `touched` are the places that may change, in ascending order; the others keep what `start` says, or are OK. Only
    items on cycles are looked at more than once.
    """
    calm = table(full, 0, 0)
    tables = [calm] * len(closure)
    for place, given in start.items():
        tables[place] = given
    changeable = set(touched)
    again: list[int] = []
    for place in touched:
        _renew(closure, tables, place, changeable, again)
    while again:
        place = heappop(again)
        if not again or again[0] != place:
            _renew(closure, tables, place, changeable, again, everywhere=True)
    return tables


def reaching(members: Iterable[tuple[Bits, int]], trip: int, full: Bits) -> Bits:
    """Return the scenarios in which the weights of the members that fail in them add up to `trip` or more."""
    weights: dict[Bits, int] = {}
    for bits, weight in members:
        if bits and weight:
            weights[bits] = weights.get(bits, 0) + weight
    trip -= weights.pop(full, 0)
    if trip <= 0:
        return full
    alone = 0
    for bits, weight in weights.items():
        if weight >= trip:
            alone |= bits
    return alone | _added_up([pair for pair in weights.items() if pair[1] < trip], trip, full)


def _renew(
    closure: Closure,
    tables: list[Table],
    place: int,
    changeable: set[int],
    again: list[int],
    *,
    everywhere: bool = False,
) -> None:
    """Pull the table of one item; note the consumers that must look again, without `everywhere` only earlier ones."""
    before = tables[place]
    after = _pull(closure, tables, place)
    if after == before:
        return
    tables[place] = after
    for consumer in closure.consumers[place]:
        if (everywhere or consumer <= place) and consumer in changeable:
            heappush(again, consumer)


def _pull(closure: Closure, tables: Sequence[Table], place: int) -> Table:
    """Return the item's table with what it takes over from its providers' present tables."""
    full, one, two, three, four, none = tables[place]
    for provider, least in closure.singles[place]:
        theirs = tables[provider]
        one |= theirs[least[0]]
        two |= theirs[least[1]]
        three |= theirs[least[2]]
        four |= theirs[least[3]]
    mine = [full, one, two, three, four, none]
    for group in closure.groups[place]:
        _join(mine, group, tables)
    return mine


def _join(mine: Table, group: LocalGroup, tables: Sequence[Table]) -> None:
    """Raise the table by what a redundancy group gives."""
    full, tripped = mine[0], 0
    before: list[tuple[Bits, int]] = []
    for rung in (1, 2, 3, 4):
        mapped = [(tables[place][least[rung - 1]], weight) for place, least, weight in group.members]
        if rung == 1 or (not group.worst and mapped != before):
            tripped = reaching(mapped, group.trip, full)
        if not tripped:
            return
        mine[rung] |= tripped & _any(mapped) if group.worst else tripped
        before = mapped


def _any(mapped: Iterable[tuple[Bits, int]]) -> Bits:
    bits = 0
    for found, _ in mapped:
        bits |= found
    return bits


def _added_up(members: list[tuple[Bits, int]], trip: int, full: Bits) -> Bits:
    """Add the weights up in all scenarios at once: plane k holds bit k of each scenario's sum; then compare."""
    whole = sum(weight for _, weight in members)
    if whole < trip:
        return 0
    if whole == trip:
        for bits, _ in members:
            full &= bits
        return full
    planes: list[Bits] = []
    for bits, weight in members:
        _add(planes, bits, weight)
    above, equal = 0, full
    for place in range(max(len(planes), trip.bit_length()) - 1, -1, -1):
        plane = planes[place] if place < len(planes) else 0
        if trip >> place & 1:
            equal &= plane
        else:
            above |= equal & plane
            equal &= full ^ plane
    return above | equal


def _add(planes: list[Bits], bits: Bits, weight: int) -> None:
    carry, place = 0, 0
    while weight >> place or carry:
        if place == len(planes):
            planes.append(0)
        addend = bits if weight >> place & 1 else 0
        plane = planes[place]
        planes[place] = plane ^ addend ^ carry
        carry = (plane & addend) | (plane & carry) | (addend & carry)
        place += 1
