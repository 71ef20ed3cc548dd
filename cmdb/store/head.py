"""How far the graph can be read: the last revision of which everything is visible.

Neo4j shows a commit piece by piece, the counter often before the nodes that belong to its value: who has seen a number
has not yet seen all that was written under it (`tests/contract/test_whole_revisions.py`).
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from cmdb.errors import ErrorCode, StoreError
from cmdb.store.connection import Connection
from cmdb.store.counter import read_head, settled_revision


class Head:
    """Knows the revisions that were answered to this process, and waits for the others' writers."""

    def __init__(self, connection: Connection) -> None:
        """Know nothing yet."""
        self._connection = connection
        self._whole = -1
        self._writing = 0
        self._turn = asyncio.Lock()
        self._ended = asyncio.Event()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Surround a write of this process: a number that nobody knows yet may be its own."""
        self._writing += 1
        try:
            yield
        finally:
            self._writing -= 1
            ended, self._ended = self._ended, asyncio.Event()
            ended.set()

    def answered(self, revision: int) -> None:
        """Take note of a revision that the store has answered: by then all of it is visible."""
        self._whole = max(self._whole, revision)

    async def read(self) -> int:
        """Return the last committed revision of which all is visible."""
        known = self._whole
        head = await read_head(self._connection)
        if self._writing and head > self._whole:
            await self._ended.wait()
        async with self._turn:
            # Below what was known lies only a store that took the place of another one.
            if not known <= head <= self._whole:
                self._whole = await self._settled(head)
            return self._whole

    async def _settled(self, head: int) -> int:
        """Wait for whoever wrote the newest revision; without that the one before is sure to be there.

        The embedded engine has no lock to wait for, and was not seen to show a commit in pieces.
        """
        if not self._connection.has_locks:
            return head
        try:
            return await self._connection.write(settled_revision)
        except StoreError as error:
            if error.code is ErrorCode.STORE_UNWRITABLE:
                # Where nothing can be written, nothing is on its way either.
                return head
            if error.code is ErrorCode.STORE_CONFLICT:
                return max(0, head - 1)
            raise
