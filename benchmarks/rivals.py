"""Reach by other people's engines, each in its own best way; numbers in, numbers out, the start left out."""

import sqlite3
from collections.abc import Iterable
from typing import Any

import networkx as nx  # type: ignore[import-untyped]
import numpy as np
import rustworkx as rx
from neo4j import Driver
from scipy.sparse import csr_array  # type: ignore[import-untyped]
from scipy.sparse.csgraph import breadth_first_order  # type: ignore[import-untyped]

from benchmarks.estate import Estate
from benchmarks.rounds import Competitor

Rival = tuple[Driver, str]
"""A Neo4j that holds the estate as `plain_loader` wrote it: driver and database."""

_REACH_SQL = """
WITH RECURSIVE reached(n) AS (
  SELECT consumer FROM dependency WHERE provider = ?1
  UNION SELECT d.consumer FROM reached JOIN dependency d ON d.provider = reached.n
) SELECT n FROM reached
"""

# Everything that needs this CI in the end: no path is bound and ends are distinct, so the planner may prune; one
# record carries all numbers, because rows are what the protocol charges for.
REACH_CYPHER = """
MATCH (:Ci {number: $number})<-[:NEEDS*1..]-(c) WITH DISTINCT c RETURN collect(c.number) AS reached
"""


def members(found: Iterable[int]) -> frozenset[int]:
    """Return any engine's answer as plain numbers."""
    return frozenset(int(number) for number in found)


def rival_engines(estate: Estate, *, networkx: bool = True) -> dict[str, Competitor[int]]:
    """Return in-process rivals over the dependencies that carry impact, provider to consumer."""
    consumers, providers = estate.consumers[estate.live], estate.providers[estate.live]
    made = {
        "rustworkx": _rustworkx(estate, providers, consumers),
        "scipy": _scipy(estate, providers, consumers),
        "SQLite recursive CTE": _sqlite(providers, consumers),
    }
    if networkx:
        made["NetworkX"] = _networkx(estate, providers, consumers)
    return made


def _without(start: int, found: Any) -> frozenset[int]:
    return members(found) - {start}


def _rustworkx(estate: Estate, providers: Any, consumers: Any) -> Competitor[int]:
    graph = rx.PyDiGraph(multigraph=False)
    graph.add_nodes_from(range(len(estate)))
    graph.add_edges_from_no_data(list(zip(providers.tolist(), consumers.tolist(), strict=True)))
    return Competitor(lambda start: (start, rx.descendants(graph, start)), lambda told: _without(*told))


def _scipy(estate: Estate, providers: Any, consumers: Any) -> Competitor[int]:
    ones = np.ones(len(providers), np.int8)
    matrix = csr_array((ones, (providers, consumers)), shape=(len(estate), len(estate)))

    def ask(start: int) -> tuple[int, Any]:
        return start, breadth_first_order(matrix, start, return_predecessors=False)

    return Competitor(ask, lambda told: _without(*told))


def _sqlite(providers: Any, consumers: Any) -> Competitor[int]:
    database = sqlite3.connect(":memory:")
    database.execute(
        "CREATE TABLE dependency (provider INTEGER, consumer INTEGER, PRIMARY KEY (provider, consumer)) WITHOUT ROWID"
    )
    rows = zip(providers.tolist(), consumers.tolist(), strict=True)
    database.executemany("INSERT OR IGNORE INTO dependency VALUES (?, ?)", rows)
    database.commit()

    def ask(start: int) -> tuple[int, list[int]]:
        return start, [number for (number,) in database.execute(_REACH_SQL, (start,))]

    return Competitor(ask, lambda told: _without(*told))


def _networkx(estate: Estate, providers: Any, consumers: Any) -> Competitor[int]:
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(estate)))
    graph.add_edges_from(zip(providers.tolist(), consumers.tolist(), strict=True))
    return Competitor(lambda start: (start, nx.descendants(graph, start)), lambda told: _without(*told))


def cypher(rival: Rival) -> Competitor[int]:
    """Return pure Cypher over the driver on the rival's own graph, see `plain_loader`."""
    driver, database = rival
    session = driver.session(database=database, fetch_size=1000)

    def ask(start: int) -> tuple[int, list[int]]:
        with session.begin_transaction() as transaction:
            (row,) = transaction.run(REACH_CYPHER, number=start)
            return start, row["reached"]

    return Competitor(ask, lambda told: _without(*told))


def cypher_operators(rival: Rival) -> list[str]:
    """Return the operators of the plan, so that a reader sees that it prunes."""
    driver, database = rival
    with driver.session(database=database) as session:
        plan: Any = session.run("EXPLAIN " + REACH_CYPHER, number=0).consume().plan
    operators, waiting = [], [plan] if plan else []
    while waiting:
        step = waiting.pop()
        operators.append(str(step["operatorType"]).partition("@")[0])
        waiting += step.get("children", [])
    return operators
