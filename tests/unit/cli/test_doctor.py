"""`cmdb doctor`: one line for each thing that the service needs, and 1 when one of them will not do."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from cmdb.cli.client import Client
from cmdb.cli.session import Session
from cmdb.errors import CmdbError, ErrorCode
from tests.support.command_line import Ran, invoke

SOUND = {"revision": 7, "items": 3, "dependencies": 2, "found": 0, "differences": []}


class Service:
    """Answers `/readyz` and `/verify` as it is told to."""

    def __init__(self, told: Mapping[str, Any] | None = None, error: ErrorCode | None = None) -> None:
        self._told = dict(told or SOUND)
        self._error = error

    def run(self, *arguments: str) -> Ran:
        return invoke(Session(self._connect), "doctor", *arguments)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self._error is not None:
            refused = {"code": self._error.value, "message": "It is away.", "hint": "Wait."}
            return httpx.Response(503, json=refused)
        if request.url.path == "/readyz":
            return httpx.Response(200, json={"ready": True, "revision": self._told["revision"]})
        return httpx.Response(200, json=self._told)

    @asynccontextmanager
    async def _connect(self) -> AsyncIterator[Client]:
        transport = httpx.MockTransport(self._answer)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            yield Client(http)


def findings(ran: Ran) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in json.loads(ran.out)["doctor"]:
        found.setdefault(row["what"], []).append(row)
    return found


def test_offline_only_the_declarations_and_loaders_are_looked_at() -> None:
    ran = Service(error=ErrorCode.STORE_GONE).run("--offline", "--verify", "-o", "json")
    found = findings(ran)
    assert (ran.code, set(found)) == (0, {"declarations", "loaders"})
    assert "classes" in found["declarations"][0]["found"]
    assert "kubernetes" in found["loaders"][0]["found"]


def test_a_sound_machine_is_told_line_by_line() -> None:
    ran = Service().run("-o", "json")
    found = findings(ran)
    assert list(found) == [
        "cmdb",
        "platform",
        "python",
        "packages",
        "declarations",
        "loaders",
        "embedded engine",
        "store",
    ]
    assert found["store"][0] == {"what": "store", "found": "reachable, revision 7", "sound": True}
    assert ran.code == (0 if all(row["sound"] for rows in found.values() for row in rows) else 1)


def test_a_store_that_is_away_is_a_fault_with_its_hint() -> None:
    ran = Service(error=ErrorCode.STORE_GONE).run("-o", "json")
    (store,) = findings(ran)["store"]
    assert (ran.code, store["sound"]) == (1, False)
    assert store["found"] == "STORE_GONE: It is away. Wait."
    assert "FAULT" in Service(error=ErrorCode.STORE_GONE).run().out


def test_a_picture_that_is_as_stored_is_sound() -> None:
    (picture,) = findings(Service().run("--verify", "-o", "json"))["picture"]
    assert picture["found"] == "as stored: 3 CIs, 2 dependencies, revision 7"
    assert picture["sound"] is True


@pytest.mark.parametrize(("found", "rest"), [(2, []), (9, ["and 7 more"])])
def test_each_difference_from_the_store_is_a_line(found: int, rest: list[str]) -> None:
    told = {**SOUND, "found": found, "differences": ["item a", "item b"]}
    ran = Service(told).run("--verify", "-o", "json")
    rows = findings(ran)["picture"]
    head = f"{found} differences from the store: 3 CIs, 2 dependencies, revision 7"
    assert [row["found"] for row in rows] == [head, "item a", "item b", *rest]
    assert not any(row["sound"] for row in rows)
    assert ran.code == 1


def test_a_picture_that_cannot_be_compared_is_a_fault() -> None:
    ran = Service(error=ErrorCode.STORE_GONE).run("--verify", "-o", "json")
    (picture,) = findings(ran)["picture"]
    assert (picture["sound"], picture["found"]) == (False, "STORE_GONE: It is away. Wait.")
    assert not isinstance(ran.error, CmdbError)
