"""`cmdb listen` makes events of what is sent to it."""

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from threading import Event as Flag
from threading import Thread

import httpx
import pytest

from cmdb.application.requests import RecordBatch
from cmdb.cli.client import Client
from cmdb.cli.session import Session
from cmdb.desk.access import SYSTEM
from cmdb.errors import ErrorCode
from cmdb.model.records import Event
from cmdb.model.severity import Severity
from tests.support.command_line import CommandLine, Ran, client_of, invoke
from tests.support.inbox import open_desk
from tests.support.small_estate import furnished, item

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


class Served:
    """Runs `cmdb listen` against a server with an inbox; `events` are those that it led to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.events: dict[str, Event] = {}
        self.sources: list[str] = []

    def run(self, *arguments: str) -> Ran:
        return invoke(Session(self._connect), "listen", *arguments)

    @asynccontextmanager
    async def _connect(self) -> AsyncIterator[Client]:
        async with open_desk(self._folder) as desk:
            known = RecordBatch(source="estate", records=(item("edge-9", "router"),))
            await desk.application.record(SYSTEM, known)
            async with client_of(desk) as client:
                yield client
            self.sources = list(await desk.inbox.sources())
            while await desk.applier().work_once():
                pass
            self.events = desk.events()


def test_a_syslog_message_becomes_an_event_on_its_device(tmp_path: Path) -> None:
    port, served = free_port(), Served(tmp_path)
    with sending(port, LINK_DOWN):
        ran = served.run("syslog", "--port", str(port), "--count", "1")
    assert (ran.code, ran.out) == (0, f"udp://127.0.0.1:{port}\n")
    (event,) = served.events.values()
    assert (event.item, event.condition, event.source) == ("edge-9", "link down", "syslog")
    assert (event.subject and event.subject.address, "changed state to down" in event.raw) == (
        "127.0.0.1",
        True,
    ), "it came through the inbox as it was heard"
    assert served.sources == ["syslog"]


@pytest.mark.parametrize(("setting", "found"), [((), []), (("--set", "level=4"), [Severity.WARNING])])
def test_the_argument_goes_along_with_each_message(
    tmp_path: Path, setting: tuple[str, ...], found: list[Severity]
) -> None:
    port, served = free_port(), Served(tmp_path)
    with sending(port, "<188>46: edge-9: Mar  1 10:00:00: %FAN-4-SLOW: fan 3 is slow"):
        ran = served.run("syslog", "--port", str(port), "--count", "1", *setting)
    assert ran.code == 0
    assert [event.severity for event in served.events.values()] == found


def test_an_argument_that_nobody_knows_is_refused_before_anything_is_heard() -> None:
    error = CommandLine(furnished).run("listen", "syslog", "--set", "lavel=4").error
    assert error is not None
    assert error.code is ErrorCode.BAD_ARGUMENT


def test_without_a_server_nobody_listens() -> None:
    error = CommandLine(furnished).run("listen", "snmptrap", "--port", "0").error
    assert error is not None
    assert (error.code, "cmdb serve" in error.hint) == (ErrorCode.INBOX_BROKEN, True)


class Answers:
    """A server that answers one after the other, and then takes everything."""

    def __init__(self, *first: httpx.Response | httpx.ConnectError) -> None:
        self._first = list(first)
        self.bodies: list[bytes] = []

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Client]:
        async with httpx.AsyncClient(
            transport=httpx.MockTransport(self._answer), base_url="http://127.0.0.1"
        ) as http:
            yield Client(http)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/graphql":
            return httpx.Response(200, json={"data": {"inbox": {}}})
        self.bodies.append(request.content)
        if not self._first:
            return httpx.Response(202, json={"receipt": "1"})
        answer = self._first.pop(0)
        if isinstance(answer, httpx.ConnectError):
            raise answer
        return answer


def test_what_is_not_taken_now_is_sent_again_as_it_was() -> None:
    overloaded = httpx.Response(503, json={"code": "OVERLOADED", "message": "Too much."})
    server, port = Answers(overloaded, httpx.ConnectError("away")), free_port()
    with sending(port, LINK_DOWN):
        ran = invoke(Session(server.connect), "listen", "syslog", "--port", str(port), "--count", "1")
    assert ran.code == 0
    first, second, third = server.bodies
    assert first == second == third


def test_what_will_never_be_taken_ends_it_with_the_reason() -> None:
    unknown = httpx.Response(404, json={"code": "UNKNOWN_LOADER", "message": "No such loader."})
    server, port = Answers(unknown), free_port()
    with sending(port, LINK_DOWN):
        ran = invoke(Session(server.connect), "listen", "syslog", "--port", str(port), "--count", "1")
    assert ran.error is not None
    assert (ran.error.code, len(server.bodies)) == (ErrorCode.UNKNOWN_LOADER, 1)


@pytest.mark.parametrize("kind", ["syslog", "snmptrap"])
def test_an_address_that_cannot_be_listened_on_is_named(kind: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        connect = Answers().connect
        error = invoke(Session(connect), "listen", kind, "--host", "localhost", "--port", port).error
    assert error is not None
    assert error.code is ErrorCode.BAD_ARGUMENT
    assert port in error.message


def test_traps_from_elsewhere_need_a_community() -> None:
    error = CommandLine(furnished).run("listen", "snmptrap", "--host", "192.0.2.1").error
    assert error is not None
    assert (error.code, error.place and error.place.field) == (ErrorCode.MISSING_FIELD, "--community")
