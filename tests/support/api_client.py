"""Asks the ASGI application in-process, as a client on this machine would."""

from typing import Any, Self

import httpx

from cmdb.api.app import build_app
from cmdb.api.graphql_endpoint import RESPONSE_TYPE
from cmdb.api.operations import read_operation
from cmdb.application.application import Application
from cmdb.ingest.records import JsonRecordParser
from cmdb.metamodel import read_metamodel
from cmdb.resources import folder
from tests.fakes.graph import FakeGraph
from tests.fakes.runs import FakeRunLog
from tests.support.moments import StandingClock


def application_over(graph: FakeGraph) -> Application:
    """Return an application over this store."""
    return Application(graph, graph, read_metamodel(folder("schema")), StandingClock(), FakeRunLog(graph))


class ApiClient:
    """An HTTP client of one application; use it as an async context manager."""

    def __init__(self, application: Application) -> None:
        """Serve the application to this client alone."""
        transport = httpx.ASGITransport(
            app=build_app(application, JsonRecordParser()), raise_app_exceptions=False
        )
        self.http = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000")

    async def __aenter__(self) -> Self:
        """Open the client."""
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Close the client."""
        await self.http.aclose()

    async def post(self, query: object, variables: object = None, **headers: str) -> httpx.Response:
        """Post a GraphQL request; `headers` are written with underscores."""
        sent = {"accept": RESPONSE_TYPE, **{name.replace("_", "-"): text for name, text in headers.items()}}
        return await self.http.post("/graphql", json={"query": query, "variables": variables}, headers=sent)

    async def ask(self, query: str, variables: object = None, **headers: str) -> Any:
        """Return the data of an answer without errors."""
        response = await self.post(query, variables, **headers)
        answer = response.json()
        if response.status_code != 200 or "errors" in answer:
            raise AssertionError(f"{response.status_code}: {response.text}")
        return answer["data"]

    async def run(self, operation: str, /, **variables: object) -> Any:
        """Run a named operation and return its only root field."""
        data = await self.ask(read_operation(operation), variables)
        (answer,) = data.values()
        return answer

    async def codes(self, query: str, variables: object = None, **headers: str) -> list[str]:
        """Return the codes of the errors of an answer."""
        response = await self.post(query, variables, **headers)
        return [error["extensions"]["code"] for error in response.json().get("errors", [])]
