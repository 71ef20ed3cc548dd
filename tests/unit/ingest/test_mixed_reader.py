"""Sources that write the same facts in several formats."""

from io import BytesIO
from typing import Any

import pytest

from cmdb.errors import ErrorCode, InvalidInput
from cmdb.ingest.document import Reader, log_remark
from cmdb.ingest.mixed_reader import read_bill, read_inventory, read_metrics


def values(reader: Reader, content: bytes) -> list[Any]:
    return [document.value for document in reader(BytesIO(content), "in", log_remark)]


@pytest.mark.parametrize(
    "content",
    [
        b"# HELP up Whether it answers\n# TYPE up gauge\nup 1\n",
        b'up{job="a"} 1\n',
        b"# scraped by hand\n\nup 1\n",
        b"up NaN\n",
    ],
)
def test_what_starts_like_samples_is_read_as_samples(content: bytes) -> None:
    (sample,) = values(read_metrics, content)
    assert sample["name"] == "up"


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"# a comment of YAML\nversion: 3\n", {"version": 3}),
        (b"- targets: [a]\n", [{"targets": ["a"]}]),
        (b'{"data": 1}', {"data": 1}),
        (b'[{"targets": ["a"]}]', [{"targets": ["a"]}]),
    ],
)
def test_anything_else_is_read_as_yaml_or_json(content: bytes, value: object) -> None:
    assert values(read_metrics, content) == [value]
    assert values(read_inventory, content) == [value]


def test_samples_are_read_past_the_part_that_was_looked_at() -> None:
    assert len(values(read_metrics, b'up{job="a"} 1\n' * 20_000)) == 20_000


def test_samples_that_break_off_are_refused_as_samples() -> None:
    with pytest.raises(InvalidInput) as caught:
        values(read_metrics, b'up{job="a" 1\n')
    assert (caught.value.code, "Prometheus" in caught.value.message) == (ErrorCode.SYNTAX, True)


@pytest.mark.parametrize(
    ("content", "section"),
    [
        (b"[web]\na.example.net\n", "web"),
        (b"; by hand\n[a:children]\nweb\n", "a:children"),
        (b"a.example.net x=1\n", ""),
        (b"[1]\na\n", "1"),
    ],
)
def test_sections_and_bare_hosts_are_read_as_ini(content: bytes, section: str) -> None:
    (found,) = values(read_inventory, content)
    assert [row["name"] for row in found["sections"]] == [section]


@pytest.mark.parametrize("content", [b"[\n  1\n]", b'["a", "b"]', b"[1, 2]"])
def test_lists_of_json_are_no_sections(content: bytes) -> None:
    (found,) = values(read_inventory, content)
    assert isinstance(found, list)


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\n  "])
def test_a_bill_is_xml_or_json(before: bytes) -> None:
    (element,) = values(read_bill, before + b"<bom version='1'/>")
    assert (element["name"], element["attributes"]) == ("bom", {"version": "1"})
    assert values(read_bill, before + b'{"bomFormat": "CycloneDX"}') == [{"bomFormat": "CycloneDX"}]


def test_broken_xml_is_not_taken_for_json() -> None:
    with pytest.raises(InvalidInput) as caught:
        values(read_bill, b"<bom><metadata></bom>")
    assert "XML" in caught.value.message
