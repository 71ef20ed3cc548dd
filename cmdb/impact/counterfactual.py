"""How one item would stand if each of others were repaired, or alone failed: a scenario each, played at once."""

from collections.abc import Sequence

from cmdb.impact.arrays import SeverityArray, Topology
from cmdb.impact.closure import close, compile_closure, providers_first
from cmdb.impact.scenarios import Table, play, table

TOP = 4


def if_repaired(
    topology: Topology, own: SeverityArray, effective: SeverityArray, item: int, repaired: Sequence[int]
) -> list[int]:
    """Return the item's severity without the own one of each of these items in turn; all severities are [N]."""
    full = (1 << len(repaired)) - 1
    order = providers_first(topology, item, effective.data)  # what stands at OK can only stay there
    bits = {at: full ^ (1 << number) for number, at in enumerate(repaired)}
    failing = {place: at for place, at in enumerate(order) if own[at]}
    start = {place: table(full, int(own[at]), bits.get(at, full)) for place, at in failing.items()}
    return _rungs(play(compile_closure(topology, order), start, range(len(order)), full)[-1], len(repaired))


def if_alone(topology: Topology, item: int, failing: Sequence[int]) -> list[int]:
    """Return the item's severity if each of these items in turn were at CRITICAL and nothing else failed."""
    closure = close(topology, item)
    rank = {at: place for place, at in enumerate(closure.order)}
    full = (1 << len(failing)) - 1
    start = {rank[at]: table(full, TOP, 1 << number) for number, at in enumerate(failing) if at in rank}
    return _rungs(play(closure, start, closure.downstream(start), full)[-1], len(failing))


def _rungs(found: Table, scenarios: int) -> list[int]:
    return [max(rung for rung in range(5) if found[rung] >> number & 1) for number in range(scenarios)]
