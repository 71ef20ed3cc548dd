"""Reads the first sheet of an XLSX workbook as rows of texts, after measuring what it unfolds to."""

import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time
from io import BytesIO

from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from cmdb.errors import ErrorCode, InvalidInput, Place
from cmdb.ingest.document import Bytes, Document, Remark, read_whole, too_large
from cmdb.ingest.table_rows import read_rows

XLSX_MAGIC = b"PK\x03\x04"
UNPACKED_LIMIT = 1 << 25
"""Bytes that all parts of a workbook unfold to: about half a million cells."""

CELL_LIMIT = 2_000_000
"""Cells between the first and the last used one; the workbook reader keeps the empty ones too."""

_CHUNK = 1 << 18
_REFERENCE = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
_LONGEST_REFERENCE = 16
# A password is a RuntimeError to zipfile, an unknown compression its NotImplementedError.
_UNREADABLE = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    EOFError,
    RuntimeError,
    ValueError,
    CalamineError,
)
_DECLARES = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def read_xlsx(stream: Bytes, source: str, remark: Remark) -> Iterator[Document]:
    """Yield a row as texts by column name, with its row number; sheets after the first are named in a remark."""
    content = read_whole(stream, source)
    try:
        _measure(content, source)
        workbook = CalamineWorkbook.from_filelike(BytesIO(content))
        visible = [row.name for row in workbook.sheets_metadata if row.visible is SheetVisibleEnum.Visible]
        if not visible:
            raise _wrong("The workbook shows no sheet.", source)
        rows = workbook.get_sheet_by_name(visible[0]).to_python(skip_empty_area=False)
    except _UNREADABLE as error:
        raise _wrong(f"The workbook cannot be read: {error}.", source) from error
    if len(visible) > 1:
        remark(f"{source}: only the sheet '{visible[0]}' is read, not {', '.join(visible[1:])}.")
    numbered = ((number, [_text(cell) for cell in row]) for number, row in enumerate(rows, start=1))
    yield from read_rows(numbered, source)


def _measure(content: bytes, source: str) -> None:
    """Unpack every part once without keeping it, and refuse what unfolds to too much."""
    total = 0
    with zipfile.ZipFile(BytesIO(content)) as parts:
        for part in parts.infolist():
            columns = rows = 0
            tail = b""
            with parts.open(part) as unpacked:
                while chunk := unpacked.read(_CHUNK):
                    total += len(chunk)
                    if total > UNPACKED_LIMIT:
                        raise _hostile(f"The workbook unfolds to more than {UNPACKED_LIMIT} bytes.", source)
                    text = tail + chunk
                    if _DECLARES.search(text):
                        raise _hostile("The workbook declares entities or a document type.", source)
                    columns, rows = _extent(text, columns, rows)
                    tail = chunk[-_LONGEST_REFERENCE:]
            if columns * rows > CELL_LIMIT:
                raise too_large(Place(source, field=part.filename), "sheet", CELL_LIMIT)


def _extent(text: bytes, columns: int, rows: int) -> tuple[int, int]:
    for letters, digits in _REFERENCE.findall(text):
        column = 0
        for letter in letters:
            column = column * 26 + letter - 64
        columns, rows = max(columns, column), max(rows, int(digits))
    return columns, rows


def _text(cell: object) -> str:
    """Return what a person sees in the cell, but for its number format."""
    match cell:
        case bool():
            return "true" if cell else "false"
        case float() if cell.is_integer():
            return str(int(cell))
        case datetime() | date() | time():
            return cell.isoformat()
        case _:
            return str(cell)


def _wrong(message: str, source: str) -> InvalidInput:
    return InvalidInput(
        ErrorCode.SYNTAX,
        message,
        hint="Save it again as XLSX without password, or as CSV.",
        place=Place(source),
    )


def _hostile(message: str, source: str) -> InvalidInput:
    return InvalidInput(
        ErrorCode.HOSTILE_DOCUMENT, message, hint="Save the sheet as CSV.", place=Place(source)
    )
