"""GraphQL subscriptions over Server-Sent Events, for clients behind proxies that let no WebSocket pass.

One request is one subscription, as in the distinct connections mode of the protocol graphql-sse.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractContextManager, aclosing, suppress
from functools import partial
from secrets import token_hex

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from cmdb.api.access import HEADER, read_principal
from cmdb.api.document_gate import DocumentRefused
from cmdb.api.error_format import (
    Json,
    describe_error,
    describe_fault,
    format_error,
    http_status,
    retry_headers,
    wrap_error,
)
from cmdb.api.graphql_endpoint import BODY_LIMIT, GraphQLEndpoint
from cmdb.api.json_body import JsonResponse, parse_json, read_capped, require_type, write_json
from cmdb.api.live_endpoint import SEND_SECONDS, Answers, LiveEndpoint, format_answer
from cmdb.application.readiness import Readiness
from cmdb.errors import CmdbError, ErrorCode, InvalidInput, Overloaded, Place

MEDIA_TYPE = "text/event-stream"

LOOK_SECONDS = 1.0
"""How often a stream without news looks whether the server is about to stop."""

KEEP_ALIVE = 15
"""Looks after which a comment tells proxies that the stream lives."""

_HEADERS = {
    "content-type": f"{MEDIA_TYPE}; charset=utf-8",
    "cache-control": "no-store",
    # Proxies of nginx's kind collect an answer before they pass it on, unless told otherwise.
    "x-accel-buffering": "no",
}


class GraphQLOverHttp:
    """Answers `/graphql`: at once, or as a stream to those who accept nothing else."""

    def __init__(
        self, endpoint: GraphQLEndpoint, live: LiveEndpoint, readiness: Readiness, look: float = LOOK_SECONDS
    ) -> None:
        """Subscribe through `live`, whose limits hold for streams too; `look` is in seconds."""
        self._look = look
        self._endpoint = endpoint
        self._live = live
        self._readiness = readiness

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve requests of every method, so that all that are refused are refused alike."""
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        """Answer a POST; a GET only where a stream is wanted, since other questions are posted."""
        is_stream = MEDIA_TYPE in request.headers.get("accept", "").lower()
        allowed = ("GET", "POST") if is_stream else ("POST",)
        if request.method not in allowed:
            raise HTTPException(405, headers={"allow": ", ".join(allowed)})
        if not is_stream:
            return await self._endpoint.answer(request)
        try:
            principal = read_principal(request.headers.get(HEADER))
            payload = await _payload(request)
            if self._live.is_full:
                raise Overloaded("This server has as many live connections as it takes.", retry_after=60)
        except CmdbError as error:
            return JsonResponse(wrap_error(describe_error(error)), http_status(error), retry_headers(error))
        answers = partial(self._live.subscribe, principal, payload)
        return _Stream(answers, self._live.seat, self._readiness, self._look)


async def _payload(request: Request) -> Json:
    """Return the parameters of the subscription; one that goes on after a break begins where it broke off."""
    if request.method == "GET":
        told: Json = dict(request.query_params)
        if "variables" in told:
            told["variables"] = parse_json(str(told["variables"]).encode())
    else:
        require_type(request, "application/json")
        found = parse_json(await read_capped(request, BODY_LIMIT))
        if not isinstance(found, dict):
            raise InvalidInput(
                ErrorCode.WRONG_TYPE,
                "The body is no object.",
                hint="Send one JSON object with 'query' or 'documentId', and 'variables'.",
                place=Place("request", field="body"),
            )
        told = found
    last = request.headers.get("last-event-id", "")
    given = told.get("variables")
    if last.isdecimal() and isinstance(given, dict | None):
        told["variables"] = {**(given or {}), "since": int(last)}
    return told


class _Stream(Response):
    """One subscription to its end, or until its client leaves, does not read, or the server stops."""

    def __init__(
        self,
        subscribe: Callable[[], Awaitable[Answers]],
        seat: Callable[[], AbstractContextManager[None]],
        readiness: Readiness,
        look: float,
    ) -> None:
        super().__init__(status_code=200, headers=_HEADERS)
        del self.headers["content-length"]
        self._subscribe = subscribe
        self._seat = seat
        self._readiness = readiness
        self._look = look

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until one of both sides ends it."""
        with self._seat():
            telling = asyncio.create_task(self._tell(send))
            leaving = asyncio.create_task(_left(receive))
            try:
                await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                telling.cancel()
                leaving.cancel()
                await asyncio.gather(telling, leaving, return_exceptions=True)

    async def _tell(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        # Whoever does not read is cut off: silence would look like no news.
        with suppress(TimeoutError):
            async with aclosing(self._events()) as events:
                async for event in events:
                    async with asyncio.timeout(SEND_SECONDS):
                        await send({"type": "http.response.body", "body": event, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _events(self) -> AsyncGenerator[bytes, None]:
        request_id = token_hex(8)
        try:
            answers = await self._subscribe()
            async with aclosing(answers):
                async for event in self._news(answers, request_id):
                    yield event
            if self._readiness.draining:
                return
        except DocumentRefused as refusal:
            yield _next({"errors": [format_error(error, request_id) for error in refusal.errors]})
        except CmdbError as error:
            yield _next(wrap_error(describe_error(error)))
        except Exception as error:  # noqa: BLE001  the last border: nothing of a fault may leave
            yield _next(wrap_error(describe_fault(error, request_id)))
        yield b"event: complete\ndata:\n\n"

    async def _news(self, answers: Answers, request_id: str) -> AsyncGenerator[bytes, None]:
        """Yield answers as they come, and comments meanwhile; ends when the server is about to stop."""
        looks = 0
        coming = asyncio.ensure_future(anext(answers, None))
        try:
            while not self._readiness.draining:
                await asyncio.wait({coming}, timeout=self._look)
                if not coming.done():
                    looks += 1
                    if looks % KEEP_ALIVE == 0:
                        yield b":\n\n"
                    continue
                answer = coming.result()
                if answer is None:
                    return
                yield _next(format_answer(answer, request_id))
                coming = asyncio.ensure_future(anext(answers, None))
        finally:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _next(content: Json) -> bytes:
    """Write an answer; its revision is what a client names when it comes back."""
    revision = _revision(content)
    head = b"event: next\n" if revision is None else b"id: %d\nevent: next\n" % revision
    return head + b"data: " + write_json(content) + b"\n\n"


def _revision(content: Json) -> int | None:
    match content:
        case {"data": dict(data)} if len(data) == 1:
            (news,) = data.values()
            match news:
                case {"basis": {"revision": int(revision)}}:
                    return revision
    return None
