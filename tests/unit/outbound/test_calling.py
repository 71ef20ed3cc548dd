"""Calls to other systems: what they answer, in which time and size, and whether a failure may pass."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cmdb.outbound.calling import BODY_LIMIT, WAIT_LIMIT, call, open_http, send
from cmdb.ports.outbox import DeliveryFailed
from tests.support.outside_systems import served

Answer = Callable[[Request], Response]


class Far:
    """A server that answers the next call as it is told to."""

    def __init__(self) -> None:
        self.answer: Answer = lambda _request: Response()
        self.url = ""

    async def take(self, request: Request) -> Response:
        await request.body()
        return self.answer(request)


@pytest_asyncio.fixture
async def far() -> AsyncIterator[Far]:
    server = Far()
    app = Starlette(
        routes=[Route(path, server.take, methods=["GET", "POST"]) for path in ("/x", "/x/{token}")]
    )
    async with served(app) as url:
        server.url = url
        yield server


async def failure(far: Far, response: Response) -> DeliveryFailed:
    far.answer = lambda _request: response
    async with open_http(far.url) as http:
        with pytest.raises(DeliveryFailed) as caught:
            await call(http, "GET", "/x")
    return caught.value


async def test_a_success_is_its_json_and_an_empty_one_is_none(far: Far) -> None:
    async with open_http(far.url) as http:
        for content, value in ((b'{"a": [1]}', {"a": [1]}), (b"", None), (b" \n", None), (b"null", None)):
            far.answer = lambda _request, content=content: Response(content, 201)  # type: ignore[misc]
            assert await call(http, "GET", "/x") == value


async def test_login_headers_and_body_are_sent(far: Far) -> None:
    def echo(request: Request) -> Response:
        return Response(
            json.dumps([request.method, request.headers["authorization"], request.headers["x-y"]])
        )

    far.answer = echo
    async with open_http(far.url, ("ann", "secret"), {"x-y": "z"}) as http:
        assert await call(http, "POST", "/x", json={"a": 1}) == ["POST", "Basic YW5uOnNlY3JldA==", "z"]


async def test_what_was_sent_and_its_content_come_back(far: Far) -> None:
    far.answer = lambda _request: Response(b"text", headers={"location": "/y"})
    async with open_http(far.url) as http:
        response, content = await send(http, "GET", "/x")
    assert (content, response.headers["location"]) == (b"text", "/y")


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
async def test_an_outage_passes(far: Far, status: int) -> None:
    assert (await failure(far, Response("x", status))).passing


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 403, 404, 409, 410, 422, 501])
async def test_a_refusal_does_not(far: Far, status: int) -> None:
    error = await failure(far, Response("no\nno", status, {"location": "http://192.0.2.1/"}))
    assert not error.passing
    assert error.reason == f"GET /x was answered {status}: no no"


async def test_a_long_refusal_is_cut(far: Far) -> None:
    error = await failure(far, Response("é" * 1000, 400))
    assert len(error.reason) < 250


@pytest.mark.parametrize("content", [b"<html>", b"\xff", b"[" * 100_000])
async def test_what_is_no_json_may_pass(far: Far, content: bytes) -> None:
    error = await failure(far, Response(content))
    assert error.passing
    assert "answered 200 with no JSON" in error.reason


async def test_an_answer_may_be_so_large(far: Far) -> None:
    far.answer = lambda _request: Response(b" " * BODY_LIMIT)
    async with open_http(far.url) as http:
        assert await call(http, "GET", "/x") is None
    error = await failure(far, Response(b" " * (BODY_LIMIT + 1)))
    assert error.passing
    assert f"more than {BODY_LIMIT} bytes" in error.reason


@pytest.mark.parametrize(
    ("told", "wait"),
    [
        ("37", 37.0),
        ("0.5", 0.5),
        ("-5", 0.0),
        ("999999999", WAIT_LIMIT),
        ("inf", WAIT_LIMIT),
        ("nan", None),
        ("soon", None),
        ("", None),
        ("Thu, 99 Foo 2026 00:00:00 GMT", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Thu, 01 Jan 1970 00:00:00", 0.0),
        ("Fri, 01 Jan 2999 00:00:00 GMT", WAIT_LIMIT),
        ("Fri, 31 Dec 9999 23:59:59 -2300", WAIT_LIMIT),
        ("Mon, 01 Jan 0001 00:00:00 +2300", 0.0),
    ],
)
async def test_how_long_to_wait_is_read_and_bounded(far: Far, told: str, wait: float | None) -> None:
    error = await failure(far, Response("busy", 429, {"retry-after": told}))
    assert error.wait == wait


async def test_a_moment_to_wait_for_counts_from_now(far: Far) -> None:
    moment = datetime.now(UTC) + timedelta(seconds=1000)
    error = await failure(far, Response("busy", 503, {"retry-after": format_datetime(moment, usegmt=True)}))
    assert error.wait is not None
    assert 0 < error.wait <= 1000


async def test_nobody_there_is_an_outage_that_names_the_address() -> None:
    async with open_http("http://127.0.0.1:1") as http:
        with pytest.raises(DeliveryFailed) as caught:
            await send(http, "GET", "/x")
    assert (caught.value.passing, caught.value.reason) == (True, "ConnectError at http://127.0.0.1:1/x")


@pytest.mark.parametrize("path", ["http://[::1", "/a\x00b"])
async def test_an_address_that_is_none_never_passes(path: str) -> None:
    async with open_http("http://127.0.0.1:1") as http:
        with pytest.raises(DeliveryFailed) as caught:
            await send(http, "GET", path)
    assert not caught.value.passing


async def test_an_answer_that_breaks_off_is_an_outage() -> None:
    async def broken(scope: object, receive: object, send: object) -> None:
        del scope, receive, send
        raise httpx.ReadError("cut off")

    transport = httpx.ASGITransport(app=broken)
    async with httpx.AsyncClient(transport=transport, base_url="http://far") as http:
        with pytest.raises(DeliveryFailed) as caught:
            await send(http, "GET", "/x")
    assert (caught.value.passing, caught.value.reason) == (True, "ReadError at http://far/x")


SECRET = "/x/T0K3N?key=k3y"


async def test_no_failure_tells_the_address_of_a_webhook(far: Far) -> None:
    far.answer = lambda _request: Response("Cannot POST /x/T0K3N?key=k3y at /x/T0K3N", 404)
    reasons = []
    async with open_http() as http:
        for url in (
            f"{far.url}{SECRET}",
            f"http://user:T0K3N@127.0.0.1:9{SECRET}",
            f"http://T0K3N k3y:x{SECRET}",
        ):
            with pytest.raises(DeliveryFailed) as caught:
                await send(http, "POST", url)
            reasons.append(caught.value.reason)
    assert reasons[0].startswith(f"POST {far.url} was answered 404")
    assert "http://127.0.0.1:9" in reasons[1]
    assert not [reason for reason in reasons if "T0K3N" in reason or "k3y" in reason]
