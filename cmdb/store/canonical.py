"""One hash for what a graph holds, the same on every engine and in every order of reading."""

import hashlib
import json

from cmdb.store.codec import Properties
from cmdb.store.connection import Connection
from cmdb.store.counter import read_head
from cmdb.store.cut import VERSION, Entry, read_cut

_STAMPS = frozenset(
    {
        "revision",
        "recorded_in",
        "recorded_at",
        "superseded_by",
        "superseded_at",
        "valid_from",
        "valid_to",
        "day",
    }
)
"""Valid times that a source gave still count, through the digest; others only repeat when a state was recorded.

The day follows from the time of the record and from when that was recorded.
"""

_RANGE = 1 << 256


class ContentHash:
    """Adds up the SHA-256 of each entry, so that neither the order nor the size of slices matters."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._sum = 0

    def add(self, line: bytes) -> None:
        """Count one entry in; `line` is what `write_entry` made of it."""
        self._sum = (self._sum + int.from_bytes(hashlib.sha256(line).digest(), "big")) % _RANGE

    def hexdigest(self) -> str:
        """Return the hash of everything that was added."""
        return f"{self._sum:064x}"


async def canonical_hash(connection: Connection, *, stamps: bool = True) -> str:
    """Return the hash of all records and their past.

    Without stamps two loads of the same facts are equal, whenever and in how many transactions they were made.
    """
    return await hash_at(connection, await read_head(connection), stamps=stamps)


async def hash_at(connection: Connection, revision: int, *, stamps: bool = True) -> str:
    """Return the hash of all records and their past as of a revision."""
    content = ContentHash()
    async for entries in read_cut(connection, revision):
        for entry in entries:
            content.add(write_entry(entry if stamps else _without_stamps(entry)))
    return content.hexdigest()


def write_entry(entry: Entry) -> bytes:
    """Write an entry as one line of canonical JSON, without the line's end."""
    document = {"kind": entry.kind, "held": entry.held}
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _without_stamps(entry: Entry) -> Entry:
    held = _unstamped(entry.held)
    if entry.kind == VERSION:
        del held["key"]
        held["body"] = _unstamped(json.loads(str(entry.held["body"])))
    return Entry(entry.kind, held)


def _unstamped(held: Properties) -> Properties:
    return {name: value for name, value in held.items() if name not in _STAMPS}
