"""What a reader hands on: decoded documents with their place, remarks on the way, and bounded input."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from cmdb.errors import ErrorCode, InvalidInput, Place

DOCUMENT_LIMIT = 1 << 26
"""Bytes of a file that is decoded as a whole."""

LINE_LIMIT = 1 << 20
"""Bytes of one line or record."""

TOTAL_LIMIT = 1 << 28
"""Bytes of one stream: a larger load is split, because a batch is held in memory."""

Remark = Callable[[str], None]
"""Takes a sentence that a person should read although the load goes on."""


@dataclass(frozen=True, slots=True)
class Document:
    """One decoded JSON value, and the line that it starts at where the format has lines."""

    value: object
    line: int | None = None


class Reader(Protocol):
    """Decodes one format; maps nothing."""

    def __call__(self, stream: BinaryIO, source: str, remark: Remark, /) -> Iterator[Document]:
        """Yield documents; InvalidInput SYNTAX, TOO_LARGE or HOSTILE_DOCUMENT with its place."""


def log_remark(text: str) -> None:
    """Write a remark to the log."""
    logging.getLogger(__name__).warning(text)


def read_whole(stream: BinaryIO, source: str, limit: int = DOCUMENT_LIMIT) -> bytes:
    """Read all bytes; TOO_LARGE above the limit."""
    content = stream.read(limit + 1)
    if len(content) > limit:
        raise too_large(Place(source), "file", limit)
    return content


def too_large(place: Place, what: str, limit: int) -> InvalidInput:
    """Return the error for an input above its limit, in bytes."""
    return InvalidInput(
        ErrorCode.TOO_LARGE,
        f"The {what} is larger than {limit} bytes.",
        hint="Split it, or send one record per line.",
        place=place,
    )
