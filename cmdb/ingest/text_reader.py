"""Reads what a command prints as one text, for programs that take it apart by patterns."""

from collections.abc import Iterator

from cmdb.errors import ErrorCode, InvalidInput, Place
from cmdb.ingest.document import Bytes, Document, Remark, read_whole
from cmdb.ingest.json_values import not_utf8

TEXT_LIMIT = 1 << 22


def read_text(stream: Bytes, source: str, _remark: Remark) -> Iterator[Document]:
    """Yield one document: the text, with line feeds alone at the ends of lines."""
    content = read_whole(stream, source, TEXT_LIMIT).removeprefix(b"\xef\xbb\xbf")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise not_utf8(Place(source)) from error
    if "\0" in text:
        raise InvalidInput(
            ErrorCode.SYNTAX, "The text holds a NUL character.", hint="Save plain text.", place=Place(source)
        )
    yield Document(text.replace("\r\n", "\n"), 1)
