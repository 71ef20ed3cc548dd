"""What a reader hands on: decoded documents with their place, remarks on the way, and bounded input."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Protocol

from cmdb.errors import ErrorCode, InvalidInput, Place

DOCUMENT_LIMIT = 1 << 24
"""Bytes of a file that is decoded as a whole, and of what a program gets at once."""

LINE_LIMIT = 1 << 20
"""Bytes of one line or record."""

Remark = Callable[[str], None]
"""Takes a sentence that a person should read although the load goes on."""


@dataclass(frozen=True, slots=True)
class Document:
    """One decoded JSON value, the line that it starts at where the format has lines, and when it came in, if known."""

    value: object
    line: int | None = None
    received_at: datetime | None = None


Faulty = Callable[[InvalidInput], None]
"""Takes what cannot be read of an input that goes on without it."""


class Bytes(Protocol):
    """What readers need of a stream."""

    def read(self, size: int, /) -> bytes:
        """Return so many bytes; fewer at the end alone, and none after it."""

    def readline(self, size: int, /) -> bytes:
        """Return a line, or the part of it that fits the size."""


class Counted:
    """A stream that tells how many bytes were read of it."""

    def __init__(self, stream: Bytes, told: Callable[[int], None]) -> None:
        self._stream = stream
        self._told = told

    def read(self, size: int, /) -> bytes:
        """Return so many bytes; fewer at the end alone, and none after it."""
        return self._tell(self._stream.read(size))

    def readline(self, size: int, /) -> bytes:
        """Return a line, or the part of it that fits the size."""
        return self._tell(self._stream.readline(size))

    def _tell(self, found: bytes) -> bytes:
        self._told(len(found))
        return found


class Joined:
    """A stream of which the head was read already to see what it is."""

    def __init__(self, head: bytes, rest: Bytes) -> None:
        self._head = BytesIO(head)
        self._rest = rest

    def read(self, size: int, /) -> bytes:
        """Return so many bytes; fewer at the end alone, and none after it."""
        head = self._head.read(size)
        return head + self._rest.read(size - len(head)) if len(head) < size else head

    def readline(self, size: int, /) -> bytes:
        """Return a line, or the part of it that fits the size."""
        line = self._head.readline(size)
        if line.endswith(b"\n") or len(line) == size:
            return line
        return line + self._rest.readline(size - len(line))


class Reader(Protocol):
    """Decodes one format; maps nothing."""

    def __call__(self, stream: Bytes, source: str, remark: Remark, /) -> Iterator[Document]:
        """Yield documents; InvalidInput SYNTAX, TOO_LARGE or HOSTILE_DOCUMENT with its place."""


def log_remark(text: str) -> None:
    """Write a remark to the log."""
    logging.getLogger(__name__).warning(text)


def read_whole(stream: Bytes, source: str, limit: int = DOCUMENT_LIMIT) -> bytes:
    """Read all bytes; TOO_LARGE above the limit."""
    content = stream.read(limit + 1)
    if len(content) > limit:
        raise too_large(Place(source), "file", limit)
    return content


def too_large(place: Place, what: str, limit: int, unit: str = "bytes") -> InvalidInput:
    """Return the error for an input above its limit."""
    return InvalidInput(
        ErrorCode.TOO_LARGE,
        f"The {what} is larger than {limit} {unit}.",
        hint="Split it, or send one record per line.",
        place=place,
    )
