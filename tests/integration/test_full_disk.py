"""A disk that is full below the store alone: what was taken in waits, questions are answered, it goes on by itself."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.inbox_series import wait_until_applied
from tests.support.service import Asker, environment, run_cmdb, serving
from tests.support.two_servers import until

HOST = {"kind": "item", "key": "host", "class": "server", "name": "host"}
NDJSON = {"content-type": "application/x-ndjson"}


@contextmanager
def small_disk(place: Path) -> Iterator[None]:
    """Mount a small disk there, which only an administrator of the machine may do."""
    place.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", str(place)],
        check=False,
        capture_output=True,
        text=True,
    )
    if mounted.returncode != 0:
        pytest.skip(
            f"NOT CHECKED: a full disk below the store; none can be mounted here: {mounted.stderr.strip()}"
        )
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


def fill(place: Path) -> None:
    """Leave not a byte free."""
    for number, size in enumerate((1 << 20, 1 << 12, 1)):
        with (place / f"filling{number}").open("wb", buffering=0) as file:
            try:
                while file.write(b"\0" * size):
                    pass
            except OSError:
                continue


def empty(place: Path) -> None:
    for file in place.glob("filling*"):
        file.unlink()


async def test_a_full_disk_below_the_store_loses_nothing_and_is_told(tmp_path: Path) -> None:
    engine = tmp_path / "engine"
    environ = environment(tmp_path, None)
    with small_disk(engine), serving(environ) as (url, _):
        asker = Asker(url)
        httpx.post(f"{url}/records?source=test", content=json.dumps(HOST), headers=NDJSON).raise_for_status()
        fill(engine)
        refused = httpx.post(
            f"{url}/records?source=test", content=json.dumps({**HOST, "name": "x" * 9000}), headers=NDJSON
        )
        assert (refused.status_code, refused.json()["code"]) == (503, "STORE_UNWRITABLE")
        for number in range(20):
            line = {"kind": "event", "item": "host", "condition": f"c{number}", "severity": "critical"}
            line |= {"at": "2026-03-02T12:00:00Z", "summary": "x" * 2000}
            sent = httpx.post(f"{url}/webhooks/records", content=json.dumps(line), headers=NDJSON)
            assert sent.status_code == 202
        until(lambda: "STORE_UNWRITABLE" in httpx.get(f"{url}/readyz").text)
        assert asker.ask("get", ref="host")["name"] == "host"
        saved = run_cmdb(environ, "backup", str(tmp_path / "saved"))
        assert saved.returncode == 0, saved.stderr
        await asyncio.sleep(5)
        assert asker.ask("dead_letters") == []
        empty(engine)
        await wait_until_applied(url, 60)
        assert asker.ask("events", filter={"states": ["OPEN"]}, first=1)["totalCount"] == 20
        assert asker.ask("dead_letters") == []
        until(lambda: httpx.get(f"{url}/readyz").status_code == 200)
