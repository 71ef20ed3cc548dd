"""Reads JSON, JSON lines and YAML."""

from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

from pydantic_core import from_json

from cmdb.errors import ErrorCode, InvalidInput, Place
from cmdb.ingest.document import (
    LINE_LIMIT,
    TOTAL_LIMIT,
    Document,
    Remark,
    read_whole,
    too_large,
)
from cmdb.yaml_text import read_documents

YAML_LIMIT = 1 << 23
"""Bytes; the safe YAML reader is plain Python and takes about a second per mebibyte."""

_MARK = b"\xef\xbb\xbf"


def read_json(stream: BinaryIO, source: str, _remark: Remark) -> Iterator[Document]:
    """Yield the one value of a JSON file."""
    yield Document(_decode(read_whole(stream, source).removeprefix(_MARK), Place(source)), 1)


def read_ndjson(stream: BinaryIO, source: str, _remark: Remark) -> Iterator[Document]:
    """Yield a value per line; blank lines are passed over."""
    for number, line in enumerate(lines_of(stream, source), start=1):
        if line.strip():
            yield Document(_decode(line, Place(source, number)), number)


def read_yaml(stream: BinaryIO, source: str, _remark: Remark) -> Iterator[Document]:
    """Yield every document of a YAML file; what starts like JSON is tried as JSON first, which is faster."""
    content = read_whole(stream, source).removeprefix(_MARK)
    if content.lstrip()[:1] in (b"{", b"["):
        with suppress(ValueError):
            yield Document(from_json(content, allow_inf_nan=False), 1)
            return
    if len(content) > YAML_LIMIT:
        raise too_large(Place(source), "YAML file", YAML_LIMIT)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise not_utf8(Place(source)) from error
    yield from (Document(value) for value in read_documents(text, source))


def lines_of(stream: BinaryIO, source: str) -> Iterator[bytes]:
    """Yield lines without ever holding one that is above the limit; a byte order mark is dropped."""
    total = number = 0
    while line := stream.readline(LINE_LIMIT + 1):
        number += 1
        total += len(line)
        if len(line) > LINE_LIMIT:
            raise too_large(Place(source, number), "line", LINE_LIMIT)
        if total > TOTAL_LIMIT:
            raise too_large(Place(source, number), "file", TOTAL_LIMIT)
        yield line.removeprefix(_MARK) if number == 1 else line


def not_utf8(place: Place) -> InvalidInput:
    """Return the error for a text in another encoding."""
    return InvalidInput(
        ErrorCode.SYNTAX, "The text is not UTF-8.", hint="Save it again with the encoding UTF-8.", place=place
    )


def _decode(content: bytes, place: Place) -> object:
    try:
        return from_json(content, allow_inf_nan=False)
    except ValueError as error:
        message = f"This is not JSON: {error}."
        raise InvalidInput(ErrorCode.SYNTAX, message, hint="Send well-formed JSON.", place=place) from error
