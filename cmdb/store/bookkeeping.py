"""What the store keeps beside the records, without revision and history: runs of loaders, and what others are told.

A backup holds it as it is found, in the order that can only lead to something being done again: what runs have left
behind before the cut of the records, what is still to be told after it.
"""

from collections.abc import AsyncIterator, Collection

from cmdb.store.canonical import ContentHash, write_entry
from cmdb.store.codec import Properties
from cmdb.store.connection import Connection
from cmdb.store.cut import STATES, Entry, read_slices

BOOKS = {"feed": "Feed", "run": "Run", "review": "Review", "outgoing": "Outgoing", "remote": "Remote"}
"""Kinds of entries, and the labels of their nodes; each node is found by its key."""

OF_RUNS = ("feed", "run", "review")
OF_OUTBOX = ("outgoing", "remote")

_TENURE = ("holder", "held_until")
"""What a feed says of the run that holds it, which is none in a store that comes out of a backup."""


async def read_books(connection: Connection, kinds: Collection[str], revision: int) -> AsyncIterator[Entry]:
    """Yield the entries of these kinds, keys in order; of what is to be told that of later steps is left out."""
    for kind in kinds:
        async for rows in read_slices(connection, STATES, BOOKS[kind]):
            for held in sorted(rows, key=lambda row: str(row["key"])):
                if kind != "outgoing" or held["revision"] <= revision:
                    yield Entry(kind, _resting(held) if kind == "feed" else held)


async def books_hash(connection: Connection, revision: int) -> str:
    """Return the hash of all that is kept beside the records."""
    content = ContentHash()
    async for entry in read_books(connection, BOOKS, revision):
        content.add(write_entry(entry))
    return content.hexdigest()


def _resting(feed: Properties) -> Properties:
    return {name: value for name, value in feed.items() if name not in _TENURE} | {"holder": ""}
