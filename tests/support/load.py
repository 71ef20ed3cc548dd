"""Writers and readers that keep a server busy from threads, and what they were told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count

import httpx

from cmdb.api.operations import read_operation

_TRUNCATED = "without sending complete message body"


def line(key: str) -> bytes:
    """Return a CI of that key in our record stream."""
    return json.dumps({"kind": "item", "key": key, "class": "server", "name": key}).encode()


@dataclass
class Told:
    """What came back: keys that were acknowledged, refusals by code, answers cut off, readyz in order."""

    acknowledged: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    truncated: list[str] = field(default_factory=list)
    ready: list[tuple[int, str | None]] = field(default_factory=list)
    reads: int = 0


@contextmanager
def busy(url: str, writers: int, readers: int) -> Iterator[Told]:
    """Keep the server busy while the block runs; a client ends when nobody listens any more."""
    told, over = Told(), threading.Event()
    works = [partial(_write, url, f"w{number}") for number in range(writers)]
    works += [*[partial(_read, url)] * readers, partial(_watch, url)]
    threads = [threading.Thread(target=work, args=(told, over), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield told
    finally:
        over.set()
        for thread in threads:
            thread.join(30)


def _write(url: str, name: str, told: Told, over: threading.Event) -> None:
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
        for number in count():
            key = f"{name}-{number}"
            answer = _ask(client, told, over, "/records?source=load", line(key), "application/x-ndjson")
            if answer is None:
                return
            if answer.status_code == 200 and answer.json()["problems"] == []:
                told.acknowledged.append(key)
            else:
                told.refused.append(answer.json()["code"])


def _read(url: str, told: Told, over: threading.Event) -> None:
    query = json.dumps({"query": read_operation("items"), "variables": {"first": 5}}).encode()
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
        while (answer := _ask(client, told, over, "/graphql", query, "application/json")) is not None:
            if answer.status_code == 200 and "errors" not in answer.json():
                told.reads += 1


def _ask(
    client: httpx.Client, told: Told, over: threading.Event, path: str, body: bytes, media: str
) -> httpx.Response | None:
    """Post until there is an answer; None when the end has come. An idle connection may be closed on us."""
    while not over.is_set():
        try:
            return client.post(path, content=body, headers={"content-type": media})
        except httpx.ConnectError:
            return None
        except httpx.HTTPError as error:
            if _TRUNCATED in str(error):
                told.truncated.append(str(error))
    return None


def _watch(url: str, told: Told, over: threading.Event) -> None:
    """Ask `/readyz` on a connection of its own each time, as a supervisor does."""
    while not over.wait(0.02):
        try:
            answer = httpx.get(f"{url}/readyz", trust_env=False, timeout=10)
        except httpx.ConnectError:
            return
        except httpx.HTTPError:
            continue
        told.ready.append((answer.status_code, answer.json().get("code")))
