"""Reads CSV as people save it from spreadsheets: one object per row, named by the header."""

import csv
from collections.abc import Iterable, Iterator
from itertools import chain

from cmdb.errors import Place
from cmdb.ingest.document import Bytes, Document, Joined, Remark
from cmdb.ingest.json_reader import lines_of, read_json
from cmdb.ingest.json_values import not_utf8
from cmdb.ingest.table_rows import read_rows, wrong_table
from cmdb.ingest.xlsx_reader import XLSX_MAGIC, read_xlsx

_DELIMITERS = ",;\t"
_HEAD = 1 << 10


def read_table(stream: Bytes, source: str, remark: Remark) -> Iterator[Document]:
    """Yield the rows of a table, or JSON values: the first bytes tell XLSX, JSON and CSV apart."""
    head = stream.read(_HEAD)
    joined = Joined(head, stream)
    if head.startswith(XLSX_MAGIC):
        return read_xlsx(joined, source, remark)
    if head.lstrip()[:1] in (b"{", b"["):
        return read_json(joined, source, remark)
    return read_csv(joined, source, remark)


def read_csv(stream: Bytes, source: str, _remark: Remark) -> Iterator[Document]:
    """Yield a row as texts by column name, with its line.

    Comma, semicolon or tab, whichever the header holds most of.
    """
    lines = _decoded(stream, source)
    first = next(lines, "")
    delimiter = max(_DELIMITERS, key=first.count)
    yield from read_rows(_numbered(chain([first], lines), delimiter, source), source)


def _decoded(stream: Bytes, source: str) -> Iterator[str]:
    for number, line in enumerate(lines_of(stream, source), start=1):
        place = Place(source, number)
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise not_utf8(place) from error
        if "\0" in text:
            raise wrong_table("The line holds a NUL character.", place)
        yield text


def _numbered(lines: Iterable[str], delimiter: str, source: str) -> Iterator[tuple[int, list[str]]]:
    """Yield rows with the line each starts at: a quoted cell may span lines."""
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = rows.line_num + 1
        try:
            row = next(rows, None)
        except csv.Error as error:
            raise wrong_table(f"The row cannot be read: {error}.", Place(source, line)) from error
        if row is None:
            return
        yield line, row
