"""Rows of cells become objects named by the header; what is ragged or named twice is refused with its place."""

from collections.abc import Iterable, Iterator

from cmdb.errors import ErrorCode, InvalidInput, Place
from cmdb.ingest.document import Document, too_large
from cmdb.ingest.faults import Fault, Faults

COLUMN_LIMIT = 16_384
"""Columns of the widest sheet that spreadsheets can save."""


def read_rows(rows: Iterable[tuple[int, list[str]]], source: str) -> Iterator[Document]:
    """Yield a row as texts by column name, with its line; every ragged row is named, not only the first.

    Empty cells and rows say nothing and are left out, as are blanks around a text.
    """
    faults = Faults()
    numbered = iter(rows)
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


def wrong_table(message: str, place: Place) -> InvalidInput:
    """Return the error for what is no table."""
    return InvalidInput(
        ErrorCode.SYNTAX, message, hint="Correct it, or save the table again as CSV.", place=place
    )


def _header(cells: list[str], source: str) -> list[str]:
    names = [cell.strip() for cell in _trimmed(cells, 0)]
    if not names:
        raise wrong_table("There is no header row.", Place(source, 1))
    if len(names) > COLUMN_LIMIT:
        raise too_large(Place(source, 1), "header", COLUMN_LIMIT, "columns")
    seen: set[str] = set()
    for number, name in enumerate(names, start=1):
        if not name:
            raise wrong_table(f"Column {number} has no name.", Place(source, 1))
        if name in seen:
            raise wrong_table(f"Two columns are called '{name}'.", Place(source, 1, field=name))
        seen.add(name)
    return names


def _trimmed(cells: list[str], width: int) -> list[str]:
    """Drop empty cells beyond the width: spreadsheets save the breadth that was ever used."""
    end = len(cells)
    while end > width and not cells[end - 1].strip():
        end -= 1
    return cells[:end]
