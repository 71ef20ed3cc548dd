"""Reads the graph for the projection: whole, bucket by bucket, or what is newer than a revision."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from cmdb.desk.access import sees_all
from cmdb.desk.conformance import WEIGHT_LIMIT
from cmdb.errors import ErrorCode, Forbidden
from cmdb.model.access import Principal
from cmdb.model.kinds import RecordKind
from cmdb.model.severity import AS_IS, Strength
from cmdb.ports.graph import DependencyColumns, GraphDelta, GraphTotals, ItemColumns
from cmdb.store.codec import read_groups, read_map, record_from
from cmdb.store.connection import Connection, Row, Transaction
from cmdb.store.counter import revision_of, settled_revision
from cmdb.store.head import Head
from cmdb.store.shape import BUCKETS, ITEM_LABEL, LABELS, ROLE_PATTERN, fill

_LOG = logging.getLogger(__name__)
T = TypeVar("T")
BATCH = 32
"""Buckets read by one statement: few round trips, and no single row grows past some megabytes."""
STREAMS = 3
"""Statements under way at once: the engine looks up the next ones while an answer is decoded."""
PARTS = 64
"""Rows in which the nodes of one kind come."""
AHEAD = 100
"""Revisions past the head that a tail takes in: a writer may stamp a record anew before the tail comes to it.

