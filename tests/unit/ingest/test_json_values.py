"""A stream of JSON values is cut at their ends, however it comes in and whatever stands between them."""

import json
from dataclasses import dataclass, field
from io import BytesIO
from itertools import cycle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmdb.errors import ErrorCode, InvalidInput, Place
from cmdb.ingest.document import DOCUMENT_LIMIT, Document, Remark, log_remark
from cmdb.ingest.json_values import not_utf8, split_values

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('ab{["\\é', max_size=3), inner, max_size=3),
    max_leaves=10,
)  # fmt: skip
GAPS = st.text(" \t\r\n", min_size=1, max_size=4)


@dataclass
class Drip:
    """A stream that gives fewer bytes than it is asked for."""

    content: bytes
    sizes: list[int]
    _stream: BytesIO = field(init=False)

    def __post_init__(self) -> None:
        self._stream = BytesIO(self.content)
        self._next = cycle(self.sizes)

    def read(self, size: int, /) -> bytes:
        """Return the next few bytes."""
        return self._stream.read(min(size, next(self._next)))

    def readline(self, size: int, /) -> bytes:
        """Return a line."""
        return self._stream.readline(size)


def split(content: bytes, remark: Remark = log_remark) -> list[Document]:
    return list(split_values(BytesIO(content), "in", remark))


def refusal(content: bytes) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        split(content)
    return caught.value


def line_of(documents: list[Document]) -> list[int | None]:
    return [document.line for document in documents]


@settings(max_examples=100)
@given(
    st.lists(st.tuples(VALUES, GAPS), min_size=1, max_size=5),
    st.lists(st.integers(1, 7), min_size=1, max_size=4),
    st.sampled_from([None, 1]),
    st.booleans(),
)
def test_values_come_out_as_they_went_in_with_their_lines(
    parts: list[tuple[Any, str]], sizes: list[int], indent: int | None, escaped: bool
) -> None:
    written = [(json.dumps(value, indent=indent, ensure_ascii=escaped), gap) for value, gap in parts]
    text = "".join(value + gap for value, gap in written)
    stream = Drip(text.encode(), sizes)
    found = list(split_values(stream, "in", log_remark))
    assert [document.value for document in found] == [value for value, _ in parts]
    starts, at = [], 1
    for value, gap in written:
        starts.append(at)
        at += (value + gap).count("\n")
    assert line_of(found) == starts


def test_containers_need_nothing_between_them() -> None:
    said: list[str] = []
    found = split(b'\xef\xbb\xbf{"a":1}[2]"x"{}[]', said.append)
    assert said == []
    assert [document.value for document in found] == [{"a": 1}, [2], "x", {}, []]


def test_a_long_list_alone_comes_in_parts_in_order() -> None:
    entries = [f"{number}" * (1 << 18) for number in range(80)]
    said: list[str] = []
    found = split(b"\n" + json.dumps(entries).encode(), said.append)
    assert [entry for document in found for entry in document.value] == entries  # type: ignore[attr-defined]
    assert set(line_of(found)) == {2}
    assert said == [f"in:2: a list was read in {len(found)} parts; entries see only those of their part."]
    assert len(found) > 1


@pytest.mark.parametrize(
    ("content", "says", "place"),
    [
        (b"", "there is no value", "in:1"),
        (b" \n\n", "there is no value", "in:3"),
        (b'{"a": 1}\n{"b" 2}', "':' is missing", "in:2"),
        (b'{"a": 1\n"b": 2}', "',' is missing", "in:2"),
        (b"[1\n2]", "',' is missing", "in:2"),
        (b"{\n1: 2}", "a field has no name", "in:2"),
        (b'{"a": 1,\n}', "Expecting value", "in:2"),
        (b"[1,]", "Expecting value", "in:1"),
        (b"[1", "',' is missing", "in:1"),
        (b'{"a"', "':' is missing", "in:1"),
        (b'"abc', "Unterminated string", "in:1"),
        (b"{}\n]", "Expecting value", "in:2"),
        (b"[\n-Infinity]", "-Infinity is no number of JSON", "in:2"),
        (b"nul", "Expecting value", "in:1"),
    ],
)
def test_what_is_no_json_is_refused_with_its_line(content: bytes, says: str, place: str) -> None:
    error = refusal(content)
    assert (error.code, str(error.place)) == (ErrorCode.SYNTAX, place)
    assert says in error.message
    assert error.hint


def test_values_before_a_fault_are_handed_on() -> None:
    found = split_values(BytesIO(b"1 [2] {"), "in", log_remark)
    assert [next(found).value, next(found).value] == [1, [2]]
    with pytest.raises(InvalidInput):
        next(found)


def test_a_number_that_python_would_not_read_is_refused() -> None:
    error = refusal(b"[1,\n" + b"9" * 5000 + b"]")
    assert (error.code, str(error.place)) == (ErrorCode.SYNTAX, "in:2")


@pytest.mark.parametrize(
    "content", [b"[" * 100_000, b'{"a":' * 100_000, b"[" + b"[" * 100_000 + b"]" * 100_001]
)
def test_depth_is_refused(content: bytes) -> None:
    error = refusal(content)
    assert (error.code, str(error.place)) == (ErrorCode.HOSTILE_DOCUMENT, "in:1")


def test_one_value_is_held_up_to_the_limit() -> None:
    error = refusal(b'1\n"' + b"x" * (DOCUMENT_LIMIT + (1 << 20)))
    assert (error.code, str(error.place)) == (ErrorCode.TOO_LARGE, "in:2")


def test_another_encoding_is_named_with_what_to_do() -> None:
    assert "UTF-8" in refusal(b'"a" "\xe4"').hint
    assert str(not_utf8(Place("x", 4)).place) == "x:4"
