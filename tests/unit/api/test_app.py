import os

import pytest

from cmdb.api.app import build_app
from cmdb.errors import ErrorCode, StoreError
from cmdb.ingest.records import JsonRecordParser
from tests.fakes.graph import FakeGraph
from tests.support.api_client import ApiClient, application_over


class SilentGraph(FakeGraph):
    """A store that nobody reaches."""

    async def head(self) -> int:
        """Fail."""
        raise StoreError(ErrorCode.STORE_UNREACHABLE, "Nothing answers.", hint="Start the store.")


async def test_alive_and_ready() -> None:
    async with ApiClient(application_over(FakeGraph())) as client:
        live, ready = await client.http.get("/livez"), await client.http.get("/readyz")
    assert (live.status_code, live.json()) == (200, {"live": True, "pid": os.getpid(), "draining": False})
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "revision": 0})


async def test_a_store_that_is_down_takes_readiness_and_not_life() -> None:
    async with ApiClient(application_over(SilentGraph())) as client:
        live, ready = await client.http.get("/livez"), await client.http.get("/readyz")
    assert live.status_code == 200
    assert ready.status_code == 503
    assert (ready.json()["ready"], ready.json()["code"]) == (False, "STORE_UNREACHABLE")


async def test_verify_compares_for_those_who_may_see_everything() -> None:
    async with ApiClient(application_over(FakeGraph())) as client:
        told = await client.http.post("/verify")
        refused = await client.http.post("/verify", headers={"Cmdb-Act-As": "subscriber:ann"})
    assert (told.status_code, told.json()["found"], told.json()["differences"]) == (200, 0, [])
    assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN")


@pytest.mark.parametrize("path", ["/", "/graphiql", "/graphql/", "//graphql", "/%2e%2e/livez", "/docs"])
async def test_other_paths_are_refused_in_json(path: str) -> None:
    async with ApiClient(application_over(FakeGraph())) as client:
        response = await client.http.get(path, follow_redirects=False)
    assert response.status_code in (307, 404)
    if response.status_code == 404:
        assert response.json()["code"] == "NOT_FOUND"


async def test_every_path_asks_for_the_name_of_this_machine() -> None:
    async with ApiClient(application_over(FakeGraph())) as client:
        for path in ("/livez", "/readyz", "/graphql", "/records", "/verify", "/webhooks/records"):
            response = await client.http.post(path, headers={"host": "attacker.example"})
            assert response.status_code == 403
            assert response.json()["code"] == "FORBIDDEN"


async def test_paths_are_the_published_ones() -> None:
    app = build_app(application_over(FakeGraph()), JsonRecordParser())
    assert {getattr(route, "path", None) for route in app.routes} == {
        "/graphql",
        "/records",
        "/verify",
        "/runs",
        "/webhooks/{loader}",
        "/livez",
        "/readyz",
    }
