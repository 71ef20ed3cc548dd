"""W1: the impact search alone. Reach beside rivals with groups off, full rules beside the brute force."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from benchmarks.estate import Estate, reaches, samples
from benchmarks.outcome import Result
from benchmarks.rivals import Rival, cypher, cypher_operators, members, rival_engines
from benchmarks.rounds import Competitor, DifferentAnswers, affordable, compare
from cmdb.impact.propagation import evaluate, spread
from cmdb.impact.reach import downstream
from cmdb.impact.topology import Topology, build_topology
from cmdb.model.severity import Severity
from cmdb.ports.graph import DependencyColumns, ItemColumns
from tests.oracle.brute_force import Oracle

T = TypeVar("T")
ASKED = 30
SECONDS = 60.0
"""Time for one class of questions with all competitors; a single one may take seconds at size L."""

ORACLE_SIZE = 120
ORACLE_CASES = 40


def measure_kernel(estate: Estate, rival: Rival | None) -> Result:
    """Return the reach of each class beside the rivals and the full rules' own times."""
    bare, full = estate.topology(grouped=False), estate.topology()
    chosen = samples(estate)
    reached = reaches(bare, chosen)
    rivals = rival_engines(estate)
    operators: list[str] = []
    if rival is not None:
        rivals["Cypher on Neo4j"] = cypher(rival)
        operators = cypher_operators(rival)
    ours = {"ours: reach": _reach(bare), "ours: rules": _spread(bare)}
    cases = {}
    for name, found in chosen.items():
        asked = affordable(found[:ASKED], lambda number: _ask_all(ours | rivals, number), SECONDS)
        cases[name] = {"reach": spread_of(reached[name])}
        cases[name] |= compare(asked, ours | rivals)
        cases[name]["all_rules"] = compare(asked, {"all rules": _spread(full)})["times"]["all rules"]
    return {
        "estate": {"cis": len(estate), "dependencies": len(estate.consumers)},
        "oracle": check_rules(estate),
        "cypher_operators": operators,
        "cases": cases,
    }


def _ask_all(competitors: Mapping[str, Competitor[int]], number: int) -> None:
    for competitor in competitors.values():
        competitor.ask(number)


def spread_of(reached: Sequence[int]) -> dict[str, int]:
    """Return the percentiles of a class's reach."""
    at = (50, 90, 99, 100)
    return {f"p{part}": int(value) for part, value in zip(at, np.percentile(reached, at), strict=True)}


def _reach(topology: Topology) -> Competitor[int]:
    return Competitor(
        lambda start: (start, downstream(topology, [start])), lambda told: members(told[1]) - {told[0]}
    )


def _spread(topology: Topology) -> Competitor[int]:
    critical = int(Severity.CRITICAL)
    return Competitor(
        lambda start: (start, spread(topology, {start: critical})), lambda told: members(told[1]) - {told[0]}
    )


def check_rules(estate: Estate) -> dict[str, int]:
    """Compare the kernel with the brute force on a part of the estate, under random own severities."""
    kept, rows = _part(estate)
    oracle = Oracle(_picked(estate.items(), kept), _picked(estate.dependencies(), rows))
    topology = build_topology(*_columns(estate, kept, rows))
    draw = np.random.default_rng(3)
    for _ in range(ORACLE_CASES):
        own = draw.integers(1, 5, len(kept)) * (draw.random(len(kept)) < 0.08)
        found = dict(zip(topology.keys, evaluate(topology, own.astype(np.uint8)).tolist(), strict=True))
        expected = oracle.severities(dict(zip(topology.keys, own.tolist(), strict=True)))
        if found != expected:
            raise DifferentAnswers("the kernel and the brute force differ")
    return {"cis": len(kept), "dependencies": len(rows), "cases": ORACLE_CASES}


def _picked(found: Iterable[T], numbers: list[int]) -> list[T]:
    wanted = set(numbers)
    return [entry for number, entry in enumerate(found) if number in wanted]


def _part(estate: Estate) -> tuple[list[int], list[int]]:
    """Return what hangs on one host, as far as it goes, and its dependencies."""
    topology = estate.topology(grouped=False)
    start = samples(estate)["host"][0]
    kept = downstream(topology, [start])[:ORACLE_SIZE]
    inside = np.isin(estate.consumers, kept) & np.isin(estate.providers, kept)
    return np.sort(kept).tolist(), np.flatnonzero(inside).tolist()


def _columns(estate: Estate, kept: list[int], rows: list[int]) -> tuple[ItemColumns, DependencyColumns]:
    items, dependencies = estate.item_columns(), estate.dependency_columns()
    for columns, numbers in ((items, kept), (dependencies, rows)):
        for name in columns.__slots__:
            held = getattr(columns, name)
            setattr(columns, name, [held[number] for number in numbers])
    return items, dependencies
