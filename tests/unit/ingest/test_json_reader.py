from io import BytesIO

import pytest

from cmdb.errors import ErrorCode, InvalidInput
from cmdb.ingest.document import DOCUMENT_LIMIT, LINE_LIMIT, Document, Reader, log_remark
from cmdb.ingest.json_reader import YAML_LIMIT, read_json, read_ndjson, read_yaml


def documents(reader: Reader, content: bytes) -> list[Document]:
    return list(reader(BytesIO(content), "in", log_remark))


def refusal(reader: Reader, content: bytes) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        documents(reader, content)
    return caught.value


def test_json_is_one_document() -> None:
    assert documents(read_json, b'\xef\xbb\xbf[{"a": 1}, 2]') == [Document([{"a": 1}, 2], 1)]


def test_json_lines_keep_their_line() -> None:
    assert documents(read_ndjson, b'{"a": 1}\n\n 2 \n') == [Document({"a": 1}, 1), Document(2, 3)]


def test_yaml_may_hold_several_documents() -> None:
    assert documents(read_yaml, b"a: 1\n---\nb: [x]\n") == [Document({"a": 1}), Document({"b": ["x"]})]


def test_yaml_takes_json_and_flow_style() -> None:
    assert documents(read_yaml, b' {"a": "2026-01-31"}') == [Document({"a": "2026-01-31"}, 1)]
    assert documents(read_yaml, b"{a: 2026-01-31}") == [Document({"a": "2026-01-31"})]


@pytest.mark.parametrize("content", [b"{", b"", b"[NaN]", b"\xff", b"[" * 5000])
def test_what_is_not_json_is_a_syntax_fault(content: bytes) -> None:
    assert refusal(read_json, content).code is ErrorCode.SYNTAX


def test_the_faulty_line_is_named() -> None:
    assert str(refusal(read_ndjson, b"1\n2\n{\n").place) == "in:3"


def test_yaml_in_another_encoding_is_refused() -> None:
    assert "not UTF-8" in refusal(read_yaml, b"a: \xe4\n").message


@pytest.mark.parametrize(
    ("reader", "content"),
    [
        (read_json, b" " * (DOCUMENT_LIMIT + 1)),
        (read_ndjson, b"1\n" + b" " * (LINE_LIMIT + 1)),
        (read_yaml, b"a: " + b"x" * YAML_LIMIT),
    ],
)
def test_inputs_above_their_limit_are_refused(reader: Reader, content: bytes) -> None:
    assert refusal(reader, content).code is ErrorCode.TOO_LARGE
