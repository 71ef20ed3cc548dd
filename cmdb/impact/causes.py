"""Which failures make an item as bad as it is, and which repairs would make it better.

F are the failing items upstream of the item, itself included, from which failing items lead to it. A failure is a cause
if it is pivotal: some other failures without it leave the item better than now, and with it do not. With at most 16
failures every subset is played (`lattice`); beyond that `greedy` finds true causes and minimal sets, though not all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cmdb.impact import greedy, lattice
from cmdb.impact.arrays import SeverityArray, Topology
from cmdb.impact.closure import Closure, compile_closure, providers_first
from cmdb.impact.scenarios import Bits, Table, play, table

Sets = tuple[tuple[int, ...], ...]

MOST_FAILURES = 1024
"""Of more failing inputs only this many are looked at, the worst first; the others count as failing throughout."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Item numbers, by key; sets are inclusion-minimal, smallest first. `exact` False: there may be more."""

    causes: tuple[int, ...] = ()
    minimal_failures: Sets = ()
    repairs: Sets = ()
    exact: bool = True


@dataclass(frozen=True, slots=True)
class _Question:
    """Whether the item stands at `rung` or above when only some of `failing` fail, and `held` fail in any case.

    Items are places in the closure; `own` are their severities.
    """

    closure: Closure
    own: Mapping[int, int]
    failing: Sequence[int]
    held: Sequence[int]
    touched: Sequence[int]
    rung: int = 0

    def tables(self, columns: Sequence[Bits], full: Bits) -> Table:
        """Return the item's table, where the k-th of `failing` fails in the scenarios `columns[k]`."""
        start = {place: table(full, self.own[place], full) for place in self.held}
        pairs = zip(self.failing, columns, strict=True)
        start.update((place, table(full, self.own[place], column)) for place, column in pairs)
        return play(self.closure, start, self.touched, full)[-1]

    def bad(self, columns: Sequence[Bits], full: Bits) -> Bits:
        """Return the scenarios in which the item is as bad as now."""
        return self.tables(columns, full)[self.rung]

    def better(self, columns: Sequence[Bits], full: Bits) -> Bits:
        """Return the scenarios in which the item is better than now; `columns` tell what is repaired in them."""
        return full ^ self.bad([full ^ column for column in columns], full)


def explain(
    topology: Topology, own: SeverityArray, effective: SeverityArray, item: int, *, most: int = 20
) -> Explanation:
    """Explain the item's effective severity under own ones [N]; at most `most` sets of each kind are listed.

    What stands at OK while everything fails does so in every scenario, so only ways over failing items are walked.
    """
    if not effective[item]:
        return Explanation()
    order = providers_first(topology, item, effective.data)
    levels = own.data
    failing = {place: rung for place, at in enumerate(order) if (rung := levels[at])}
    if len(failing) == 1:
        lone = tuple(order[place] for place in failing)
        return Explanation(causes=lone, minimal_failures=(lone,), repairs=(lone,))
    closure = compile_closure(topology, order)
    if len(failing) > lattice.WIDEST:
        chosen = sorted(failing, key=lambda place: (-failing[place], -place))
        found = _explain_some(_question(closure, failing, chosen))
    else:
        chosen = sorted(failing, key=lambda place: topology.keys[closure.order[place]])
        found = _explain_all(_question(closure, failing, chosen), most)
    return _named(found, [topology.keys[at] for at in closure.order], closure.order, most)


def _question(closure: Closure, own: Mapping[int, int], chosen: Sequence[int]) -> _Question:
    """Ask about the severity that the item has now."""
    failing, held = chosen[:MOST_FAILURES], chosen[MOST_FAILURES:]
    question = _Question(closure, own, failing, held, closure.downstream(chosen))
    now = question.tables([1] * len(failing), 1)
    return replace(question, rung=max(at for at in range(5) if now[at]))


def _explain_all(question: _Question, most: int) -> Explanation:
    failing, size = question.failing, len(question.failing)
    if question.rung == 0:
        return Explanation()
    truth = question.bad(lattice.columns(size), lattice.full(size))
    failures = lattice.members(lattice.minimal(truth, size), size, most)
    repairs = lattice.members(lattice.maximal_no(truth, size), size, most, left_out=True)
    return Explanation(
        causes=tuple(failing[at] for at in lattice.pivotal(truth, size)),
        minimal_failures=tuple(tuple(failing[at] for at in found) for found in failures),
        repairs=tuple(tuple(failing[at] for at in found) for found in repairs),
    )


def _explain_some(question: _Question) -> Explanation:
    failing, size = question.failing, len(question.failing)
    if question.rung == 0:
        return Explanation()
    failures = greedy.minimal_sets(question.bad, size)
    repairs = greedy.minimal_sets(question.better, size)
    # With some failures held throughout, what else it takes is no minimal set of failures, but still a cause.
    listed = frozenset() if question.held else failures.sets
    return Explanation(
        causes=tuple(failing[at] for at in failures.pivotal | repairs.pivotal),
        minimal_failures=tuple(tuple(failing[at] for at in found) for found in listed),
        repairs=tuple(tuple(failing[at] for at in found) for found in repairs.sets),
        exact=False,
    )


def _named(found: Explanation, keys: Sequence[str], order: Sequence[int], most: int) -> Explanation:
    """Turn places into item numbers, all by key, sets by size first."""

    def ordered(sets: Sets) -> Sets:
        by_key = (sorted(places, key=keys.__getitem__) for places in sets)
        ranked = sorted(by_key, key=lambda places: (len(places), [keys[place] for place in places]))
        return tuple(tuple(order[place] for place in places) for places in ranked[:most])

    causes = tuple(order[place] for place in sorted(found.causes, key=keys.__getitem__))
    return Explanation(causes, ordered(found.minimal_failures), ordered(found.repairs), found.exact)
