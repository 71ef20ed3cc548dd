"""Reads CSV as people save it from spreadsheets: one object per row, named by the header."""

import csv
from collections.abc import Iterable, Iterator
from itertools import chain

from cmdb.errors import ErrorCode, InvalidInput, Place
from cmdb.ingest.document import Bytes, Document, Remark
from cmdb.ingest.faults import Fault, Faults
from cmdb.ingest.json_reader import lines_of
from cmdb.ingest.json_values import not_utf8

_DELIMITERS = ",;\t"


def read_csv(stream: Bytes, source: str, _remark: Remark) -> Iterator[Document]:
    """Yield a row as texts by column name, with its line; every ragged row is named, not only the first.

    Comma, semicolon or tab, whichever the header holds most of. Empty cells and rows say nothing and are left out, as
    are blanks around a text.
    """
    lines = _decoded(stream, source)
    first = next(lines, "")
    faults = Faults()
    numbered = _numbered(chain([first], lines), max(_DELIMITERS, key=first.count), source)
    header = _header(next(numbered, (1, []))[1], source)
    for line, row in numbered:
        cells = _trimmed(row, len(header))
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            message = f"The row has {len(cells)} cells, the header {len(header)}."
            faults.add(Fault(ErrorCode.SYNTAX, Place(source, line), message))
        else:
            named = zip(header, cells, strict=True)
            yield Document({name: text for name, cell in named if (text := cell.strip())}, line)
    faults.settle()


def _decoded(stream: Bytes, source: str) -> Iterator[str]:
    for number, line in enumerate(lines_of(stream, source), start=1):
        place = Place(source, number)
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise not_utf8(place) from error
        if "\0" in text:
            raise _wrong("The line holds a NUL character.", place)
        yield text


def _numbered(lines: Iterable[str], delimiter: str, source: str) -> Iterator[tuple[int, list[str]]]:
    """Yield rows with the line each starts at: a quoted cell may span lines."""
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = rows.line_num + 1
        try:
            row = next(rows, None)
        except csv.Error as error:
            raise _wrong(f"The row cannot be read: {error}.", Place(source, line)) from error
        if row is None:
            return
        yield line, row


def _header(cells: list[str], source: str) -> list[str]:
    names = [cell.strip() for cell in _trimmed(cells, 0)]
    if not names:
        raise _wrong("There is no header row.", Place(source, 1))
    for number, name in enumerate(names, start=1):
        if not name:
            raise _wrong(f"Column {number} has no name.", Place(source, 1))
        if name in names[: number - 1]:
            raise _wrong(f"Two columns are called '{name}'.", Place(source, 1, field=name))
    return names


def _trimmed(cells: list[str], width: int) -> list[str]:
    """Drop empty cells beyond the width: spreadsheets save the breadth that was ever used."""
    while len(cells) > width and not cells[-1].strip():
        cells = cells[:-1]
    return cells


def _wrong(message: str, place: Place) -> InvalidInput:
    return InvalidInput(
        ErrorCode.SYNTAX, message, hint="Correct it, or save the table again as CSV.", place=place
    )
