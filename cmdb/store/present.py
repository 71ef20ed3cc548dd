"""Reads what the store holds of a batch's records, as far as a write must know.

Whatever is read comes in one list a statement: the protocol charges for rows.
"""

from collections.abc import Iterable, Sequence

from cmdb.model.kinds import RecordKind
from cmdb.model.records import Assignment, Dependency, Record
from cmdb.store.codec import Properties
from cmdb.store.connection import Transaction
from cmdb.store.shape import ITEM_LABEL, LABELS, ROLE_PATTERN, fill

# What is the content hash of each of these nodes?
NODE_DIGESTS = """
UNWIND $keys AS key MATCH (n:<label> {key: key})
RETURN collect([n.key, n.digest]) AS pairs
"""

# What are the content hashes of all dependencies of these consumers, closed ones included?
DEPENDENCY_DIGESTS = f"""
UNWIND $starts AS start MATCH (c:{ITEM_LABEL} {{key: start}})-[d:<types>]->(:{ITEM_LABEL})
RETURN collect([d.key, d.digest]) AS pairs
"""

# What are the content hashes of all assignments of these parties?
ASSIGNMENT_DIGESTS = f"""
UNWIND $starts AS start MATCH (p:Party {{key: start}})-[a:{ROLE_PATTERN}]->(:{ITEM_LABEL})
RETURN collect([a.key, a.digest]) AS pairs
"""

# What do these nodes hold?
NODES = "UNWIND $keys AS key MATCH (n:<label> {key: key}) RETURN collect(properties(n)) AS held"

# What do these dependencies hold?
DEPENDENCIES = f"""
UNWIND $rows AS row MATCH (c:{ITEM_LABEL} {{key: row.start}})-[d:<types>]->(:{ITEM_LABEL})
WHERE d.key = row.key RETURN collect(properties(d)) AS held
"""

# What do these assignments hold?
ASSIGNMENTS = f"""
UNWIND $rows AS row MATCH (p:Party {{key: row.start}})-[a:{ROLE_PATTERN}]->(:{ITEM_LABEL})
WHERE a.key = row.key RETURN collect(properties(a)) AS held
"""

# Which of these CIs exist and are not retired?
LIVING_ITEMS = f"""
UNWIND $keys AS key MATCH (c:{ITEM_LABEL} {{key: key}}) WHERE c.valid_to IS NULL RETURN collect(c.key) AS keys
"""

# Which of these nodes exist?
KNOWN_NODES = "UNWIND $keys AS key MATCH (n:<label> {key: key}) RETURN collect(n.key) AS keys"

# Which open dependencies touch these CIs?
OPEN_DEPENDENCIES = f"""
UNWIND $keys AS key MATCH (c:{ITEM_LABEL} {{key: key}})-[d:<types>]-(:{ITEM_LABEL})
WHERE d.valid_to IS NULL RETURN DISTINCT properties(d) AS held
"""

# Which open incidents have one of these causes?
OPEN_INCIDENTS = """
UNWIND $causes AS cause MATCH (t:Ticket {cause_key: cause})
WHERE t.ticket_kind = 'incident' AND NOT t.state IN ['resolved', 'closed']
RETURN t.key AS key, t.cause_key AS cause
"""


def start_of(record: Record) -> str:
    """Return the key of the node that a relationship record starts from."""
    return (
        record.consumer
        if isinstance(record, Dependency)
        else record.party
        if isinstance(record, Assignment)
        else ""
    )


class Present:
    """The reads of one write transaction; `types` is the pattern of all declared verbs."""

    def __init__(self, transaction: Transaction, types: str) -> None:
        """Read inside the transaction that writes, after it has taken its turn."""
        self._transaction = transaction
        self._types = types

    async def digests(self, kind: RecordKind, records: Sequence[Record]) -> dict[str, str]:
        """Return the content hashes of the records that exist, by key."""
        if kind in LABELS:
            rows = await self._transaction.run(
                fill(NODE_DIGESTS, label=LABELS[kind]), keys=[record.key for record in records]
            )
        else:
            starts = sorted({start_of(record) for record in records})
            statement = ASSIGNMENT_DIGESTS
            if kind is RecordKind.DEPENDENCY:
                statement = fill(DEPENDENCY_DIGESTS, types=self._types)
            rows = await self._transaction.run(statement, starts=starts)
        return {key: digest for row in rows for key, digest in row["pairs"]}

    async def held(self, kind: RecordKind, records: Sequence[Record]) -> dict[str, Properties]:
        """Return everything that the store holds of these records, by key."""
        if not records:
            return {}
        if kind in LABELS:
            rows = await self._transaction.run(
                fill(NODES, label=LABELS[kind]), keys=[record.key for record in records]
            )
        else:
            statement = ASSIGNMENTS
            if kind is RecordKind.DEPENDENCY:
                statement = fill(DEPENDENCIES, types=self._types)
            wanted = [{"start": start_of(record), "key": record.key} for record in records]
            rows = await self._transaction.run(statement, rows=wanted)
        return {held["key"]: held for row in rows for held in row["held"]}

    async def living_items(self, keys: Iterable[str]) -> set[str]:
        """Return which of these CIs exist and are not retired."""
        wanted = sorted(set(keys))
        rows = await self._transaction.run(LIVING_ITEMS, keys=wanted) if wanted else []
        return {key for row in rows for key in row["keys"]}

    async def known(self, kind: RecordKind, keys: Iterable[str]) -> set[str]:
        """Return which of these records exist; the kind is one that is a node."""
        wanted = sorted(set(keys))
        statement = fill(KNOWN_NODES, label=LABELS[kind])
        rows = await self._transaction.run(statement, keys=wanted) if wanted else []
        return {key for row in rows for key in row["keys"]}

    async def open_dependencies(self, items: Sequence[str]) -> list[Properties]:
        """Return the open dependencies at either end of these CIs."""
        if not items:
            return []
        rows = await self._transaction.run(fill(OPEN_DEPENDENCIES, types=self._types), keys=list(items))
        return [row["held"] for row in rows]

    async def open_incidents(self, causes: Iterable[str]) -> list[tuple[str, str]]:
        """Return (ticket, cause key) of open incidents with these causes."""
        wanted = sorted(set(causes))
        rows = await self._transaction.run(OPEN_INCIDENTS, causes=wanted) if wanted else []
        return [(row["key"], row["cause"]) for row in rows]
