"""Back-pressure: so many writes may be under way or waiting, the next one is refused at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from cmdb.errors import Overloaded

CAPACITY = 64
"""Writes under way or waiting. One takes about 100 ms, so the last in line waits seconds and no client gives up."""

RETRY_SECONDS = 2
"""When a refused writer is told to come back."""


class WriteGate:
    """Counts writers in and out; reads never pass here."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        """Let that many in."""
        self._capacity = capacity
        self._inside = 0

    def require_room(self) -> None:
        """Refuse with OVERLOADED when there is no room, before any work is done for the writer."""
        if self._inside >= self._capacity:
            raise Overloaded(
                f"{self._inside} writes are waiting, and there is no room for more.",
                retry_after=RETRY_SECONDS,
            )

    @contextmanager
    def passage(self) -> Iterator[None]:
        """Hold a place while the block runs, or refuse."""
        self.require_room()
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1
