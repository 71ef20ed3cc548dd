"""Reads JSON, JSON lines and YAML."""

from collections.abc import Iterator
from contextlib import suppress

from pydantic_core import from_json

from cmdb.errors import ErrorCode, InvalidInput, Place
from cmdb.ingest.document import (
    DOCUMENT_LIMIT,
    LINE_LIMIT,
    Bytes,
    Document,
    Faulty,
    Joined,
    Remark,
    too_large,
)
from cmdb.ingest.json_values import not_utf8, split_values
from cmdb.yaml_text import read_documents

YAML_LIMIT = 1 << 23
"""Bytes; the safe YAML reader is plain Python and takes about a second per mebibyte."""

_MARK = b"\xef\xbb\xbf"


def read_json(stream: Bytes, source: str, remark: Remark) -> Iterator[Document]:
    """Yield the value of a JSON file, or several values one after the other; a huge list comes in parts."""
    content = stream.read(DOCUMENT_LIMIT + 1).removeprefix(_MARK)
    if len(content) <= DOCUMENT_LIMIT:
        with suppress(ValueError):
            yield Document(from_json(content, allow_inf_nan=False), 1)
            return
        if not _several(content):
            yield Document(_decode(content, Place(source)), 1)
    yield from split_values(Joined(content, stream), source, remark)


def read_ndjson(stream: Bytes, source: str, _remark: Remark) -> Iterator[Document]:
    """Yield a value per line; blank lines are passed over."""
    return read_lines(stream, source, None)


def read_lines(stream: Bytes, source: str, faulty: Faulty | None) -> Iterator[Document]:
    """Yield a value per line; a line that holds none is told to `faulty`, or refused without it."""
    for number, line in enumerate(lines_of(stream, source), start=1):
        if not line.strip():
            continue
        try:
            value = _decode(line, Place(source, number))
        except InvalidInput as error:
            if faulty is None:
                raise
            faulty(error)
        else:
            yield Document(value, number)


def read_yaml(stream: Bytes, source: str, remark: Remark) -> Iterator[Document]:
    """Yield every document of a YAML file; what starts like JSON is read as JSON, which is faster, if it is."""
    content = stream.read(YAML_LIMIT + 1).removeprefix(_MARK)
    if content.lstrip()[:1] in (b"{", b"["):
        if len(content) > YAML_LIMIT or _several(content):
            yield from read_json(Joined(content, stream), source, remark)
            return
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


def _several(content: bytes) -> bool:
    """Whether a sound JSON value ends before the text does, as in JSON lines."""
    try:
        from_json(content, allow_inf_nan=False)
    except ValueError as error:
        return str(error).startswith("trailing characters")
    return False


def lines_of(stream: Bytes, source: str) -> Iterator[bytes]:
    """Yield lines without ever holding one that is above the limit; a byte order mark is dropped."""
    number = 0
    while line := stream.readline(LINE_LIMIT + 1):
        number += 1
        if len(line) > LINE_LIMIT:
            raise too_large(Place(source, number), "line", LINE_LIMIT)
        yield line.removeprefix(_MARK) if number == 1 else line


def _decode(content: bytes, place: Place) -> object:
    try:
        return from_json(content, allow_inf_nan=False)
    except ValueError as error:
        message = f"This is not JSON: {error}."
        raise InvalidInput(ErrorCode.SYNTAX, message, hint="Send well-formed JSON.", place=place) from error
