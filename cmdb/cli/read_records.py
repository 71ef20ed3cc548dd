"""What a load has read, as lines to be sent; much of it waits on disk."""

import json
from array import array
from collections.abc import Collection, Iterable, Iterator
from tempfile import SpooledTemporaryFile

from cmdb.ingest.records import encode
from cmdb.ports.records import LocatedRecord

SPOOLED = 16 * 1024 * 1024
"""Bytes that stay in memory."""


class ReadRecords:
    """Sound records in the order in which they were read, numbered from 1; `close` gives the room back."""

    def __init__(self) -> None:
        """Have read nothing."""
        self._lines = SpooledTemporaryFile(SPOOLED)  # noqa: SIM115 - `close` ends it
        self._places = SpooledTemporaryFile(SPOOLED)  # noqa: SIM115 - as above
        self._begins = array("Q")

    def close(self) -> None:
        """Forget all."""
        self._lines.close()
        self._places.close()

    def take(self, rows: Iterable[LocatedRecord]) -> None:
        """Read all rows."""
        for row in rows:
            self._begins.append(self._places.tell())
            self._places.write(f"{row.place}\n".encode())
            self._lines.write(json.dumps(encode(row.record)).encode() + b"\n")

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._begins)

    def lines(self, left_out: Collection[int] = ()) -> Iterator[bytes]:
        """Yield the records but for those of these numbers, one JSON object a line."""
        self._lines.seek(0)
        for number, line in enumerate(self._lines, start=1):
            if number not in left_out:
                yield line

    def place(self, number: int) -> str | None:
        """Return where a record was read; None for a number that none has."""
        if not 0 < number <= len(self):
            return None
        self._places.seek(self._begins[number - 1])
        return self._places.readline().decode().rstrip("\n")
