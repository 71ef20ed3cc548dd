"""Every failure that a client meets becomes a coded error with a next step."""

import json
import os
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

from cmdb.cli.client import Client, find_server, open_client
from cmdb.cli.server_file import announced
from cmdb.errors import CmdbError, ErrorCode
from cmdb.settings import Settings
from tests.support.command_line import client_of
from tests.support.small_estate import furnished

Answer = Callable[[httpx.Request], httpx.Response]


def client(answer: Answer) -> Client:
    return Client(httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://127.0.0.1:9"))


async def refusal(answer: Answer) -> CmdbError:
    with pytest.raises(CmdbError) as caught:
        await client(answer).ask("head", {})
    return caught.value


def refuse_connection(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


def take_too_long(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("slow", request=request)


async def test_a_server_that_is_not_there_is_named() -> None:
    error = await refusal(refuse_connection)
    assert (error.code, str(error.place)) == (ErrorCode.SERVER_UNREACHABLE, "http://127.0.0.1:9")
    assert "CMDB_URL" in error.hint


async def test_a_slow_server_is_told_from_a_missing_one() -> None:
    assert "in time" in (await refusal(take_too_long)).message


async def test_work_that_grows_with_the_estate_may_take_as_long_as_it_takes() -> None:
    waits: dict[str, object] = {}

    def note(request: httpx.Request) -> httpx.Response:
        waits[request.url.path] = request.extensions["timeout"]["read"]
        return httpx.Response(200, json={"data": {"head": {}}})

    asked = client(note)
    await asked.ask("head", {})
    await asked.upload("test", [])
    await asked.run({}, [])
    await asked.verify()
    assert waits.pop("/graphql")
    assert waits == {"/records": None, "/runs": None, "/verify": None}


@pytest.mark.parametrize("text", ["<html>", "[]"])
async def test_another_server_at_the_address_is_noticed(text: str) -> None:
    error = await refusal(lambda _: httpx.Response(200, text=text))
    assert error.code is ErrorCode.SERVER_UNREACHABLE


async def test_codes_of_a_newer_server_are_not_guessed() -> None:
    told = {"errors": [{"message": "Later.", "extensions": {"code": "NEW_CODE", "hint": "Wait."}}]}
    error = await refusal(lambda _: httpx.Response(200, json=told))
    assert (error.code, error.message, error.hint) == (ErrorCode.INTERNAL, "Later.", "Wait.")


async def test_an_expected_failure_of_a_mutation_is_an_error() -> None:
    async with client_of(await furnished()) as asked:
        with pytest.raises(CmdbError) as caught:
            await asked.ask("open_ticket", {"input": {"event": "none"}})
    assert caught.value.code is ErrorCode.NOT_FOUND


async def test_an_upload_without_a_source_is_refused() -> None:
    async with client_of(await furnished()) as asked:
        with pytest.raises(CmdbError) as caught:
            await asked.upload("", [b"{}"])
    assert caught.value.code is ErrorCode.BAD_ARGUMENT


async def test_the_address_given_wins_over_the_runtime_file(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, url="http://127.0.0.1:2")
    with announced(tmp_path, "http://127.0.0.1:1", None):
        async with open_client(settings, "http://127.0.0.1:3") as asked:
            with pytest.raises(CmdbError) as caught:
                await asked.ready()
    assert str(caught.value.place) == "http://127.0.0.1:3"


def serve_livez(told: object) -> HTTPServer:
    """Serve one answer to everything, as another program on the port would."""

    class Answer(BaseHTTPRequestHandler):
        """Answers GET."""

        def do_GET(self) -> None:
            """Answer."""
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ({"live": True, "pid": os.getpid(), "draining": False}, True),
        ({"live": True, "pid": os.getpid(), "draining": True}, False),
        ({"live": True, "pid": os.getpid() + 1, "draining": False}, False),
        ({"live": True}, False),
        ("hello", False),
    ],
    ids=["ours", "about to stop", "another server has the port", "an older one", "no server of ours"],
)
async def test_only_the_server_that_wrote_the_file_and_will_stay_is_asked(
    tmp_path: Path, told: object, found: bool
) -> None:
    server = serve_livez(told)
    try:
        with announced(tmp_path, f"http://127.0.0.1:{server.server_port}", None):
            assert (await find_server(tmp_path) is not None) is found
    finally:
        server.shutdown()
        server.server_close()
