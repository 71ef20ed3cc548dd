import json
from io import BytesIO
from typing import Any, cast

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


@pytest.mark.parametrize(
    "content", [b"{", b"", b"[NaN]", b"\xff", b"[" * 5000, b"1 [", b"1 NaN", b'{} {"a" 1}', b"{}{1: 2}"]
)
def test_what_is_not_json_is_a_syntax_fault(content: bytes) -> None:
    assert refusal(read_json, content).code is ErrorCode.SYNTAX


def test_the_faulty_line_is_named() -> None:
    assert str(refusal(read_ndjson, b"1\n2\n{\n").place) == "in:3"


def test_yaml_in_another_encoding_is_refused() -> None:
    assert "not UTF-8" in refusal(read_yaml, b"a: \xe4\n").message


@pytest.mark.parametrize(
    ("reader", "content"),
    [
        (read_json, b'"' + b"x" * (DOCUMENT_LIMIT + 1)),
        (read_json, b'{"a": "' + b"x" * (DOCUMENT_LIMIT + 1)),
        (read_ndjson, b"1\n" + b" " * (LINE_LIMIT + 1)),
        (read_yaml, b"a: " + b"x" * YAML_LIMIT),
    ],
)
def test_inputs_above_their_limit_are_refused(reader: Reader, content: bytes) -> None:
    assert refusal(reader, content).code is ErrorCode.TOO_LARGE


@pytest.mark.parametrize("reader", [read_json, read_yaml])
def test_several_values_may_follow_one_another(reader: Reader) -> None:
    assert documents(reader, b'{"a": 1}\n{"a": [2]}{}') == [
        Document({"a": 1}, 1),
        Document({"a": [2]}, 2),
        Document({}, 2),
    ]


def test_a_long_list_comes_in_parts_and_says_so() -> None:
    entry = {"text": "é" + "x" * 2000}
    entries = [entry] * (DOCUMENT_LIMIT // 2000 + 2000)
    content = json.dumps({"kind": "L", "items": entries, "end": True}, ensure_ascii=False).encode()
    said: list[str] = []
    found = list(read_json(BytesIO(content), "in", said.append))
    assert len(found) > 1
    values = [cast("dict[str, Any]", document.value) for document in found]
    assert [entry for value in values for entry in value["items"]] == entries
    assert {value["kind"] for value in values} == {"L"}
    assert values[-1]["end"] is True
    assert len(said) == 1


def test_many_gathered_values_are_bounded() -> None:
    field = b'"x": "' + b"y" * (1 << 22) + b'"'
    assert refusal(read_json, b"{" + b", ".join([field] * 16) + b"}").code is ErrorCode.TOO_LARGE


def test_depth_is_bounded_beyond_the_limit_too() -> None:
    content = b'{"a": 1}\n' + b'{"a":' * 200_000
    assert refusal(read_json, content).code is ErrorCode.HOSTILE_DOCUMENT


def test_another_encoding_is_refused_in_a_stream_of_values() -> None:
    assert "not UTF-8" in refusal(read_json, b'{"a": 1}\n{"a": "\xe4"}').message
