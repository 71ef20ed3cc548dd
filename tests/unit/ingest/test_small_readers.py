"""Readers of tables, INI, Prometheus text, XML and plain text."""

from io import BytesIO
from typing import Any

import pytest

from cmdb.errors import ErrorCode, InvalidInput
from cmdb.ingest.csv_reader import read_table
from cmdb.ingest.document import Reader, log_remark
from cmdb.ingest.ini_reader import read_ini
from cmdb.ingest.prometheus_reader import read_prometheus
from cmdb.ingest.text_reader import read_text
from cmdb.ingest.xml_reader import read_xml
from tests.support.workbooks import workbook


def values(reader: Reader, content: bytes) -> list[Any]:
    return [document.value for document in reader(BytesIO(content), "in", log_remark)]


def refusal(reader: Reader, content: bytes) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        values(reader, content)
    return caught.value


def test_a_table_is_told_from_its_first_bytes() -> None:
    assert values(read_table, b"a,b\n1,2\n") == [{"a": "1", "b": "2"}]
    assert values(read_table, b' [{"a": 1}]') == [[{"a": 1}]]
    assert values(read_table, workbook([["a", "b"], ["x", 2]])) == [{"a": "x", "b": "2"}]


def test_a_long_table_is_read_past_its_head() -> None:
    assert len(values(read_table, b"a,b\n" + b"1,2\n" * 5000)) == 5000
    assert len(values(read_table, b"[" + b"1, " * 5000 + b"1]")[0]) == 5001


def test_cells_are_what_people_see_and_keep_their_row() -> None:
    rows: list[list[object]] = [["name", "n", "f", "yes"], [], ["a", 3, 1.5, True]]
    (document,) = read_table(BytesIO(workbook(rows)), "in", log_remark)
    assert (document.line, document.value) == (3, {"name": "a", "n": "3", "f": "1.5", "yes": "true"})


def test_ragged_rows_do_not_exist_in_a_workbook_but_double_names_do() -> None:
    error = refusal(read_table, workbook([["a", "a"], ["1", "2"]]))
    assert "called 'a'" in error.message


def test_an_inventory_is_sections_of_entries() -> None:
    text = b"""\
; first
lone ansible_host=192.0.2.1
[web]   # the front
w[01:03].example.org  ansible_port=22 note="two words" # end
[web:vars]
proxy = 'http://p:1'
empty=
[site:children]
web
"""
    (document,) = values(read_ini, text)
    assert [(row["name"], row["entries"]) for row in document["sections"]] == [
        ("", [{"name": "lone", "line": 2, "values": {"ansible_host": "192.0.2.1"}}]),
        (
            "web",
            [
                {
                    "name": "w[01:03].example.org",
                    "line": 4,
                    "values": {"ansible_port": "22", "note": "two words"},
                }
            ],
        ),
        (
            "web:vars",
            [
                {"name": "", "line": 6, "values": {"proxy": "http://p:1"}},
                {"name": "", "line": 7, "values": {"empty": ""}},
            ],
        ),
        ("site:children", [{"name": "web", "line": 9, "values": {}}]),
    ]


@pytest.mark.parametrize("line", [b"[web\n", b"[]\n", b"[a] b\n", b'a b="c\n', b"a\0b\n", b"\xff\n"])
def test_what_is_no_inventory_is_refused_with_its_line(line: bytes) -> None:
    error = refusal(read_ini, b"[ok]\n" + line)
    assert error.code is ErrorCode.SYNTAX
    assert error.place is not None
    assert error.place.line == 2


def test_samples_of_prometheus_are_documents() -> None:
    text = b'# TYPE calls_total counter\ncalls_total{from="a",to="b \\"c\\""} 3\nup NaN\n'
    assert values(read_prometheus, text) == [
        {"name": "calls_total", "type": "counter", "labels": {"from": "a", "to": 'b "c"'}, "value": 3.0},
        {"name": "up", "type": "unknown", "labels": {}, "value": "nan"},
    ]


@pytest.mark.parametrize("text", [b"calls{a=b} 1\n", b"calls\n", b"calls x\n", b"\xff 1\n"])
def test_what_prometheus_would_not_read_is_refused(text: bytes) -> None:
    assert refusal(read_prometheus, text).code is ErrorCode.SYNTAX


def test_xml_becomes_nested_objects_without_namespaces() -> None:
    (document,) = values(read_xml, b'<a xmlns="urn:x" k="v"> one <b/> two <b>t</b></a>')
    assert document["name"] == "a"
    assert document["attributes"] == {"k": "v"}
    assert [(child["name"], child["text"]) for child in document["children"]] == [("b", ""), ("b", "t")]


def test_text_is_one_document_with_plain_line_ends() -> None:
    assert values(read_text, b"\xef\xbb\xbfa\r\nb\n") == ["a\nb\n"]
    assert refusal(read_text, b"a\0").code is ErrorCode.SYNTAX
    assert refusal(read_text, "a".encode("utf-16")).code is ErrorCode.SYNTAX
