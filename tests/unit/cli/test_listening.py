"""`cmdb listen` makes events of what is sent to it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from threading import Event as Flag
from threading import Thread

import httpx
import pytest
from typer.testing import CliRunner

from cmdb.cli.app import build_cli
from cmdb.cli.client import Client
from cmdb.cli.session import Session
from cmdb.desk.access import SYSTEM
from cmdb.errors import CmdbError, ErrorCode
from cmdb.model.kinds import RecordKind
from cmdb.model.records import Event
from tests.support.command_line import CommandLine
from tests.support.small_estate import Bench, furnished, item

LINK_DOWN = (
    "<189>45: edge-9: Mar  1 10:00:00: %LINK-3-UPDOWN: Interface GigabitEthernet0/1, changed state to down"
)


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def sending(port: int, text: str) -> Iterator[None]:
    """Send it again and again: nobody tells when the listener is up."""
    done = Flag()

    def work() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            while not done.wait(0.05):
                sender.sendto(text.encode(), ("127.0.0.1", port))

    thread = Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_a_syslog_message_becomes_an_event_on_its_device() -> None:
    benches: list[Bench] = []

    async def make() -> Bench:
        benches.append(await furnished(item("edge-9", "router")))
        return benches[-1]

    port = free_port()
    with sending(port, LINK_DOWN):
        ran = CommandLine(make).run("listen", "syslog", "--port", str(port), "--count", "1")
    assert (ran.code, ran.out) == (0, f"udp://127.0.0.1:{port}\n")

    async def events() -> list[Event]:
        (key,) = (await benches[0].snapshot()).events
        rows = await benches[0].graph.records(SYSTEM, RecordKind.EVENT, [key])
        return [row.record for row in rows if isinstance(row.record, Event)]

    (event,) = asyncio.run(events())
    assert (event.item, event.condition, event.source) == ("edge-9", "link down", "syslog")


def test_a_refusal_that_lasts_ends_the_listener() -> None:
    answers = iter([(403, {"code": "FORBIDDEN", "message": "No."}), (200, {"problems": []})])

    def refuse(_request: httpx.Request) -> httpx.Response:
        status, body = next(answers)
        return httpx.Response(status, json=body)

    @asynccontextmanager
    async def connect() -> AsyncIterator[Client]:
        transport = httpx.MockTransport(refuse)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            yield Client(http)

    port = free_port()
    with sending(port, LINK_DOWN):
        done = CliRunner().invoke(
            build_cli(), ["listen", "syslog", "--port", str(port), "--count", "1"], obj=Session(connect)
        )
    assert isinstance(done.exception, CmdbError)
    assert done.exception.code is ErrorCode.FORBIDDEN


@pytest.mark.parametrize("kind", ["syslog", "snmptrap"])
def test_an_address_that_cannot_be_listened_on_is_named(kind: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        error = CommandLine(furnished).run("listen", kind, "--host", "localhost", "--port", port).error
    assert error is not None
    assert error.code is ErrorCode.BAD_ARGUMENT
    assert port in error.message


def test_traps_from_elsewhere_need_a_community() -> None:
    error = CommandLine(furnished).run("listen", "snmptrap", "--host", "192.0.2.1").error
    assert error is not None
    assert (error.code, error.place and error.place.field) == (ErrorCode.MISSING_FIELD, "--community")
