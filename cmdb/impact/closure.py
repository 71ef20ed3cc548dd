"""What is upstream of one item, compiled for playing scenarios: small local numbers instead of the whole estate's.

Shared providers have consumers by the ten thousand outside the closure; walking up once and turning the edges round
here keeps them out of sight.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from cmdb.impact.arrays import SINGLE, Topology, Views
from cmdb.impact.reduction import Levels

Least = tuple[int, ...]
"""For rungs 1..4 the least rung of the provider that is mapped to at least that, or 5 where none is."""


@dataclass(frozen=True, slots=True)
class LocalGroup:
    """A redundancy group of one item: (place, least, tally) of each member."""

    trip: int
    worst: bool
    members: Sequence[tuple[int, Least, int]]


@dataclass(frozen=True, slots=True)
class Closure:
    """The items upstream of `order[-1]` by place in `order`, providers before consumers except in cycles.

    Per place: `singles` are its ungrouped providers (place, least), `groups` its redundancy groups, `consumers` the
    places that need it.
    """

    order: Sequence[int]
    singles: Sequence[Sequence[tuple[int, Least]]]
    groups: Sequence[Sequence[LocalGroup]]
    consumers: Sequence[Sequence[int]]

    def __len__(self) -> int:
        """Count the items."""
        return len(self.order)

    def downstream(self, places: Iterable[int]) -> list[int]:
        """Return the places and all that they can impact, providers first."""
        touched = set(places)
        waiting = list(touched)
        while waiting:
            for consumer in self.consumers[waiting.pop()]:
                if consumer not in touched:
                    touched.add(consumer)
                    waiting.append(consumer)
        return sorted(touched)


def close(topology: Topology, item: int) -> Closure:
    """Walk up from the item and compile what was found."""
    return compile_closure(topology, providers_first(topology, item))


def compile_closure(topology: Topology, order: Sequence[int]) -> Closure:
    """Compile the items, providers first; what they need besides counts as never failing."""
    views = topology.views
    rank = {at: place for place, at in enumerate(order)}
    least = least_rungs(views)
    singles: list[list[tuple[int, Least]]] = []
    groups: list[list[LocalGroup]] = []
    consumers: list[list[int]] = [[] for _ in order]
    for place, at in enumerate(order):
        alone: list[tuple[int, Least]] = []
        together: dict[int, list[tuple[int, Least, int]]] = {}
        for edge in views.up_edges[views.up[at] : views.up[at + 1]]:
            provider = rank.get(views.provider[edge])
            if provider is None:
                continue
            consumers[provider].append(place)
            group = views.group[edge]
            if group == SINGLE:
                alone.append((provider, least[views.rungs[edge]]))
            else:
                member = (provider, least[views.rungs[edge]], views.tally[edge])
                together.setdefault(group, []).append(member)
        singles.append(alone)
        groups.append([_local(views, group, members) for group, members in together.items()])
    return Closure(order, singles, groups, consumers)


def _local(views: Views, group: int, members: Sequence[tuple[int, Least, int]]) -> LocalGroup:
    return LocalGroup(views.trip[group], bool(views.worst[group]), members)


def providers_first(topology: Topology, item: int, levels: Levels | None = None) -> list[int]:
    """Return all items upstream, depth first, each after the providers it led to; the item last.

    Given severities, only ways over failing items are walked.
    """
    views = topology.views
    order: list[int] = []
    seen = {item}
    path: list[tuple[int, Iterator[int]]] = [(item, _providers(views, item))]
    while path:
        at, rest = path[-1]
        for provider in rest:
            if provider not in seen and (levels is None or levels[provider]):
                seen.add(provider)
                path.append((provider, _providers(views, provider)))
                break
        else:
            order.append(at)
            path.pop()
    return order


def least_rungs(views: Views) -> tuple[Least, ...]:
    """Return for each row of the rung table the least provider rungs that it maps to 1..4 or above."""
    return tuple(map(_least, views.tables))


def _least(row: bytes) -> Least:
    return tuple(next((rung for rung in range(1, 5) if row[rung] >= at), 5) for at in (1, 2, 3, 4))


def _providers(views: Views, item: int) -> Iterator[int]:
    return map(views.provider.__getitem__, views.up_edges[views.up[item] : views.up[item + 1]])
