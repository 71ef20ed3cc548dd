"""The one client of the service: named operations and record uploads, over HTTP or in this process."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from cmdb.api.access import HEADER
from cmdb.api.operations import read_operation
from cmdb.bootstrap import open_service
from cmdb.cli.server_file import RunningServer, read_server, store_of
from cmdb.errors import CmdbError, ErrorCode, Place
from cmdb.settings import Settings

Json = dict[str, Any]
_ALIVE_SECONDS = 2.0
_BLOCK = 256 * 1024
_LOCAL = "http://127.0.0.1"


class Client:
    """Asks one service; every failure is a CmdbError with the service's own code, message, hint and place."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        """Send everything through `http`, whose base address is the service."""
        self._http = http

    async def ask(self, operation: str, variables: Mapping[str, object], act_as: str | None = None) -> Json:
        """Run a named operation and return its `data`; `act_as` is `role` or `role:party`."""
        query = read_operation(operation)
        sent = {"query": query, "operationName": operation, "variables": dict(variables)}
        response = await self._post("/graphql", json=sent, headers={HEADER: act_as} if act_as else {})
        answer = _decoded(response)
        for error in answer.get("errors", ()):
            raise _error({"message": error.get("message"), **error.get("extensions", {})})
        data = answer.get("data")
        if not isinstance(data, dict):
            raise _error(answer)
        for payload in data.values():
            _require_done(payload)
        return data

    async def upload(self, source: str, lines: Iterable[bytes], *, dry_run: bool = False) -> Json:
        """Send a record stream; return counts and problems, with problems nothing was written."""
        response = await self._post(
            "/records",
            params={"source": source, "dryRun": str(dry_run).lower()},
            timeout=self._patient(),
            content=_content(lines),
            headers={"content-type": "application/x-ndjson"},
        )
        answer = _decoded(response)
        if response.status_code != httpx.codes.OK:
            raise _error(answer)
        return answer

    async def deliver(self, loader: str, body: bytes, arguments: Mapping[str, str]) -> None:
        """Send a body as monitors do; it is on disk when this returns, and applied behind."""
        headers = {"content-type": "application/x-ndjson"}
        response = await self._post(
            f"/webhooks/{loader}", params=dict(arguments), content=body, headers=headers
        )
        answer = _decoded(response)
        if not response.is_success:
            raise _error(answer)

    async def run(self, asked: Mapping[str, Any], lines: Iterable[bytes], act_as: str | None = None) -> Json:
        """Send all records of one run; return what it did. A run that its guard halts is a CmdbError."""
        headers = {"content-type": "application/x-ndjson"} | ({HEADER: act_as} if act_as else {})
        response = await self._post(
            "/runs", params=asked, content=_content(lines), headers=headers, timeout=self._patient()
        )
        answer = _decoded(response)
        if response.status_code != httpx.codes.OK:
            raise _error(answer)
        return answer

    async def ready(self) -> Json:
        """Return the answer of `/readyz`; raises what keeps the service from answering."""
        response = await self._request("GET", "/readyz")
        answer = _decoded(response)
        if response.status_code != httpx.codes.OK:
            raise _error(answer)
        return answer

    async def verify(self) -> Json:
        """Let the service compare what it serves with the whole store; return its findings."""
        response = await self._post("/verify", timeout=self._patient())
        answer = _decoded(response)
        if response.status_code != httpx.codes.OK:
            raise _error(answer)
        return answer

    def _patient(self) -> httpx.Timeout:
        """How long to wait for work that grows with the estate: as long as the connection stands."""
        usual = self._http.timeout
        return httpx.Timeout(connect=usual.connect, read=None, write=usual.write, pool=usual.pool)

    async def _post(self, path: str, **sent: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own keywords
        return await self._request("POST", path, **sent)

    async def _request(self, method: str, path: str, **sent: Any) -> httpx.Response:  # noqa: ANN401 - as above
        try:
            return await self._http.request(method, path, **sent)
        except httpx.TimeoutException as error:
            raise _unreachable(
                self._http.base_url,
                "did not answer in time and may still be at work",
                "Raise CMDB_REQUEST_TIMEOUT, and look whether it was done before you ask for it again.",
            ) from error
        except (httpx.TransportError, httpx.InvalidURL) as error:
            hint = "Start `cmdb serve`, correct CMDB_URL, or unset it to work in this process."
            raise _unreachable(self._http.base_url, "cannot be reached", hint) from error


def root(data: Mapping[str, Any]) -> Any:  # noqa: ANN401 - answers are JSON documents
    """Return the value of the only root field."""
    (value,) = data.values()
    return value


@asynccontextmanager
async def open_client(settings: Settings, url: str | None = None) -> AsyncIterator[Client]:
    """Join the server at `url`, `CMDB_URL` or of this data folder; without one, open the service in this process."""
    address = url or settings.url or await _running(settings)
    if address is not None:
        async with open_http(address, settings.request_timeout) as http:
            yield Client(http)
        return
    async with open_service(settings) as service:
        transport = httpx.ASGITransport(app=service.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=_LOCAL) as http:
            yield Client(http)


def open_http(address: str, timeout: float) -> httpx.AsyncClient:
    """Return an HTTP client of a server; environment proxies are for other hosts."""
    return httpx.AsyncClient(base_url=address, timeout=timeout, trust_env=False)


async def _running(settings: Settings) -> str | None:
    """Return the address of a live server of this data folder that serves the store we are told to use."""
    server = await find_server(settings.data_dir)
    return server.url if server is not None and server.store == store_of(settings) else None


async def find_server(data_dir: Path) -> RunningServer | None:
    """Return the server of this data folder if it answers and is not about to stop.

    One that died may have left its runtime file, and another program may have its port since.
    """
    server = read_server(data_dir)
    if server is None:
        return None
    async with open_http(server.url, _ALIVE_SECONDS) as http:
        try:
            told = (await http.get("/livez")).json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):
            return None
    stays = isinstance(told, dict) and told.get("pid") == server.pid and not told.get("draining")
    return server if stays else None


