"""Streams that count and that were looked into, and inputs above their limit."""

import logging
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmdb.errors import ErrorCode, InvalidInput, Place
from cmdb.ingest.document import Bytes, Counted, Joined, log_remark, read_whole, too_large

CONTENT = st.lists(st.sampled_from([b"a", b"bcd", b"efgh", b"\n"]), max_size=20).map(b"".join)
STEPS = st.lists(st.tuples(st.booleans(), st.integers(0, 12)), max_size=12)


def taken(stream: Bytes, steps: list[tuple[bool, int]]) -> list[bytes]:
    """Take lines or blocks of these sizes, then the rest."""
    found = [stream.readline(size) if by_line else stream.read(size) for by_line, size in steps]
    return [*found, stream.read(1 << 10)]


@given(CONTENT, st.integers(0, 12), STEPS)
def test_a_stream_that_was_looked_into_reads_as_if_it_were_not(
    content: bytes, looked_at: int, steps: list[tuple[bool, int]]
) -> None:
    rest = BytesIO(content)
    joined = Joined(rest.read(looked_at), rest)
    assert taken(joined, steps) == taken(BytesIO(content), steps)


@given(CONTENT, STEPS)
def test_a_counted_stream_tells_every_byte_once(content: bytes, steps: list[tuple[bool, int]]) -> None:
    told: list[int] = []
    found = taken(Counted(BytesIO(content), told.append), steps)
    assert found == taken(BytesIO(content), steps)
    assert told == [len(part) for part in found]


def test_a_whole_input_may_be_as_large_as_its_limit_and_no_larger() -> None:
    assert read_whole(BytesIO(b"12345"), "in", 5) == b"12345"
    with pytest.raises(InvalidInput) as caught:
        read_whole(BytesIO(b"123456"), "in", 5)
    assert (caught.value.code, str(caught.value.place)) == (ErrorCode.TOO_LARGE, "in")
    assert caught.value.message == "The file is larger than 5 bytes."


def test_what_is_too_large_says_what_where_and_what_to_do() -> None:
    error = too_large(Place("in", 3), "header", 9, "columns")
    assert (error.message, str(error.place)) == ("The header is larger than 9 columns.", "in:3")
    assert "Split it" in error.hint


def test_a_remark_that_nobody_takes_goes_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        log_remark("100% odd %s")
    assert caplog.messages == ["100% odd %s"]