What is read too early is read once more by the next tail.
"""

_FIT = "c.key IS NOT NULL AND c.name IS NOT NULL AND c.class IS NOT NULL"
_OPEN = "d.valid_to IS NULL AND c.key IS NOT NULL AND p.key IS NOT NULL"
_COLUMNS = """[type(d), d.strength, d.map, d.weight, d.group] AS how,
collect(c.key) AS consumers, collect(p.key) AS providers"""

# Which CIs are present, as columns per class? What lacks key, name or class was not written by this service.
ALL_ITEMS = f"""
UNWIND $buckets AS bucket MATCH (c:{ITEM_LABEL} {{bucket: bucket}}) WHERE c.valid_to IS NULL AND {_FIT}
RETURN c.class AS class, c.groups AS groups, false AS retired, collect(c.key) AS keys, collect(c.name) AS names
"""

# Which dependencies are open, as columns per kind? Engines charge for each property and each row, not for keys, and
# the embedded one twice as much for a map of properties as for a list.
ALL_DEPENDENCIES = f"""
UNWIND $buckets AS bucket MATCH (c:{ITEM_LABEL} {{bucket: bucket}})-[d:<types>]->(p:{ITEM_LABEL})
WHERE {_OPEN} RETURN {_COLUMNS}
"""

# Which CIs were touched by these revisions, retired ones included?
NEW_ITEMS = f"""
MATCH (c:{ITEM_LABEL}) WHERE c.revision IN range($first, $last) AND {_FIT}
RETURN c.class AS class, c.groups AS groups, c.valid_to IS NOT NULL AS retired,
collect(c.key) AS keys, collect(c.name) AS names
"""

# What do these CIs depend on now?
NEW_DEPENDENCIES = f"""
UNWIND $keys AS key MATCH (c:{ITEM_LABEL} {{key: key}})-[d:<types>]->(p:{ITEM_LABEL})
WHERE {_OPEN} RETURN {_COLUMNS}
"""

# How far has the graph been written, and how many CIs and events does it hold?
TOTALS = f"""
MATCH (r:Counter {{name: 'revision'}})
CALL {{ MATCH (c:{ITEM_LABEL}) RETURN count(c) AS items }}
CALL {{ MATCH (e:Event) RETURN count(e) AS events }}
RETURN r.value AS revision, items, events
"""

# How many CIs hold now?
PRESENT_ITEMS = f"MATCH (c:{ITEM_LABEL}) WHERE c.valid_to IS NULL RETURN count(c) AS total"

# How many dependencies hold now?
PRESENT_DEPENDENCIES = "MATCH ()-[d:<types>]->() WHERE d.valid_to IS NULL RETURN count(d) AS total"

# How many events are open?
PRESENT_EVENTS = "MATCH (e:Event {state: 'open'}) RETURN count(e) AS total"

# How many dependencies are there?
COUNT_DEPENDENCIES = "MATCH ()-[d:<types>]->() RETURN count(d) AS total"

# What do the nodes of one kind hold now? The parts keep single rows small; a row each would cost more than all else.
ALL_NODES = f"MATCH (n:<label>) RETURN n.revision % {PARTS} AS part, collect(properties(n)) AS held"

# Which events are open?
OPEN_EVENTS = f"""
MATCH (n:Event {{state: 'open'}}) RETURN n.revision % {PARTS} AS part, collect(properties(n)) AS held
"""

# Who stands how to which CI now?
ALL_ASSIGNMENTS = f"""
MATCH (p:Party)-[a:{ROLE_PATTERN}]->(:{ITEM_LABEL}) WHERE a.valid_to IS NULL
RETURN p.key AS party, collect(properties(a)) AS held
"""

# Which nodes of one kind were touched by these revisions?
NEW_NODES = """
MATCH (n:<label>) WHERE n.revision IN range($first, $last)
RETURN n.revision AS revision, collect(properties(n)) AS held
"""

# Which assignments were touched by these revisions, ended ones included?
NEW_ASSIGNMENTS = f"""
MATCH (p:Party) WHERE p.revision IN range($first, $last)
MATCH (p)-[a:{ROLE_PATTERN}]->(:{ITEM_LABEL}) RETURN p.key AS party, collect(properties(a)) AS held
"""

_PRESENT = {
    **{kind: fill(ALL_NODES, label=label) for kind, label in LABELS.items() if kind is not RecordKind.ITEM},
    RecordKind.EVENT: OPEN_EVENTS,
    RecordKind.ASSIGNMENT: ALL_ASSIGNMENTS,
}


class ProjectionReader:
    """The reads behind `head` and `delta`; `types` is the pattern of all declared verbs."""

    def __init__(self, connection: Connection, head: Head, types: str) -> None:
        """Read over one connection pool."""
        self._connection = connection
        self._head = head
        self._types = types

    async def totals(self, principal: Principal) -> GraphTotals:
        """Return the last committed revision and the totals of CIs and events."""
        _require_everything(principal)
        return totals_of(await self._connection.read(TOTALS))

    async def count_dependencies(self, principal: Principal) -> int:
        """Return how many dependencies there are, ended ones included."""
        _require_everything(principal)
        return await self._count(COUNT_DEPENDENCIES)

    async def present_totals(self, principal: Principal) -> GraphTotals:
        """Return how many CIs, dependencies and events hold now."""
        _require_everything(principal)
        statements = (PRESENT_ITEMS, PRESENT_EVENTS, PRESENT_DEPENDENCIES)
        return GraphTotals(
            await self._head.read(), *[await self._count(statement) for statement in statements]
        )

    async def _count(self, statement: str) -> int:
        (row,) = await self._connection.read(fill(statement, types=self._types))
        return int(row["total"])

    async def settled_totals(self, principal: Principal) -> GraphTotals:
        """Hold the counter, so that no writer is at work, and count."""
        _require_everything(principal)

        async def count(transaction: Transaction) -> GraphTotals:
            await settled_revision(transaction)
            totals = totals_of(await transaction.run(TOTALS))
            (row,) = await transaction.run(fill(COUNT_DEPENDENCIES, types=self._types))
            return replace(totals, dependencies=int(row["total"]))

        return await self._connection.write(count)

    async def delta(self, principal: Principal, since: int) -> GraphDelta:
        """Return what was written after `since`; only a principal who may see everything can be answered."""
        _require_everything(principal)
        head = await self._head.read()
        if since == 0:
            return await self._whole(head)
        return await self._tail(since + 1, head) if head > since else GraphDelta(head)

    async def _whole(self, head: int) -> GraphDelta:
        delta = GraphDelta(head)
        turn = asyncio.Semaphore(STREAMS)

        async def read(statement: str, add: Callable[[list[Row]], None], **parameters: object) -> None:
            async with turn:
                rows = await self._connection.read(statement, **parameters)
            add(rows)

        dependencies = fill(ALL_DEPENDENCIES, types=self._types)
        batches = [list(range(start, start + BATCH)) for start in range(0, BUCKETS, BATCH)]
        await asyncio.gather(
            *(read(dependencies, partial(_add_dependencies, delta.dependencies), buckets=b) for b in batches),
            *(read(ALL_ITEMS, partial(_add_items, delta.items), buckets=b) for b in batches),
            *(read(statement, partial(_add_records, delta, kind)) for kind, statement in _PRESENT.items()),
        )
        return delta

    async def _tail(self, first: int, last: int) -> GraphDelta:
        delta = GraphDelta(last)

        async def read(statement: str) -> list[Row]:
            return await self._connection.read(statement, first=first, last=last + AHEAD)

        _add_items(delta.items, await read(NEW_ITEMS))
        if delta.items.keys:
            statement = fill(NEW_DEPENDENCIES, types=self._types)
            answer = await self._connection.read(statement, keys=delta.items.keys)
            _add_dependencies(delta.dependencies, answer)
        for kind, label in LABELS.items():
            if kind is not RecordKind.ITEM:
                _add_records(delta, kind, await read(fill(NEW_NODES, label=label)))
        _add_records(delta, RecordKind.ASSIGNMENT, await read(NEW_ASSIGNMENTS))
        return delta


def _require_everything(principal: Principal) -> None:
    if not sees_all(principal):
        raise Forbidden(
            ErrorCode.FORBIDDEN,
            f"The role {principal.role.value} may not read the whole graph.",
            hint="Impact is computed on the whole graph and hidden in the answer; ask a question instead.",
        )


def _add_items(items: ItemColumns, answer: Iterable[Row]) -> None:
    for row in answer:
        size = len(row["keys"])
        items.keys += row["keys"]
        items.names += row["names"]
        items.classes += [row["class"]] * size
        items.groups += [_read(read_groups, row["groups"], ())] * size
        items.retired += [row["retired"]] * size


def _add_dependencies(rows: DependencyColumns, answer: Iterable[Row]) -> None:
    for row in answer:
        size = len(row["consumers"])
        verb, strength, severity_map, weight, group = row["how"]
        rows.consumers += row["consumers"]
        rows.providers += row["providers"]
        rows.verbs += [verb] * size
        rows.strengths += [_read(Strength, strength, Strength.HARD)] * size
        rows.maps += [_read(read_map, severity_map, AS_IS)] * size
        rows.weights += [_weight(weight)] * size
        rows.groups += [group] * size


def _weight(held: object) -> int:
    """Return the weight, 1 where somebody set what no record can have: a huge one would stop every answer."""
    return held if isinstance(held, int) and 0 <= held <= WEIGHT_LIMIT else 1


def totals_of(rows: list[Row]) -> GraphTotals:
    """Return the totals, or say why there is no counter."""
    revision = revision_of(rows)
    return GraphTotals(revision, int(rows[0]["items"]), int(rows[0]["events"]))


def _add_records(delta: GraphDelta, kind: RecordKind, answer: Iterable[Row]) -> None:
    read = partial(record_from, kind)
    found = (_read(read, held, None) for row in answer for held in row["held"])
    delta.records_of(kind).extend(record for record in found if record is not None)


def _read(read: Callable[[Any], T], held: Any, otherwise: T) -> T:  # noqa: ANN401 - whatever somebody put there
    """Read a value that somebody may have set by hand: one that cannot be read must not stop every answer."""
    if not held:
        return otherwise
    try:
        return read(held)
    except ValueError as error:
        _LOG.warning("%s: %.200r in the store cannot be read: %s", ErrorCode.FOREIGN_WRITE, held, error)
        return otherwise
