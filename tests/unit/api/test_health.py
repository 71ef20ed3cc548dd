"""`/livez`, `/readyz` and the farewell of a server that drains."""

import json
import os
from typing import Any

import pytest
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from cmdb.api.health import FarewellOnDrain, HealthEndpoints
from cmdb.application.readiness import Readiness
from cmdb.errors import ErrorCode, StoreError
from tests.support.small_estate import furnished, raised

GONE = StoreError(ErrorCode.STORE_GONE, "It is away.", hint="Wait.")


async def unheard() -> Message:
    """Requests to these paths have no body."""
    raise AssertionError


class Asked:
    """Asks the endpoints as the web application would."""

    def __init__(self, readiness: Readiness) -> None:
        self.readiness = readiness
        self.endpoints = HealthEndpoints(readiness)

    async def __call__(self, path: str) -> tuple[int, Any]:
        scope: Scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}
        request = Request(scope)
        response = await (self.endpoints.live(request) if path == "/livez" else self.endpoints.ready(request))
        return response.status_code, json.loads(bytes(response.body))


async def asked_of(*, down: bool = False) -> Asked:
    bench = await furnished(raised("r1"))

    async def head() -> int:
        if down:
            raise GONE
        return await bench.graph.head()

    duties = bench.application.duties(bench.graph.lease, "one", None)
    await duties.work_once()
    return Asked(Readiness(head, duties))


async def test_a_ready_server_tells_its_revision_lag_and_role() -> None:
    asked = await asked_of()
    status, told = await asked("/readyz")
    assert (status, told["ready"], told["revision"], told["lag"]) == (200, True, 1, 0)
    assert (told["owner"], told["tenure"]) == (False, None)
    assert "reasons" not in told
    assert "code" not in told


async def test_a_server_without_its_store_lives_and_is_not_ready() -> None:
    asked = await asked_of(down=True)
    status, told = await asked("/readyz")
    assert (status, told["ready"], told["code"], told["hint"]) == (503, False, "STORE_GONE", "Wait.")
    assert told["reasons"][0]["code"] == "STORE_GONE"
    assert (await asked("/livez"))[0] == 200


async def test_a_draining_server_says_so_on_both_paths() -> None:
    asked = await asked_of()
    assert await asked("/livez") == (200, {"live": True, "pid": os.getpid(), "draining": False})
    asked.readiness.drain()
    assert (await asked("/livez"))[1]["draining"] is True
    status, told = await asked("/readyz")
    assert (status, "DRAINING" in [row["code"] for row in told["reasons"]]) == (503, True)


@pytest.mark.parametrize("drains_at", ["never", "before", "meanwhile"])
async def test_answers_of_a_draining_server_close_their_connection(drains_at: str) -> None:
    readiness = (await asked_of()).readiness

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        if drains_at == "meanwhile":
            readiness.drain()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-kept", b"1")]})
        await send({"type": "http.response.body", "body": b"told"})

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    if drains_at == "before":
        readiness.drain()
    await FarewellOnDrain(app, readiness)({"type": "http"}, unheard, send)
    start, body = sent
    closing = [(b"connection", b"close")] if drains_at != "never" else []
    assert start["headers"] == [(b"x-kept", b"1"), *closing]
    assert body == {"type": "http.response.body", "body": b"told"}


async def test_an_answer_without_headers_gets_one() -> None:
    readiness = (await asked_of()).readiness
    readiness.drain()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 204})

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await FarewellOnDrain(app, readiness)({"type": "http"}, unheard, send)
    assert sent[0]["headers"] == [(b"connection", b"close")]
