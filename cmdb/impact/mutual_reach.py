"""Which of some CIs can impact which others, kept as CIs come and go."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cmdb.impact.arrays import Topology
from cmdb.impact.reach import downstream, upstream

_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True)
class MutualReach:
    """`above[item]` are the others whose failure can reach the item; for the CIs that it was made for and no more.

    Immutable: `of` shares what stays. A CI that comes costs one search each way, whatever the number of the others.
    """

    topology: Topology
    above: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def of(self, items: Collection[str]) -> "MutualReach":
        """Return the same for these CIs; those that the topology does not know are left out."""
        index = self.topology.index
        wanted = {item: place for item in items if (place := index.get(item)) is not None}
        gone, come = self.above.keys() - wanted.keys(), wanted.keys() - self.above.keys()
        if not gone and not come:
            return self
        # What a CI reaches may be a whole estate, what reaches it is little: of many new ones ask that.
        stays = {} if 2 * len(come) > len(wanted) else self.above
        above = {item: known for item, known in stays.items() if item in wanted}
        for item in _touched(above, gone):
            above[item] -= gone
        self._add(above, wanted)
        return MutualReach(self.topology, above)

    def _add(self, above: dict[str, frozenset[str]], wanted: Mapping[str, int]) -> None:
        """Add those that are wanted and not there yet."""
        is_wanted = np.zeros(len(self.topology), np.bool_)
        is_wanted[list(wanted.values())] = True
        name = {place: item for item, place in wanted.items()}
        fresh, known = wanted.keys() - above.keys(), set(above)
        for item in fresh:
            above[item] = _met(upstream(self.topology, wanted[item]), is_wanted, name) - {item}
        for item in fresh if known else ():
            for below in known & _met(downstream(self.topology, [wanted[item]]), is_wanted, name):
                above[below] |= {item}


def _met(found: NDArray[np.int32], is_wanted: NDArray[np.bool_], name: Mapping[int, str]) -> frozenset[str]:
    return frozenset(name[place] for place in found[is_wanted[found]].tolist())


def _touched(above: Mapping[str, frozenset[str]], gone: Collection[str]) -> list[str]:
    return [item for item, known in above.items() if not known.isdisjoint(gone)] if gone else []
