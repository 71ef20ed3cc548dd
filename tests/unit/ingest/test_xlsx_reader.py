"""The first sheet of a workbook as rows of texts."""

import random

import pytest

from cmdb.errors import ErrorCode, InvalidInput
from cmdb.ingest.xlsx_reader import read_xlsx
from tests.support.reading import attempt, documents, refusal
from tests.support.workbooks import sheet, workbook

ROWS: list[list[object]] = [["name", "n"], ["a", 3]]
SHEETS = (
    '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>{}</sheets></workbook>'
)


def sheets(*named: tuple[str, str]) -> dict[str, str]:
    """Return the part that lists these sheets, each with its state; all show the same rows."""
    rows = (
        f'<sheet name="{name}" sheetId="{number}" state="{state}" r:id="r1"/>'
        for number, (name, state) in enumerate(named, start=1)
    )
    return {"xl/workbook.xml": SHEETS.format("".join(rows))}


def test_cells_are_what_people_see_and_keep_their_row() -> None:
    rows: list[list[object]] = [["name", "n", "f", "yes"], [], ["a", 3, 1.5, True], ["b", -2, 0.25, False]]
    found = documents(read_xlsx, workbook(rows))
    assert [(row.line, row.value) for row in found] == [
        (3, {"name": "a", "n": "3", "f": "1.5", "yes": "true"}),
        (4, {"name": "b", "n": "-2", "f": "0.25", "yes": "false"}),
    ]


def test_dates_times_and_spans_are_written_the_plain_way() -> None:
    styles = (
        '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs count="3">'
        '<xf numFmtId="0"/><xf numFmtId="22" applyNumberFormat="1"/><xf numFmtId="46" applyNumberFormat="1"/>'
        "</cellXfs></styleSheet>"
    )
    rows = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t>at</t></is></c><c r="B1" t="inlineStr"><is><t>for</t></is></c></row>'
        '<row r="2"><c r="A2" s="1"><v>46083.5</v></c><c r="B2" s="2"><v>1.25</v></c></row>'
    )
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
        'Target="worksheets/sheet1.xml"/>'
        '<Relationship Id="r2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" '
        'Target="styles.xml"/></Relationships>'
    )
    parts = {
        "xl/styles.xml": styles,
        "xl/worksheets/sheet1.xml": sheet(rows),
        "xl/_rels/workbook.xml.rels": relations,
    }
    (row,) = documents(read_xlsx, workbook([], parts))
    assert row.value == {"at": "2026-03-02T12:00:00", "for": "1 day, 6:00:00"}


def test_only_the_first_shown_sheet_is_read_and_the_others_are_named() -> None:
    said: list[str] = []
    several = sheets(("Notes", "hidden"), ("First", "visible"), ("Second", "visible"))
    assert len(documents(read_xlsx, workbook(ROWS, several), said.append)) == 1
    assert said == ["in: only the sheet 'First' is read, not Second."]
    error = refusal(read_xlsx, workbook(ROWS, sheets(("Notes", "hidden"))))
    assert "shows no sheet" in error.message


def test_two_columns_of_one_name_are_refused() -> None:
    assert "called 'a'" in refusal(read_xlsx, workbook([["a", "a"], ["1", "2"]])).message


def test_a_far_cell_is_refused_wherever_it_stands_in_the_part() -> None:
    blanks = " " * ((1 << 18) - 155)
    for filler in range(40):
        rows = f'{blanks}{" " * filler}<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
        error = refusal(read_xlsx, workbook(ROWS, {"xl/worksheets/sheet1.xml": sheet(rows)}))
        assert (error.code, str(error.place)) == (
            ErrorCode.TOO_LARGE,
            "in, field xl/worksheets/sheet1.xml",
        ), filler


def test_declarations_are_refused() -> None:
    for declared in ("<!DOCTYPE a>", "<!doctype a>", '<!ENTITY e "x">'):
        error = refusal(read_xlsx, workbook(ROWS, {"xl/worksheets/sheet1.xml": declared + sheet("")}))
        assert error.code is ErrorCode.HOSTILE_DOCUMENT


def test_a_workbook_with_a_password_is_refused_with_what_to_do() -> None:
    content = workbook(ROWS)
    locked = content.replace(b"PK\x01\x02\x14\x03\x14\0\0\0", b"PK\x01\x02\x14\x03\x14\0\x01\0")
    assert locked != content
    error = refusal(read_xlsx, locked)
    assert error.code is ErrorCode.SYNTAX
    assert "password" in error.hint


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_damaged_is_read_or_refused_with_a_code(seed: int) -> None:
    chance, sound = random.Random(seed), workbook(ROWS)
    for _ in range(100):
        damaged = bytearray(sound[: chance.randrange(len(sound))] if chance.random() < 0.2 else sound)
        for _ in range(3 if damaged else 0):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        found = attempt(read_xlsx, bytes(damaged))
        if isinstance(found, InvalidInput):
            assert found.hint
        else:
            assert all(isinstance(row.value, dict) for row in found)
