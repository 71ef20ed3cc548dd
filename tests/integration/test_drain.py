"""A server that is told to stop: says so first, finishes what it took on, and keeps what it acknowledged."""

import http.client
import json
import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.load import Told, busy, line
from tests.support.service import Asker, environment, serving

LIMIT_SECONDS = 20
SIGNALS = [signal.SIGTERM, signal.SIGINT]


def held(environ: dict[str, str], keys: list[str]) -> set[str]:
    """Return which of these CIs the store holds, asked on a new server."""
    with serving(environ) as (url, _):
        asker, found, after = Asker(url), set[str](), None
        while True:
            page = asker.ask("items", first=100, after=after)
            found |= {edge["node"]["key"] for edge in page["edges"]}
            if not page["pageInfo"]["hasNextPage"]:
                return found & set(keys)
            after = page["pageInfo"]["endCursor"]


@pytest.mark.parametrize("number", SIGNALS)
def test_under_load_nothing_acknowledged_is_lost_and_no_answer_is_cut(
    tmp_path: Path, number: signal.Signals
) -> None:
    environ = environment(tmp_path, None)
    with serving(environ) as (url, child), busy(url, writers=4, readers=2) as told:
        wait_for_load(told)
        child.send_signal(number)
        assert child.wait(LIMIT_SECONDS) == 0
    assert told.truncated == []
    assert told.reads
    assert told.refused == []
    assert told.ready[-1] == (503, "DRAINING"), "it says so before it stops listening"
    assert (200, None) in told.ready
    assert held(environ, told.acknowledged) == set(told.acknowledged)


def wait_for_load(told: Told) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and (len(told.acknowledged) < 20 or told.reads < 5 or not told.ready):
        time.sleep(0.05)


@contextmanager
def half_sent(url: str, body: bytes) -> Iterator[http.client.HTTPConnection]:
    """Begin an upload and keep the last byte back."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
    connection.putrequest("POST", "/records?source=slow")
    connection.putheader("content-type", "application/x-ndjson")
    connection.putheader("content-length", str(len(body)))
    connection.endheaders(body[:-1])
    with closing(connection):
        yield connection


def until_deaf(url: str) -> None:
    for _ in range(300):
        try:
            httpx.get(f"{url}/livez", trust_env=False)
        except httpx.HTTPError:
            return
        time.sleep(0.02)
    raise AssertionError("it still listens")


def test_a_request_in_flight_is_finished_after_the_door_is_closed(tmp_path: Path) -> None:
    environ = environment(tmp_path, None)
    body = line("slow")
    with serving(environ) as (url, child), half_sent(url, body) as upload:
        child.send_signal(signal.SIGTERM)
        until_deaf(url)
        upload.send(body[-1:])
        answer = upload.getresponse()
        assert (answer.status, answer.getheader("connection")) == (200, "close")
        assert json.loads(answer.read())["counts"] == {"item": {"created": 1}}
        assert child.wait(LIMIT_SECONDS) == 0
    assert held(environ, ["slow"]) == {"slow"}


def test_a_second_signal_does_not_wait_for_who_never_ends(tmp_path: Path) -> None:
    environ = environment(tmp_path, None)
    with serving(environ) as (url, child), half_sent(url, line("never")):
        child.send_signal(signal.SIGTERM)
        until_deaf(url)
        assert child.poll() is None, "it waits for the request in flight"
        child.send_signal(signal.SIGINT)
        _, told = child.communicate(timeout=LIMIT_SECONDS)
        assert (child.returncode, told) == (0, ""), "the time for finishing did not run out"
    assert not (tmp_path / "server.json").exists()
    assert not (tmp_path / "engine" / "runtime.json").exists(), "the engine was stopped all the same"
