"""Which failures make an item as bad as it is, and which repairs would make it better.

F are the failing items upstream of the item, itself included. A failure is a cause if it is pivotal: some other
failures without it leave the item better than now, and with it do not. With at most 16 failures every subset is played
(`lattice`); beyond that `greedy` finds true causes and true minimal sets, though not all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cmdb.impact import greedy, lattice
from cmdb.impact.arrays import SeverityArray, Topology
from cmdb.impact.reach import upstream
from cmdb.impact.scenarios import Bits, Table, affected, play, providers_first, table

Sets = tuple[tuple[int, ...], ...]

MOST_FAILURES = 1024
"""Of more failing inputs only the nearest of the worst are looked at; the others count as failing throughout."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Item numbers, by key; sets are inclusion-minimal, smallest first. `exact` False: there may be more."""

    causes: tuple[int, ...] = ()
    minimal_failures: Sets = ()
    repairs: Sets = ()
    exact: bool = True


@dataclass(frozen=True, slots=True)
class _Question:
    """Whether the item stands at `rung` or above when only some of `failing` fail, and `held` fail in any case."""

    topology: Topology
    item: int
    order: Sequence[int]
    own: SeverityArray
    failing: Sequence[int]
    held: Sequence[int]
    rung: int

    def tables(self, columns: Sequence[Bits], full: Bits) -> Table:
        """Return the item's table, where the k-th of `failing` fails in the scenarios `columns[k]`."""
        start = {item: table(full, int(self.own[item]), full) for item in self.held}
        pairs = zip(self.failing, columns, strict=True)
        start.update((item, table(full, int(self.own[item]), column)) for item, column in pairs)
        return play(self.topology, self.order, start, full).get(self.item, table(full, 0, 0))

    def bad(self, columns: Sequence[Bits], full: Bits) -> Bits:
        """Return the scenarios in which the item is as bad as now."""
        return self.tables(columns, full)[self.rung]

    def better(self, columns: Sequence[Bits], full: Bits) -> Bits:
        """Return the scenarios in which the item is better than now; `columns` tell what is repaired in them."""
        return full ^ self.bad([full ^ column for column in columns], full)


def explain(topology: Topology, own: SeverityArray, item: int, *, most: int = 20) -> Explanation:
    """Explain the item's effective severity under own severities [N]; at most `most` sets of each kind are listed."""
    closure = upstream(topology, item)
    failing = closure[own[closure] > 0].tolist()
    order = providers_first(topology, item, affected(topology, failing, set(closure.tolist())))
    if len(failing) > lattice.WIDEST:
        # Nearest first among equals: the closure comes breadth first and sorting is stable.
        failing.sort(key=lambda at: -int(own[at]))
        return _explain_some(_question(topology, own, order, item, failing), most)
    failing.sort(key=topology.keys.__getitem__)
    return _explain_all(_question(topology, own, order, item, failing), most)


def _question(
    topology: Topology, own: SeverityArray, order: Sequence[int], item: int, failing: Sequence[int]
) -> _Question:
    """Ask about the severity that the item has now."""
    chosen, held = failing[:MOST_FAILURES], failing[MOST_FAILURES:]
    question = _Question(topology, item, order, own, chosen, held, 0)
    now = question.tables([1] * len(chosen), 1)
    rung = max(at for at in range(5) if now[at])
    return _Question(topology, item, order, own, chosen, held, rung)


def _explain_all(question: _Question, most: int) -> Explanation:
    failing, size = question.failing, len(question.failing)
    if question.rung == 0:
        return Explanation()
    truth = question.bad(lattice.columns(size), lattice.full(size))
    return Explanation(
        causes=tuple(failing[at] for at in lattice.pivotal(truth, size)),
        minimal_failures=_named(lattice.members(lattice.minimal(truth, size), size, most), failing),
        repairs=_named(lattice.members(lattice.maximal_no(truth, size), size, most, left_out=True), failing),
    )


def _explain_some(question: _Question, most: int) -> Explanation:
    if question.rung == 0:
        return Explanation()
    failing, size = question.failing, len(question.failing)
    failures = greedy.minimal_sets(question.bad, size)
    repairs = greedy.minimal_sets(question.better, size)
    causes = {failing[at] for at in failures.pivotal | repairs.pivotal}
    key = question.topology.keys.__getitem__
    return Explanation(
        causes=tuple(sorted(causes, key=key)),
        minimal_failures=() if question.held else _by_key(failures.sets, question, most),
        repairs=_by_key(repairs.sets, question, most),
        exact=False,
    )


def _named(sets: Sequence[Sequence[int]], failing: Sequence[int]) -> Sets:
    return tuple(tuple(failing[at] for at in found) for found in sets)


def _by_key(sets: frozenset[frozenset[int]], question: _Question, most: int) -> Sets:
    key = question.topology.keys.__getitem__
    named = (tuple(sorted((question.failing[at] for at in found), key=key)) for found in sets)
    return tuple(sorted(named, key=lambda found: (len(found), [key(item) for item in found]))[:most])
