"""The one counter that numbers write transactions; a store that is being restored has none."""

from secrets import token_hex

from cmdb.errors import ErrorCode, StoreError
from cmdb.store.connection import Connection, Row, Transaction

# How far has the graph been written?
HEAD = "MATCH (c:Counter {name: 'revision'}) RETURN c.value AS revision"

# Which number has this write transaction? The lock that it takes makes writers queue.
TAKE_REVISION = """
MATCH (c:Counter {name: 'revision'}) SET c.value = c.value + 1 RETURN c.value AS revision
"""

# Wait for whoever is writing, and let the next one wait. It must not touch the value: Neo4j reads what a statement
# sets before it takes the lock, unless the statement counts up, so an older value could come back. To set what is there
# already takes the lock too.
HOLD_COUNTER = "MATCH (c:Counter {name: 'revision'}) SET c.held = true"

# Can the store keep anything? The value is another one each time, for a store need not write what is there already.
TOUCH_COUNTER = "MATCH (c:Counter {name: 'revision'}) SET c.touched = $mark"

# From here on there is no number to take and none to read.
REMOVE_COUNTER = "MATCH (c:Counter {name: 'revision'}) DELETE c"

# Let a repeated batch of a restore wait for a lost one.
HOLD_PROGRESS = "MERGE (c:Counter {name: 'restore'}) SET c.held = true"

# Which batch of a restore was written last?
PROGRESS = "MATCH (c:Counter {name: 'restore'}) RETURN c.value AS batch"

# So far has the restore come.
SET_PROGRESS = "MERGE (c:Counter {name: 'restore'}) SET c.value = $batch"

# The restore has ended, or starts over.
REMOVE_PROGRESS = "MATCH (c:Counter {name: 'restore'}) DELETE c"

# Readers and writers may come: so far has the graph been written.
SET_COUNTER = "MERGE (c:Counter {name: 'revision'}) SET c.value = $revision"


async def read_head(connection: Connection) -> int:
    """Return the last committed revision."""
    return revision_of(await connection.read(HEAD))


async def take_revision(transaction: Transaction) -> int:
    """Return the number of this write transaction; the next writer waits until it ends."""
    return revision_of(await transaction.run(TAKE_REVISION))


async def touch_counter(transaction: Transaction) -> None:
    """Write what changes nothing; whether that could be committed says whether the store keeps anything."""
    await transaction.run(TOUCH_COUNTER, mark=token_hex(8))


async def settled_revision(transaction: Transaction) -> int:
    """Return the last committed revision once its writer has let go, so that all of it can be read."""
    await transaction.run(HOLD_COUNTER)
    return revision_of(await transaction.run(HEAD))


def revision_of(rows: list[Row]) -> int:
    """Return the counter's number; raises STORE_UNFINISHED when there is none."""
    if not rows:
        raise StoreError(
            ErrorCode.STORE_UNFINISHED,
            "A restore into this store has not ended, so it can neither be read nor written.",
            hint="Wait for it; if it was interrupted, run 'cmdb restore' again: it starts over.",
        )
    return int(rows[0]["revision"])
