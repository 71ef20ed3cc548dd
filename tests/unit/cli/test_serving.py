"""`cmdb serve` where it cannot serve: it says why before it touches its data."""

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from cmdb.cli.server_file import only_server
from cmdb.errors import ErrorCode
from tests.support.command_line import CommandLine, nothing

LINE = CommandLine(nothing)
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The process's handlers, which serving replaces, restored afterwards."""
    kept = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def test_only_loopback_addresses_are_served(tmp_path: Path) -> None:
    ran = LINE.run("serve", "--host", "192.0.2.1", "--data-dir", str(tmp_path / "data"))
    assert ran.error is not None
    assert ran.error.code is ErrorCode.FORBIDDEN
    assert ran.error.hint
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    ran = LINE.run("serve", "--port", port)
    assert (ran.code, "--port" in ran.err) == (2, True)


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ran = LINE.run("serve", "--port", str(taken.getsockname()[1]), "--data-dir", str(tmp_path / "data"))
    assert ran.error is not None
    assert ran.error.hint
    assert not (tmp_path / "data").exists()


def test_a_second_server_of_one_data_folder_is_refused(tmp_path: Path) -> None:
    with only_server(tmp_path):
        ran = LINE.run("serve", "--port", "0", "--data-dir", str(tmp_path))
    assert ran.error is not None
    assert ran.error.code is ErrorCode.CONFLICT
    assert ran.out == ""


def test_both_signals_end_it_while_it_comes_up(tmp_path: Path) -> None:
    LINE.run("serve", "--host", "192.0.2.1", "--data-dir", str(tmp_path))
    for number in SIGNALS:
        handler = signal.getsignal(number)
        assert callable(handler)
        with pytest.raises(KeyboardInterrupt):
            handler(number, None)
