"""Rows of cells become objects named by their header."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmdb.errors import ErrorCode, InvalidInput, Place
from cmdb.ingest.faults import FAULT_LIMIT
from cmdb.ingest.table_rows import COLUMN_LIMIT, read_rows, wrong_table

Rows = list[tuple[int, list[str]]]
NAMES = st.lists(
    st.text("ab c", min_size=1, max_size=4).filter(str.strip), min_size=1, max_size=4, unique_by=str.strip
)
CELLS = st.text("xy \t", max_size=3)


def numbered(*rows: list[str]) -> Rows:
    return list(enumerate(rows, start=1))


def read(*rows: list[str]) -> list[tuple[int | None, object]]:
    return [(document.line, document.value) for document in read_rows(numbered(*rows), "t")]


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    """Return a header and rows of its width, some of them blank."""
    names = draw(NAMES)
    return names, draw(st.lists(st.lists(CELLS, min_size=len(names), max_size=len(names)), max_size=5))


@given(tables(), st.integers(0, 3))
def test_each_cell_that_says_something_is_kept_under_its_name(
    table: tuple[list[str], list[list[str]]], breadth: int
) -> None:
    names, rows = table
    blank = [" "] * breadth
    told = [{n.strip(): c.strip() for n, c in zip(names, row, strict=True) if c.strip()} for row in rows]
    wanted = [(line, said) for line, said in enumerate(told, start=2) if said]
    assert read(names + blank, *(row + blank for row in rows)) == wanted


def test_rows_are_handed_on_before_a_later_one_is_refused() -> None:
    found = read_rows(numbered(["a"], ["1"], ["2", "3"], ["4"]), "t")
    assert [next(found).value, next(found).value] == [{"a": "1"}, {"a": "4"}]
    with pytest.raises(InvalidInput) as caught:
        next(found)
    assert str(caught.value.place) == "t:3"
    assert caught.value.message == "The row has 2 cells, the header 1."


def test_a_short_row_is_ragged_too_and_a_blank_one_is_none() -> None:
    with pytest.raises(InvalidInput) as caught:
        read(["a", "b"], [" "], [], ["1"])
    assert str(caught.value.place) == "t:4"


def test_a_table_that_is_all_ragged_is_given_up_early() -> None:
    rows = iter(numbered(["a"], *([["1", "2"]] * 100)))
    with pytest.raises(InvalidInput, match=f"at least {FAULT_LIMIT} faults"):
        list(read_rows(rows, "t"))
    assert len(list(rows)) == 100 - FAULT_LIMIT


@pytest.mark.parametrize(
    ("header", "says", "place"),
    [
        ([], "no header row", "t:1"),
        (["", " "], "no header row", "t:1"),
        (["a", "", "b"], "Column 2 has no name", "t:1"),
        (["a", " a "], "Two columns are called 'a'", "t:1, field a"),
    ],
)
def test_a_header_must_name_each_column_once(header: list[str], says: str, place: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read(header, ["1"])
    assert (caught.value.code, str(caught.value.place)) == (ErrorCode.SYNTAX, place)
    assert says in caught.value.message


def test_no_rows_at_all_are_no_table() -> None:
    with pytest.raises(InvalidInput, match="no header"):
        read()


def test_the_width_is_bounded_by_what_spreadsheets_save() -> None:
    names = [f"c{number}" for number in range(COLUMN_LIMIT + 1)]
    assert len(read(names[:-1], ["1"] * COLUMN_LIMIT)) == 1
    with pytest.raises(InvalidInput) as caught:
        read(names)
    assert caught.value.code is ErrorCode.TOO_LARGE
    assert "columns" in caught.value.message


def test_what_is_no_table_says_what_to_do() -> None:
    error = wrong_table("Odd.", Place("t", 2))
    assert (error.code, error.message, str(error.place)) == (ErrorCode.SYNTAX, "Odd.", "t:2")
    assert "CSV" in error.hint
