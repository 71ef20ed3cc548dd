"""GraphQL subscriptions over a WebSocket with the protocol graphql-transport-ws, within limits."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager, suppress
from inspect import isawaitable
from secrets import token_hex
from typing import cast

from graphql import ExecutionResult, GraphQLError, subscribe
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from cmdb.api.access import HEADER, read_principal
from cmdb.api.context import RequestContext
from cmdb.api.document_gate import DocumentGate, DocumentRefused
from cmdb.api.error_format import Json, describe_error, describe_fault, format_error, wrap_error
from cmdb.api.graphql_schema import executable
from cmdb.api.json_body import parse_json, write_json
from cmdb.api.operations import read_operations
from cmdb.application.application import Application
from cmdb.errors import CmdbError, ErrorCode, InvalidInput, Overloaded, Place
from cmdb.model.access import Principal

Answers = AsyncGenerator[ExecutionResult, None]
PROTOCOL = "graphql-transport-ws"
MESSAGE_LIMIT = 256 * 1024
"""Bytes that one message of a client may have."""

INIT_SECONDS = 10.0
"""How long a client may take to introduce itself."""

MOST_SUBSCRIPTIONS = 20
"""On one connection."""

MOST_CONNECTIONS = 200
"""Of one server: each holds memory, and all share one processor."""

SEND_SECONDS = 30.0
"""How long a client may leave a message unread before it is cut off."""


CLOSE_SECONDS = 1.0
"""How long a client that is cut off may take to hear of it."""


class _Closing(Exception):
    """Ends a connection with a close code of the protocol."""

    def __init__(self, code: int, reason: str) -> None:
        """Keep what the client is told."""
        super().__init__(reason)
        self.code = code
        self.reason = reason


class LiveEndpoint:
    """Serves connections from the application."""

    def __init__(self, application: Application) -> None:
        """Share one gate, and with it one cache, among all connections."""
        self._application = application
        self._schema = executable()
        self._gate = DocumentGate(self._schema, read_operations())
        self._open = 0

    async def serve(self, socket: WebSocket) -> None:
        """Serve one connection to its end."""
        if PROTOCOL not in socket.scope.get("subprotocols", []):
            await socket.accept()
            await socket.close(4406, "Subprotocol not acceptable")
            return
        await socket.accept(subprotocol=PROTOCOL)
        if self.is_full:
            await socket.close(1013, "Too many connections")
            return
        with self.seat():
            await self._serve(socket)

    @property
    def is_full(self) -> bool:
        """Whether there is room for no further connection."""
        return self._open >= MOST_CONNECTIONS

    @contextmanager
    def seat(self) -> Iterator[None]:
        """Count a connection as long as it lasts."""
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1

    async def _serve(self, socket: WebSocket) -> None:
        connection = _Connection(self, socket)
        try:
            await connection.run()
        except _Closing as closing:
            if socket.client_state is WebSocketState.CONNECTED:
                with suppress(RuntimeError, WebSocketDisconnect, TimeoutError):
                    async with asyncio.timeout(CLOSE_SECONDS):
                        await socket.close(closing.code, closing.reason)
        except WebSocketDisconnect:
            pass
        finally:
            await connection.end()

    async def subscribe(self, principal: Principal, payload: Json) -> Answers:
        """Return the answers of a subscription; raises CmdbError or DocumentRefused when there is none."""
        query, document_id = payload.get("query"), payload.get("documentId")
        asked = document_id if query is None else query
        name, variables = payload.get("operationName"), payload.get("variables")
        if (
            not isinstance(asked, str)
            or not isinstance(name, str | None)
            or not isinstance(variables, dict | None)
        ):
            raise InvalidInput(
                ErrorCode.WRONG_TYPE,
                "The payload holds no document, or parts of the wrong type.",
                hint="Send 'query' or 'documentId' as text, 'operationName' as text, 'variables' as object.",
                place=Place("request", field="payload"),
            )
        prepared = self._gate.trusted(asked) if query is None else self._gate.prepare(asked)
        prepared.require_subscription(name)
        started = subscribe(
            self._schema,
            prepared.document,
            context_value=RequestContext(self._application, principal),
            variable_values=variables,
            operation_name=name,
            max_coercion_errors=10,
            hide_suggestions=True,
        )
        found = await started if isawaitable(started) else started
        if isinstance(found, ExecutionResult):
            raise DocumentRefused(found.errors or [GraphQLError("The subscription did not begin.")])
        return cast("Answers", found)


def format_answer(answer: ExecutionResult, request_id: str) -> Json:
    """Return one answer of a subscription as it is told."""
    errors = [format_error(error, request_id) for error in answer.errors or ()]
    return {"data": answer.data, "errors": errors} if errors else {"data": answer.data}


class _Connection:
    """One client: what it may do depends on what it has said before."""

    def __init__(self, endpoint: LiveEndpoint, socket: WebSocket) -> None:
        self._endpoint = endpoint
        self._socket = socket
        self._principal: Principal | None = None
        self._running: dict[str, asyncio.Task[None]] = {}
        self._turn = asyncio.Lock()
        self._stuck = asyncio.Event()

    async def run(self) -> None:
        """Take messages until the client leaves or stops reading: silence would look like no news."""
        listening = asyncio.create_task(self._listen())
        waiting = asyncio.create_task(self._stuck.wait())
        try:
            await asyncio.wait({listening, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if self._stuck.is_set():
                raise _Closing(1013, "Messages are not read in time")
            listening.result()
        finally:
            listening.cancel()
            waiting.cancel()
            await asyncio.gather(listening, waiting, return_exceptions=True)

    async def _listen(self) -> None:
        try:
            async with asyncio.timeout(INIT_SECONDS):
                await self._take(await self._receive())
        except TimeoutError:
            raise _Closing(4408, "Connection initialisation timeout") from None
        while True:
            await self._take(await self._receive())

    async def end(self) -> None:
        """End what still runs."""
        for task in list(self._running.values()):
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _receive(self) -> Json:
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        text = message.get("text")
        if text is None or len(text) > MESSAGE_LIMIT:
            raise _Closing(4400, "Messages are JSON texts of at most 256 KiB")
        try:
            found = parse_json(text.encode())
        except (InvalidInput, UnicodeEncodeError):
            raise _Closing(4400, "Invalid message received") from None
        if not isinstance(found, dict):
            raise _Closing(4400, "Invalid message received")
        return found

    async def _take(self, message: Json) -> None:
        match message:
            case {"type": "ping"}:
                await self._send({"type": "pong"})
            case {"type": "pong"}:
                pass
            case {"type": "connection_init"}:
                await self._introduce(message.get("payload"))
            case {"type": "subscribe", "id": str(identity), "payload": dict(payload)} if identity:
                self._begin(identity, cast("Json", payload))
            case {"type": "complete", "id": str(identity)}:
                if (task := self._running.pop(identity, None)) is not None:
                    task.cancel()
            case _:
                raise _Closing(4400, "Invalid message received")

    async def _introduce(self, payload: object) -> None:
        if self._principal is not None:
            raise _Closing(4429, "Too many initialisation requests")
        # A browser cannot set headers on a WebSocket, so the payload may say what the header would.
        given = payload.get(HEADER) if isinstance(payload, dict) else None
        try:
            header = given if isinstance(given, str) else self._socket.headers.get(HEADER)
            self._principal = read_principal(header)
        except CmdbError as error:
            raise _Closing(4403, error.message[:120]) from None
        await self._send({"type": "connection_ack"})

    def _begin(self, identity: str, payload: Json) -> None:
        if self._principal is None:
            raise _Closing(4401, "Unauthorized")
        if identity in self._running:
            raise _Closing(4409, f"Subscriber for {identity[:60]} already exists")
        run = self._refuse(identity) if self._is_full() else self._tell(identity, payload, self._principal)
        self._running[identity] = asyncio.create_task(run)

    def _is_full(self) -> bool:
        return len(self._running) >= MOST_SUBSCRIPTIONS

    async def _refuse(self, identity: str) -> None:
        error = Overloaded(f"This connection has {MOST_SUBSCRIPTIONS} subscriptions already.", retry_after=60)
        await self._finish(
            identity, {"type": "error", "payload": wrap_error(describe_error(error))["errors"]}
        )

    async def _tell(self, identity: str, payload: Json, principal: Principal) -> None:
        """Send all answers of a subscription, then that it is complete, or what went wrong."""
        request_id = token_hex(8)
        try:
            answers = await self._endpoint.subscribe(principal, payload)
            async with aclosing(answers):
                async for answer in answers:
                    body = format_answer(answer, request_id)
                    await self._send({"type": "next", "id": identity, "payload": body})
            last: Json = {"type": "complete"}
        except DocumentRefused as refusal:
            last = {"type": "error", "payload": [format_error(error, request_id) for error in refusal.errors]}
        except CmdbError as error:
            last = {"type": "error", "payload": wrap_error(describe_error(error))["errors"]}
        except (WebSocketDisconnect, RuntimeError):
            # Whoever is gone is told nothing more.
            self._running.pop(identity, None)
            return
        except Exception as error:  # noqa: BLE001  the last border: nothing of a fault may leave
            last = {"type": "error", "payload": wrap_error(describe_fault(error, request_id))["errors"]}
        await self._finish(identity, last)

    async def _finish(self, identity: str, last: Json) -> None:
        # The id is free before the client learns of the end and may use it again.
        self._running.pop(identity, None)
        with suppress(WebSocketDisconnect, RuntimeError):
            await self._send({**last, "id": identity})

    async def _send(self, message: Json) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS), self._turn:
                await self._socket.send_text(write_json(message).decode())
        except TimeoutError:
            self._stuck.set()
            raise WebSocketDisconnect(1013) from None
