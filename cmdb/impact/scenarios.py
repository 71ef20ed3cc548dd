"""Plays many failure scenarios at once: each scenario is one bit of arbitrarily long integers.

An item's table holds for each rung the scenarios in which it stands at or above that rung. Maps pick from the
provider's table, a group of one is OR, and a redundancy group is a weighted threshold, added up bit by bit. That one
mechanism serves causes, minimal sets, repairs, margins and single points of failure.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from heapq import heappop, heappush

from cmdb.impact.arrays import SINGLE, Topology, Views

Bits = int
Table = list[Bits]
"""Six entries: all scenarios, those at or above rung 1, 2, 3, 4, and none."""

_Member = tuple[Table, tuple[int, ...], int]


def table(full: Bits, rung: int, bits: Bits) -> Table:
    """Return the table of an item that stands at `rung` in the scenarios `bits`, else at OK."""
    return [full, *(bits if rung >= at else 0 for at in (1, 2, 3, 4)), 0]


def providers_first(topology: Topology, item: int, within: Collection[int]) -> list[int]:
    """Return the items of `within` upstream of the item, itself last, providers before consumers except in cycles."""
    views = topology.views
    order: list[int] = []
    seen = {item}
    path = [(item, iter(_providers(views, item)))]
    while path:
        at, rest = path[-1]
        following = next((end for end in rest if end not in seen and end in within), None)
        if following is None:
            order.append(at)
            path.pop()
        else:
            seen.add(following)
            path.append((following, iter(_providers(views, following))))
    return order


def affected(topology: Topology, sources: Sequence[int], within: Collection[int]) -> set[int]:
    """Return the sources and what they can impact without leaving `within`."""
    views = topology.views
    touched, waiting = set(sources), list(sources)
    while waiting:
        at = waiting.pop()
        for consumer in views.consumer[views.down[at] : views.down[at + 1]]:
            if consumer in within and consumer not in touched:
                touched.add(consumer)
                waiting.append(consumer)
    return touched


def play(
    topology: Topology, order: Sequence[int], start: Mapping[int, Table], full: Bits
) -> dict[int, Table]:
    """Return the tables at the least fixpoint above `start`, of all items that fail in some scenario.

    `order` names the items that may change, best providers first: then only those on cycles are looked at more than
    once. Items outside it keep what `start` says, or are OK.
    """
    views = topology.views
    needs = tuple(map(_least_rungs, views.tables))
    rank = {item: place for place, item in enumerate(order)}
    tables = dict(start)
    waiting, queued = list(range(len(order))), [True] * len(order)
    while waiting:
        place = heappop(waiting)
        queued[place] = False
        item = order[place]
        before = tables.get(item)
        after = _pull(views, item, tables, needs, before or table(full, 0, 0))
        if after != before and after[1]:
            tables[item] = after
            for consumer in views.consumer[views.down[item] : views.down[item + 1]]:
                at = rank.get(consumer)
                if at is not None and not queued[at]:
                    queued[at] = True
                    heappush(waiting, at)
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


def _added_up(members: list[tuple[Bits, int]], trip: int, full: Bits) -> Bits:
    """Add the weights up in all scenarios at once: plane k holds bit k of each scenario's sum; then compare."""
    if sum(weight for _, weight in members) < trip:
        return 0
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


def _providers(views: Views, item: int) -> list[int]:
    provider = views.provider
    return [provider[edge] for edge in views.up_edges[views.up[item] : views.up[item + 1]]]


def _least_rungs(row: bytes) -> tuple[int, ...]:
    """Return for rungs 1..4 the least provider rung that is mapped to at least that, or 5."""
    return tuple(next((rung for rung in range(1, 5) if row[rung] >= at), 5) for at in (1, 2, 3, 4))


def _pull(
    views: Views, item: int, tables: Mapping[int, Table], needs: tuple[tuple[int, ...], ...], mine: Table
) -> Table:
    """Return the item's table with what it takes over from its providers' present tables."""
    provider, group, rungs = views.provider, views.group, views.rungs
    full, one, two, three, four, none = mine
    groups: dict[int, list[_Member]] = {}
    for edge in views.up_edges[views.up[item] : views.up[item + 1]]:
        theirs = tables.get(provider[edge])
        if theirs is None:
            continue
        least = needs[rungs[edge]]
        if group[edge] == SINGLE:
            one |= theirs[least[0]]
            two |= theirs[least[1]]
            three |= theirs[least[2]]
            four |= theirs[least[3]]
        else:
            groups.setdefault(group[edge], []).append((theirs, least, views.tally[edge]))
    mine = [full, one, two, three, four, none]
    for number, members in groups.items():
        _join(mine, members, views.trip[number], worst=bool(views.worst[number]))
    return mine


def _join(mine: Table, members: list[_Member], trip: int, *, worst: bool) -> None:
    """Raise the table by what a redundancy group with these failing members gives."""
    full = mine[0]
    tripped = full
    for rung in (1, 2, 3, 4):
        mapped = [(theirs[least[rung - 1]], weight) for theirs, least, weight in members]
        if rung == 1 or not worst:
            tripped &= reaching(mapped, trip, full)  # a rung's sum never exceeds that of the rung below
        if not tripped:
            return
        mine[rung] |= tripped & _any(mapped) if worst else tripped


def _any(mapped: list[tuple[Bits, int]]) -> Bits:
    bits = 0
    for found, _ in mapped:
        bits |= found
    return bits
