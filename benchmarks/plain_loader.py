"""The loader that one writes by hand: UNWIND and MERGE, no history, no provenance, no comparison."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

from neo4j import Driver, Session

from benchmarks.estate import Estate

T = TypeVar("T")
BATCH = 5000

_UNIQUE = (
    "CREATE CONSTRAINT bench_ci_key IF NOT EXISTS FOR (n:Ci) REQUIRE n.key IS UNIQUE",
    "CREATE INDEX bench_ci_number IF NOT EXISTS FOR (n:Ci) ON (n.number)",
)
_ITEMS = "UNWIND $rows AS row MERGE (n:Ci {key: row.key}) SET n += row"
_DEPENDENCIES = """
UNWIND $rows AS row MATCH (a:Ci {key: row.consumer}) MATCH (b:Ci {key: row.provider})
MERGE (a)-[d:<type> {verb: row.verb, group: row.group}]->(b) SET d += row.held
"""


def prepare(driver: Driver, database: str) -> None:
    """Define the keys before any clock runs."""
    with driver.session(database=database) as session:
        for statement in _UNIQUE:
            session.run(statement).consume()


def load(driver: Driver, database: str, estate: Estate) -> int:
    """Write the estate; return how many properties were set."""
    telemetry = {estate.verb_names[number] for number in set(estate.verbs.tolist()) - _live_verbs(estate)}
    with driver.session(database=database) as session:
        written = _write(session, _ITEMS, _item_rows(estate))
        for kind, wanted in (("NEEDS", False), ("WATCHED_BY", True)):
            rows = (row for row in _dependency_rows(estate) if (row["verb"] in telemetry) is wanted)
            written += _write(session, _DEPENDENCIES.replace("<type>", kind), rows)
    return written


def _live_verbs(estate: Estate) -> set[int]:
    return set(estate.verbs[estate.live].tolist())


def _write(session: Session, statement: str, rows: Iterator[dict[str, Any]]) -> int:
    written = 0
    while batch := list(islice(rows, BATCH)):
        with session.begin_transaction() as transaction:
            counters = transaction.run(statement, rows=batch).consume().counters
            written += counters.properties_set
            transaction.commit()
    return written


def _item_rows(estate: Estate) -> Iterator[dict[str, Any]]:
    for number, item in enumerate(estate.items()):
        held = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in item.attributes.items()
        }
        yield {
            "key": item.key,
            "number": number,
            "class": item.ci_class,
            "name": item.name,
            "description": item.description,
            **held,
        }


def _dependency_rows(estate: Estate) -> Iterable[dict[str, Any]]:
    for row in estate.dependencies():
        yield {
            "consumer": row.consumer,
            "provider": row.provider,
            "verb": row.verb,
            "group": row.group or "",
            "held": {"strength": str(row.strength), "weight": row.weight},
        }
