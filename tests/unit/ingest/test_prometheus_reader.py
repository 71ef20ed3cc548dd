"""Text that Prometheus scrapes."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmdb.errors import ErrorCode, InvalidInput
from cmdb.ingest.prometheus_reader import read_prometheus
from tests.support.reading import attempt, refusal, values

NAMES = st.text("abc_", max_size=5).map("n".__add__)
LABELS = st.dictionaries(NAMES, st.text('ab "\\\n{},=#é', max_size=8), max_size=3)
TOKENS = [
    "# TYPE ", "# HELP ", "a", "b_total", "{", "}", "=", '"', "\\", ",", "\n", " ", "1", "-", "1e5", "+Inf", "NaN",
    "counter", "histogram", "le", "_bucket", "0", "#", "é", "\t", "9" * 30, "\0",
]  # fmt: skip


def test_samples_are_documents() -> None:
    text = b'# TYPE calls_total counter\ncalls_total{from="a",to="b \\"c\\""} 3\nup NaN\nheat +Inf 1395066363000\n'
    assert values(read_prometheus, text) == [
        {"name": "calls_total", "type": "counter", "labels": {"from": "a", "to": 'b "c"'}, "value": 3.0},
        {"name": "up", "type": "unknown", "labels": {}, "value": "nan"},
        {"name": "heat", "type": "unknown", "labels": {}, "value": "inf"},
    ]


def test_the_samples_of_a_histogram_share_its_type() -> None:
    text = b'# TYPE t histogram\nt_bucket{le="1"} 2\nt_bucket{le="+Inf"} 3\nt_sum 4\nt_count 3\n'
    found = values(read_prometheus, text)
    assert [row["name"] for row in found] == ["t_bucket", "t_bucket", "t_sum", "t_count"]
    assert {row["type"] for row in found} == {"histogram"}


@given(NAMES, LABELS, st.floats())
def test_what_is_written_as_the_format_says_reads_back(
    name: str, labels: dict[str, str], number: float
) -> None:
    escaped = {
        key: text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
        for key, text in labels.items()
    }
    written = ",".join(f'{key}="{text}"' for key, text in escaped.items())
    (found,) = values(read_prometheus, f"{name}{{{written}}} {number!r}\n".encode())
    assert (found["name"], found["labels"]) == (name, labels)
    assert found["value"] == (number if math.isfinite(number) else str(number))


@pytest.mark.parametrize("text", [b"calls{a=b} 1\n", b"calls\n", b"calls x\n"])
def test_what_prometheus_would_not_read_is_refused(text: bytes) -> None:
    error = refusal(read_prometheus, text)
    assert (error.code, str(error.place)) == (ErrorCode.SYNTAX, "in")
    assert "/metrics" in error.hint


def test_another_encoding_is_refused_with_its_line() -> None:
    assert str(refusal(read_prometheus, b"a 1\n\xff 1\n").place) == "in:2"


@given(st.lists(st.sampled_from(TOKENS), max_size=14).map("".join))
def test_whatever_is_sent_is_read_or_refused_with_a_code(text: str) -> None:
    found = attempt(read_prometheus, text.encode())
    if isinstance(found, InvalidInput):
        assert found.code is ErrorCode.SYNTAX
    else:
        assert all(isinstance(row.value, dict) and row.value["name"] for row in found)
