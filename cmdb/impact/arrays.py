"""The topology as parallel arrays: what exists and what needs what, at one revision, never altered.

Edges are numbered so that those that take part in impact come first (`0 .. live`), ordered by provider; the silent
ones (map `ignore`, strength telemetry) follow, ordered by provider as well, and serve walking only.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmdb.model.redundancy import RedundancyGroup
from cmdb.model.severity import Strength

IntArray = NDArray[np.int32]
SeverityArray = NDArray[np.uint8]
Weights = NDArray[np.unsignedinteger[Any]]

SINGLE = -1
"""The group number of a dependency that names no group: it is a group of one."""

STRENGTHS = tuple(Strength)


@dataclass(frozen=True, eq=False)
class GroupArrays:
    """Declared redundancy groups [G].

    `trip` is the least tally of failing members at which a group trips, 1 or more; `members[starts[g]:starts[g + 1]]`
    are its edges that take part, `weight` their total weight.
    """

    consumer: IntArray
    declared: tuple[RedundancyGroup, ...]
    worst: NDArray[np.bool_]
    weight: NDArray[np.int64]
    trip: NDArray[np.int64]
    starts: IntArray
    members: IntArray

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Return the groups' names."""
        return tuple(group.name for group in self.declared)


class KeyIndex(Mapping[str, int]):
    """The number of each key among sorted keys, found by halving: no dict to hold and renumber."""

    __slots__ = ("_keys",)

    def __init__(self, keys: tuple[str, ...]) -> None:
        """Take keys in order, each once."""
        self._keys = keys

    def __getitem__(self, key: str) -> int:
        """Return the key's number; KeyError when it is not there."""
        place = bisect_left(self._keys, key)
        if place == len(self._keys) or self._keys[place] != key:
            raise KeyError(key)
        return place

    def __iter__(self) -> Iterator[str]:
        """Yield the keys in order."""
        return iter(self._keys)

    def __len__(self) -> int:
        """Count the keys."""
        return len(self._keys)


class EdgeView(NamedTuple):
    """One dependency in words; ends are CI numbers, `group` is None for a group of one."""

    consumer: int
    provider: int
    verb: str
    strength: Strength
    group: str | None
    weight: int


class Views(NamedTuple):
    """The arrays as buffers that hand out plain ints: reading one number costs a third of numpy's price."""

    consumer: memoryview
    provider: memoryview
    group: memoryview
    rungs: memoryview
    weight: memoryview
    tally: memoryview
    down: memoryview
    up: memoryview
    up_edges: memoryview
    trip: memoryview
    worst: memoryview
    group_consumer: memoryview
    starts: memoryview
    members: memoryview
    tables: tuple[bytes, ...]


@dataclass(frozen=True, eq=False)
class Topology:
    """Items [N] and dependencies [E]; `keys`, `names`, `classes` and `index` speak of item numbers.

    `rungs` picks a row of `tables` [n, 5]: what each provider rung becomes. `tally` is the weight an edge adds to its
    group's failing members: its `weight`, or 1 in a group that trips at any member. `down[v]:down[v + 1]` are the
    edges to consumers of v, `up_edges[up[v]:up[v + 1]]` those to its providers.
    """

    keys: tuple[str, ...]
    names: tuple[str, ...]
    classes: tuple[str, ...]
    index: Mapping[str, int]
    consumer: IntArray
    provider: IntArray
    group: IntArray
    rungs: NDArray[np.uint8]
    weight: Weights
    tally: Weights
    verb: Weights
    strength: NDArray[np.uint8]
    tables: NDArray[np.uint8]
    verbs: tuple[str, ...]
    groups: GroupArrays
    down: IntArray
    up: IntArray
    up_edges: IntArray
    silent_up: IntArray

    def __len__(self) -> int:
        """Count the items."""
        return len(self.keys)

    @property
    def live(self) -> int:
        """The number of edges that take part in impact."""
        return len(self.up_edges)

    @cached_property
    def views(self) -> Views:
        """Return the buffers that plain Python reads."""
        groups = self.groups
        return Views(
            consumer=self.consumer.data,
            provider=self.provider.data,
            group=self.group.data,
            rungs=self.rungs.data,
            weight=self.weight.data,
            tally=self.tally.data,
            down=self.down.data,
            up=self.up.data,
            up_edges=self.up_edges.data,
            trip=groups.trip.data,
            worst=groups.worst.data,
            group_consumer=groups.consumer.data,
            starts=groups.starts.data,
            members=groups.members.data,
            tables=tuple(map(bytes, self.tables)),
        )

    @cached_property
    def kept(self) -> dict[str, Any]:
        """Return the room for what was worked out from this topology alone; nothing in it may point back here."""
        return {}

    def edge(self, edge: int) -> EdgeView:
        """Return one dependency in words."""
        group = int(self.group[edge])
        return EdgeView(
            int(self.consumer[edge]),
            int(self.provider[edge]),
            self.verbs[self.verb[edge]],
            STRENGTHS[self.strength[edge]],
            None if group == SINGLE else self.groups.names[group],
            int(self.weight[edge]),
        )

    def to_providers(self, item: int) -> list[int]:
        """Return all edges from the item to what it needs, silent ones last."""
        views, silent = self.views, self.silent_up.data
        consumer = views.consumer
        start = bisect_left(silent, item, key=consumer.__getitem__)
        end = bisect_right(silent, item, lo=start, key=consumer.__getitem__)
        return views.up_edges[views.up[item] : views.up[item + 1]].tolist() + silent[start:end].tolist()

    def to_consumers(self, item: int) -> list[int]:
        """Return all edges to the item from what needs it, silent ones last."""
        views = self.views
        start = bisect_left(views.provider, item, lo=self.live)
        end = bisect_right(views.provider, item, lo=start)
        return [*range(views.down[item], views.down[item + 1]), *range(start, end)]
