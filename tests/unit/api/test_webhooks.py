"""`POST /webhooks/<loader>`: what is taken, and how the rest is refused."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from cmdb.api.webhooks import BODY_LIMIT
from tests.support.api_client import ApiClient
from tests.support.inbox import Desk, event, lines, open_desk

PATH = "/webhooks/records"
BODY = lines(event())


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path, limits={"room": 2 * BODY_LIMIT}) as opened:
        yield opened


@pytest_asyncio.fixture
async def http(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    async with ApiClient(desk.application) as client:
        yield client.http


async def test_a_delivery_is_kept_and_acknowledged(desk: Desk, http: httpx.AsyncClient) -> None:
    answer = await http.post(PATH, content=BODY)
    assert (answer.status_code, answer.json()) == (202, {"receipt": "1", "accepted": 1, "duplicate": 0})
    again = await http.post(PATH, content=BODY)
    assert (again.status_code, again.json()) == (202, {"receipt": "1", "accepted": 0, "duplicate": 1})
    (kept,) = await desk.inbox.waiting("records", 9, 1 << 20)
    assert (kept.delivery.body, kept.delivery.role) == (BODY, "admin")


@pytest.mark.parametrize("header", ["webhook-id", "Idempotency-Key"])
async def test_a_senders_key_tells_repetitions(http: httpx.AsyncClient, header: str) -> None:
    sent = [await http.post(PATH, content=BODY, headers={header: key}) for key in ("a", "b", "a")]
    assert [answer.json()["duplicate"] for answer in sent] == [0, 0, 1]


async def test_a_source_can_have_another_name_than_its_loader(desk: Desk, http: httpx.AsyncClient) -> None:
    await http.post(f"{PATH}?source=north", content=BODY, headers={"Cmdb-Act-As": "ingest"})
    (kept,) = await desk.inbox.waiting("north", 9, 1 << 20)
    assert kept.delivery.role == "ingest"


async def test_arguments_of_the_loader_stand_in_the_address(desk: Desk, http: httpx.AsyncClient) -> None:
    message = {"address": "192.0.2.7", "host": "r1", "priority": 4, "message": "fan 3 is slow"}
    answer = await http.post("/webhooks/syslog?source=north&level=4", json=message)
    assert answer.status_code == 202
    (kept,) = await desk.inbox.waiting("north", 9, 1 << 20)
    assert kept.delivery.loader == "syslog?level=4"
    refused = await http.post("/webhooks/syslog?lavel=4", json=message)
    assert (refused.status_code, refused.json()["code"]) == (400, "BAD_ARGUMENT")
    assert "level" in refused.json()["hint"]


async def test_who_asks_to_wait_is_told_the_revision(desk: Desk, http: httpx.AsyncClient) -> None:
    applier = desk.applier()
    running = asyncio.create_task(applier.run())
    answer = await http.post(f"{PATH}?wait=applied", content=BODY)
    await applier.stop(running)
    assert answer.status_code == 200
    assert answer.json() == {
        "receipt": "1",
        "accepted": 1,
        "duplicate": 0,
        "revision": desk.graph.revision,
        "dead": 0,
    }


async def test_who_asks_to_wait_is_told_what_was_set_aside(desk: Desk, http: httpx.AsyncClient) -> None:
    applier = desk.applier()
    running = asyncio.create_task(applier.run())
    body = lines(event("good"), event("bad", item="nowhere"))
    answer = await http.post(f"{PATH}?wait=applied", content=body)
    await applier.stop(running)
    assert (answer.status_code, answer.json()["dead"]) == (200, 1)


async def test_a_packed_body_is_unpacked(desk: Desk, http: httpx.AsyncClient) -> None:
    answer = await http.post(PATH, content=gzip.compress(BODY), headers={"content-encoding": "gzip"})
    assert answer.status_code == 202
    (kept,) = await desk.inbox.waiting("records", 9, 1 << 20)
    assert kept.delivery.body == BODY


ZEROS = gzip.compress(b" " * (BODY_LIMIT + 1))


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (("/webhooks/nothing", BODY, {}), 404, "UNKNOWN_LOADER"),
        ((PATH, b"hello", {}), 400, "SYNTAX"),
        ((PATH, b"  \n", {}), 400, "SYNTAX"),
        ((PATH, BODY, {"origin": "http://evil.example"}), 403, "FORBIDDEN"),
        ((PATH, BODY, {"content-type": "application/x-www-form-urlencoded"}), 415, "WRONG_TYPE"),
        ((PATH, BODY, {"content-encoding": "br"}), 400, "WRONG_TYPE"),
        ((PATH, BODY, {"content-encoding": "gzip"}), 400, "SYNTAX"),
        ((PATH, gzip.compress(BODY)[:-9], {"content-encoding": "gzip"}), 400, "SYNTAX"),
        ((PATH, ZEROS, {"content-encoding": "gzip"}), 413, "TOO_LARGE"),
        ((PATH, b" " * (BODY_LIMIT + 1), {}), 413, "TOO_LARGE"),
        ((PATH, BODY, {"webhook-id": "x" * 256}), 413, "TOO_LARGE"),
        ((f"{PATH}?source={'x' * 256}", BODY, {}), 413, "TOO_LARGE"),
        ((f"{PATH}?wait=aplied", BODY, {}), 400, "BAD_ARGUMENT"),
        ((PATH, BODY, {"Cmdb-Act-As": "subscriber:ann"}), 403, "FORBIDDEN"),
    ],
)
async def test_what_cannot_be_taken_is_refused_with_a_code(
    desk: Desk, http: httpx.AsyncClient, sent: tuple[str, bytes, dict[str, str]], status: int, code: str
) -> None:
    path, content, headers = sent
    answer = await http.post(path, content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["hint"]
    assert await desk.inbox.sources() == ()


async def test_a_full_inbox_answers_503_and_readyz_says_so_before(
    desk: Desk, http: httpx.AsyncClient
) -> None:
    big = json.dumps("x" * (BODY_LIMIT - 2)).encode()
    assert (await http.post(PATH, content=big)).status_code == 202
    assert desk.reception.trouble() is None
    assert (await http.post(PATH, content=big, headers={"webhook-id": "b"})).status_code == 202
    trouble = desk.reception.trouble()
    assert trouble is not None
    refused = await http.post(PATH, content=BODY)
    assert (refused.status_code, refused.json()["code"]) == (503, "OVERLOADED")
    assert int(refused.headers["retry-after"]) > 0


async def test_a_disk_that_fails_answers_503(desk: Desk, http: httpx.AsyncClient) -> None:
    await desk.inbox.close()
    answer = await http.post(PATH, content=BODY)
    assert (answer.status_code, answer.json()["code"]) == (503, "INBOX_BROKEN")
