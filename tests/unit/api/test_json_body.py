import json

import pytest
from starlette.requests import Request
from starlette.types import Message

from cmdb.api.json_body import JsonResponse, lines_of, parse_json, read_capped, require_type, spool_capped
from cmdb.errors import ErrorCode, InvalidInput


def request(chunks: list[bytes], **headers: str) -> Request:
    waiting = list(chunks)

    async def receive() -> Message:
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    raw = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    return Request({"type": "http", "method": "POST", "headers": raw}, receive)


async def test_a_body_within_the_limit_is_read() -> None:
    assert await read_capped(request([b"ab", b"cd"], content_length="4"), 4) == b"abcd"


async def test_a_stated_length_above_the_limit_is_refused_before_reading() -> None:
    with pytest.raises(InvalidInput) as caught:
        await read_capped(request([], content_length="5"), 4)
    assert caught.value.code is ErrorCode.TOO_LARGE


@pytest.mark.parametrize("headers", [{}, {"content_length": "1"}, {"content_length": "lots"}])
async def test_a_stream_is_cut_at_the_limit_whatever_it_stated(headers: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        await read_capped(request([b"abc", b"de", b"never read"], **headers), 4)
    assert caught.value.code is ErrorCode.TOO_LARGE


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[" * 100_000, b'{"a":' * 100_000, b"NaN", b"\xff", b'"\\ud800"']
)
def test_what_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_json(body)
    assert caught.value.code is ErrorCode.SYNTAX


@pytest.mark.parametrize(
    "text", ["application/json", "Application/JSON; charset=UTF-8", 'application/json;charset="utf-8"']
)
def test_the_wanted_content_type_passes(text: str) -> None:
    require_type(request([], content_type=text), "application/json")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin-1",
        "application/jsonx",
        "text/plain, application/json",
    ],
)
def test_other_content_types_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        require_type(request([], content_type=text), "application/json")
    assert caught.value.code is ErrorCode.WRONG_TYPE


def test_answers_are_compact_json_that_nobody_keeps() -> None:
    response = JsonResponse({"a": "ü"}, 201)
    assert response.body == '{"a":"ü"}'.encode()
    assert response.status_code == 201
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("value", [2**70, -(2**70), {"a": [2**64]}, "\u2028", 1.5, None])
def test_every_value_of_an_answer_is_written(value: object) -> None:
    assert json.loads(bytes(JsonResponse({"v": value}).body)) == {"v": value}


def test_what_json_has_no_number_for_is_null() -> None:
    assert bytes(JsonResponse([float("inf"), float("nan")]).body) == b"[null,null]"


async def test_a_large_body_becomes_a_file_of_lines_that_is_read_again() -> None:
    async with spool_capped(request([b"a\nb", b"b\n", b"c"]), 9) as body:
        assert list(lines_of(body)) == list(lines_of(body)) == [b"a\n", b"bb\n", b"c"]


async def test_a_file_is_cut_at_the_limit_too() -> None:
    with pytest.raises(InvalidInput) as caught:
        async with spool_capped(request([b"abc", b"de"]), 4):
            pytest.fail("more than the limit was taken")
    assert caught.value.code is ErrorCode.TOO_LARGE
