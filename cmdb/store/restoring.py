"""Fills an empty store with the entries of a backup, unseen until it is complete."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import cast

from cmdb.errors import ErrorCode, StoreError
from cmdb.model.kinds import RecordKind
from cmdb.model.records import Role
from cmdb.store.bookkeeping import BOOKS
from cmdb.store.codec import Properties, record_from
from cmdb.store.connection import Connection, Transaction
from cmdb.store.counter import (
    HEAD,
    HOLD_PROGRESS,
    PROGRESS,
    REMOVE_COUNTER,
    REMOVE_PROGRESS,
    SET_COUNTER,
    SET_PROGRESS,
    settled_revision,
)
from cmdb.store.cut import OWNERS, VERSION, Entry
from cmdb.store.shape import ITEM_LABEL, LABELS, LINKS, ROLE_TYPES, Link, fill
from cmdb.store.store import ANY_NODE
from cmdb.store.writing import ARCHIVE, LINK, UPSERT_NODES

BATCH = 2000
"""Entries written by one transaction."""

_VERSION_LABEL = "Version"
_NODES: Mapping[str, str] = {**{kind.value: label for kind, label in LABELS.items()}, **BOOKS}

# Take away some nodes that an interrupted restore left; which were they?
CLEAR = "MATCH (n:<label>) WITH n LIMIT $limit DETACH DELETE n RETURN 1 AS gone"

# Draw these dependencies or assignments; what they hold comes from a file, so its names stay out of the statement.
DRAW_EDGES = """
UNWIND $rows AS row MATCH (a:<start> {key: row.start}) MATCH (b:<end> {key: row.end})
CREATE (a)-[d:<type> {key: row.held.key}]->(b) SET d += row.held
"""

# An owner was last touched when one of these was written.
RAISE_OWNERS = """
UNWIND $rows AS row MATCH (n:<label> {key: row.start}) WHERE n.revision < row.revision
SET n.revision = row.revision
"""


async def begin(connection: Connection) -> None:
    """Take the counter away from an empty store; clear what an interrupted restore left."""
    if await connection.read(HEAD):
        await connection.write(_claim)
        return
    await connection.write(_forget_progress)
    for label in (*_NODES.values(), _VERSION_LABEL):
        await _clear(connection, label)


async def end(connection: Connection, revision: int) -> None:
    """Set the counter: from now on the store can be read and written."""

    async def work(transaction: Transaction) -> None:
        await _forget_progress(transaction)
        await transaction.run(SET_COUNTER, revision=revision)

    await connection.write(work)


async def write_entries(
    connection: Connection, entries: Iterable[Entry], progress: Callable[[int], None]
) -> None:
    """Write records and superseded states; nodes come before relationships, as a backup holds them."""
    done = 0
    for number, batch in enumerate(_batches(entries)):
        await connection.write(partial(_write_once, number, batch))
        done += len(batch)
        progress(done)


async def draw_links(connection: Connection, entries: Iterable[Entry]) -> None:
    """Draw the links that follow from records of kinds that have any, now that every end is there."""
    for batch in _batches(entries):
        await connection.write(partial(_link, batch))


async def _claim(transaction: Transaction) -> None:
    """Whoever holds the counter's lock alone decides that the store is empty."""
    if transaction.repeated and not await transaction.run(HEAD):
        return  # the lost attempt has taken the counter away
    if await settled_revision(transaction) != 0 or await transaction.run(ANY_NODE):
        raise StoreError(
            ErrorCode.STORE_NOT_EMPTY,
            "The store holds records, and a restore would mix with them.",
            hint="Restore into a new database or data folder (CMDB_STORE_DATABASE, CMDB_DATA_DIR).",
        )
    await transaction.run(REMOVE_COUNTER)


async def _clear(connection: Connection, label: str) -> None:
    async def work(transaction: Transaction) -> bool:
        return bool(await transaction.run(fill(CLEAR, label=label), limit=BATCH))

    while await connection.write(work):
        pass


def _batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    rest = iter(entries)
    while batch := list(islice(rest, BATCH)):
        yield batch


async def _forget_progress(transaction: Transaction) -> None:
    await transaction.run(REMOVE_PROGRESS)


async def _write_once(number: int, batch: list[Entry], transaction: Transaction) -> None:
    """Write a batch unless a lost attempt has: relationships are created, so a second time would double them."""
    if transaction.repeated:
        await transaction.run(HOLD_PROGRESS)
        if number in [row["batch"] for row in await transaction.run(PROGRESS)]:
            return
    await _write(batch, transaction)
    await transaction.run(SET_PROGRESS, batch=number)


async def _write(batch: list[Entry], transaction: Transaction) -> None:
    by_kind: dict[str, list[Properties]] = defaultdict(list)
    for entry in batch:
        by_kind[entry.kind].append(entry.held)
    if VERSION in by_kind:
        await transaction.run(ARCHIVE, rows=by_kind[VERSION])
    for kind, label in _NODES.items():
        if kind in by_kind:
            await transaction.run(fill(UPSERT_NODES, label=label), rows=by_kind[kind])
    for kind, owner in OWNERS.items():
        if kind in by_kind:
            await _write_edges(transaction, kind, [(str(held[owner]), held) for held in by_kind[kind]])


async def _write_edges(
    transaction: Transaction, kind: RecordKind, edges: list[tuple[str, Properties]]
) -> None:
    by_type: dict[str, list[Properties]] = defaultdict(list)
    latest: dict[str, int] = {}
    dependencies = kind is RecordKind.DEPENDENCY
    for start, held in edges:
        edge_type = str(held["verb"]) if dependencies else ROLE_TYPES[Role(str(held["role"]))]
        end = held["provider"] if dependencies else held["item"]
        by_type[edge_type].append({"start": start, "end": end, "held": held})
        latest[start] = max(latest.get(start, 0), cast(int, held["revision"]))
    label = ITEM_LABEL if dependencies else LABELS[RecordKind.PARTY]
    for edge_type, rows in sorted(by_type.items()):
        statement = fill(DRAW_EDGES, start=label, type=edge_type, end=ITEM_LABEL)
        await transaction.run(statement, rows=rows)
    touched = [{"start": start, "revision": revision} for start, revision in latest.items()]
    await transaction.run(fill(RAISE_OWNERS, label=label), rows=touched)


async def _link(batch: list[Entry], transaction: Transaction) -> None:
    drawn: dict[tuple[RecordKind, Link], list[Properties]] = defaultdict(list)
    for entry in batch:
        kind = RecordKind(entry.kind)
        record = record_from(kind, entry.held)
        for link in LINKS[kind]:
            drawn[kind, link] += [
                {"start": record.key, "end": end} for end in dict.fromkeys(link.ends(record))
            ]
    for (kind, link), rows in drawn.items():
        if rows:
            statement = fill(LINK, label=LABELS[kind], type=link.type, end=link.label)
            await transaction.run(statement, rows=rows)