def _content(lines: Iterable[bytes]) -> bytes | AsyncIterator[bytes]:
    """Return a body of lines that are ended or not; what is no list may be more than memory holds."""
    return b"\n".join(lines) if isinstance(lines, Sequence) else _blocks(lines)


async def _blocks(lines: Iterable[bytes]) -> AsyncIterator[bytes]:
    """Yield lines that are ended in pieces that are worth sending."""
    block = bytearray()
    for line in lines:
        block += line
        if len(block) > _BLOCK:
            yield bytes(block)
            block.clear()
    yield bytes(block)


def _decoded(response: httpx.Response) -> Json:
    try:
        answer = response.json()
    except ValueError as error:
        raise _not_ours(response) from error
    if not isinstance(answer, dict):
        raise _not_ours(response)
    return answer


def _require_done(payload: object) -> None:
    """A mutation tells expected failures as data; for a command they are errors."""
    if isinstance(payload, dict):
        for error in payload.get("userErrors", ()):
            raise _error({**error, "place": error.get("field")})


def _error(told: Mapping[str, Any]) -> CmdbError:
    place = told.get("place")
    return CmdbError(
        code_of(told.get("code")),
        str(told.get("message") or "The service gave no reason."),
        hint=str(told.get("hint") or ""),
        place=Place(place) if place else None,
    )


def code_of(told: object) -> ErrorCode:
    """Return the code of that name; INTERNAL for one that this release does not know."""
    return ErrorCode.__members__.get(str(told), ErrorCode.INTERNAL)


def _not_ours(response: httpx.Response) -> CmdbError:
    return _unreachable(
        response.url,
        f"answered {response.status_code} with something that is not ours",
        "Give the address of `cmdb serve`.",
    )


def _unreachable(address: object, what: str, hint: str) -> CmdbError:
    return CmdbError(
        ErrorCode.SERVER_UNREACHABLE, f"The server {what}.", hint=hint, place=Place(str(address))
    )
