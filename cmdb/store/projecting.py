"""Reads the graph for the projection: whole, bucket by bucket, or what is newer than a revision."""

from collections.abc import Iterable

from cmdb.desk.access import visible
from cmdb.errors import ErrorCode, Forbidden
from cmdb.model.access import Everything, Principal
from cmdb.model.records import RecordKind
from cmdb.model.redundancy import RedundancyGroup
from cmdb.model.severity import AS_IS, SeverityMap, Strength
from cmdb.ports.graph import DependencyColumns, GraphDelta, ItemColumns
from cmdb.store.codec import read_groups, read_map, record_from
from cmdb.store.connection import Connection, Row
from cmdb.store.counter import read_head
from cmdb.store.shape import BUCKETS, ITEM_LABEL, LABELS, ROLE_PATTERN, fill

BATCH = 32
"""Buckets read by one statement: few round trips, and no single row grows past some megabytes."""
AHEAD = 100
"""Revisions past the head that a tail takes in: a writer may stamp a record anew before the tail comes to it.

What is read too early is read once more by the next tail.
"""

# Which CIs are present, one list per bucket?
ALL_ITEMS = f"""
UNWIND $buckets AS bucket MATCH (c:{ITEM_LABEL} {{bucket: bucket}}) WHERE c.valid_to IS NULL
RETURN bucket, collect([c.key, c.name, c.class, c.groups, false]) AS rows
"""

# Which dependencies are open, one list per bucket of consumers?
ALL_DEPENDENCIES = f"""
UNWIND $buckets AS bucket MATCH (c:{ITEM_LABEL} {{bucket: bucket}})-[d:<types>]->(p:{ITEM_LABEL})
WHERE d.valid_to IS NULL
RETURN bucket, collect([c.key, p.key, d.verb, d.strength, d.map, d.weight, d.group]) AS rows
"""

# Which CIs were touched by these revisions, retired ones included?
NEW_ITEMS = f"""
MATCH (c:{ITEM_LABEL}) WHERE c.revision IN range($first, $last)
RETURN collect([c.key, c.name, c.class, c.groups, c.valid_to IS NOT NULL]) AS rows
"""

# What do these CIs depend on now?
NEW_DEPENDENCIES = f"""
UNWIND $keys AS key MATCH (c:{ITEM_LABEL} {{key: key}})-[d:<types>]->(p:{ITEM_LABEL}) WHERE d.valid_to IS NULL
RETURN collect([c.key, p.key, d.verb, d.strength, d.map, d.weight, d.group]) AS rows
"""

# What do the nodes of one kind hold now?
ALL_NODES = "MATCH (n:<label>) RETURN properties(n) AS held"

# Which events are open?
OPEN_EVENTS = "MATCH (n:Event {state: 'open'}) RETURN properties(n) AS held"

# Who stands how to which CI now?
ALL_ASSIGNMENTS = f"""
MATCH (:Party)-[a:{ROLE_PATTERN}]->(:{ITEM_LABEL}) WHERE a.valid_to IS NULL RETURN properties(a) AS held
"""

# Which nodes of one kind were touched by these revisions?
NEW_NODES = "MATCH (n:<label>) WHERE n.revision IN range($first, $last) RETURN properties(n) AS held"

# Which assignments were touched by these revisions, ended ones included?
NEW_ASSIGNMENTS = f"""
MATCH (p:Party) WHERE p.revision IN range($first, $last)
MATCH (p)-[a:{ROLE_PATTERN}]->(:{ITEM_LABEL}) RETURN properties(a) AS held
"""


class ProjectionReader:
    """The reads behind `head` and `delta`; `types` is the pattern of all declared verbs."""

    def __init__(self, connection: Connection, types: str) -> None:
        """Read over one connection pool."""
        self._connection = connection
        self._types = types

    async def head(self) -> int:
        """Return the last committed revision."""
        return await read_head(self._connection)

    async def delta(self, principal: Principal, since: int) -> GraphDelta:
        """Return what was written after `since`; only a principal who may see everything can be answered."""
        if not isinstance(visible(principal), Everything):
            raise Forbidden(
                ErrorCode.FORBIDDEN,
                f"The role {principal.role.value} may not read the whole graph.",
                hint="Impact is computed on the whole graph and hidden in the answer; ask a question instead.",
            )
        head = await self.head()
        if since == 0:
            return await self._whole(head)
        return await self._tail(since + 1, head) if head > since else GraphDelta(head)

    async def _whole(self, head: int) -> GraphDelta:
        delta = GraphDelta(head)
        connection = self._connection
        for start in range(0, BUCKETS, BATCH):
            buckets = list(range(start, min(BUCKETS, start + BATCH)))
            _add_items(delta.items, await connection.read(ALL_ITEMS, buckets=buckets))
            statement = fill(ALL_DEPENDENCIES, types=self._types)
            _add_dependencies(delta.dependencies, await connection.read(statement, buckets=buckets))
        _add_records(delta, RecordKind.EVENT, await connection.read(OPEN_EVENTS))
        for kind in (RecordKind.CHANGE, RecordKind.TICKET, RecordKind.PARTY, RecordKind.WINDOW):
            _add_records(delta, kind, await connection.read(fill(ALL_NODES, label=LABELS[kind])))
        _add_records(delta, RecordKind.ASSIGNMENT, await connection.read(ALL_ASSIGNMENTS))
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


def _add_items(items: ItemColumns, answer: Iterable[Row]) -> None:
    for row in answer:
        for key, name, ci_class, groups, retired in row["rows"]:
            items.keys.append(key)
            items.names.append(name)
            items.classes.append(ci_class)
            items.groups.append(_groups(groups))
            items.retired.append(retired)


def _groups(text: str | None) -> tuple[RedundancyGroup, ...]:
    return read_groups(text) if text else ()


def _add_dependencies(rows: DependencyColumns, answer: Iterable[Row]) -> None:
    for row in answer:
        for consumer, provider, verb, strength, severity_map, weight, group in row["rows"]:
            rows.consumers.append(consumer)
            rows.providers.append(provider)
            rows.verbs.append(verb)
            rows.strengths.append(Strength(strength) if strength else Strength.HARD)
            rows.maps.append(_map(severity_map))
            rows.weights.append(weight)
            rows.groups.append(group)


def _map(text: str | None) -> SeverityMap:
    return read_map(text) if text else AS_IS


def _add_records(delta: GraphDelta, kind: RecordKind, answer: Iterable[Row]) -> None:
    for row in answer:
        delta.records_of(kind).append(record_from(kind, row["held"]))
