from io import BytesIO

import pytest

from cmdb.errors import ErrorCode, InvalidInput
from cmdb.ingest.csv_reader import read_csv, read_table
from cmdb.ingest.document import log_remark
from tests.support.reading import values
from tests.support.workbooks import workbook


def rows(content: bytes) -> list[tuple[int | None, object]]:
    return [(document.line, document.value) for document in read_csv(BytesIO(content), "t.csv", log_remark)]


@pytest.mark.parametrize("delimiter", [b",", b";", b"\t"])
def test_rows_are_named_by_the_header_whatever_the_delimiter(delimiter: bytes) -> None:
    assert rows(b"a,b\n1,2\n".replace(b",", delimiter)) == [(2, {"a": "1", "b": "2"})]


def test_byte_order_mark_blanks_and_empty_cells_are_dropped() -> None:
    assert rows(b"\xef\xbb\xbf a , b \r\n x ,  \r\n , \r\n\r\ny,z\r\n") == [
        (2, {"a": "x"}),
        (5, {"a": "y", "b": "z"}),
    ]


def test_a_quoted_cell_may_hold_the_delimiter_and_span_lines() -> None:
    assert rows(b'a,b\n"1,\n2",3\n4,5\n') == [(2, {"a": "1,\n2", "b": "3"}), (4, {"a": "4", "b": "5"})]


def test_empty_columns_at_the_right_edge_are_no_columns() -> None:
    assert rows(b"a,b,,\n1,2,,\n3,4,,,,\n") == [(2, {"a": "1", "b": "2"}), (3, {"a": "3", "b": "4"})]


def test_every_ragged_row_is_named() -> None:
    with pytest.raises(InvalidInput) as caught:
        rows(b"a,b\n1\n1,2\n1,2,3\n")
    assert "t.csv:2: The row has 1 cells, the header 2." in caught.value.message
    assert "t.csv:4: The row has 3 cells, the header 2." in caught.value.message


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        (b"", 1, "no header"),
        (b"\n1,2\n", 1, "no header"),
        (b"a,,b\n", 1, "Column 2 has no name"),
        (b"a,b,a\n", 1, "called 'a'"),
        (b"a,b\n1,\x002\n", 2, "NUL"),
        (b"a,b\n1,2\n3,\xe4\n", 3, "not UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), 1, "not UTF-8"),
        (b'a,b\n1,2\n3,"4\n5,6\n', 3, "cannot be read"),
        (b'a,b\n1,"2"x\n', 2, "cannot be read"),
        (b'a,b\n1,"' + b"x" * 200_000 + b'"\n', 2, "field larger than"),
    ],
)
def test_what_is_no_table_is_refused_with_its_line(content: bytes, line: int, says: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        rows(content)
    assert caught.value.code is ErrorCode.SYNTAX
    assert caught.value.place is not None
    assert caught.value.place.line == line
    assert says in caught.value.message


def test_a_table_is_told_from_its_first_bytes() -> None:
    assert values(read_table, b"a,b\n1,2\n") == [{"a": "1", "b": "2"}]
    assert values(read_table, b' [{"a": 1}]') == [[{"a": 1}]]
    assert values(read_table, workbook([["a", "b"], ["x", 2]])) == [{"a": "x", "b": "2"}]


def test_a_long_table_is_read_past_its_head() -> None:
    assert len(values(read_table, b"a,b\n" + b"1,2\n" * 5000)) == 5000
    assert len(values(read_table, b"[" + b"1, " * 5000 + b"1]")[0]) == 5001
