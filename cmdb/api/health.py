"""`/livez` and `/readyz`: whether the process runs, and whether it should be asked."""

import os

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cmdb.api.error_format import Json, describe_error
from cmdb.api.json_body import JsonResponse
from cmdb.application.readiness import Readiness, Standing


class HealthEndpoints:
    """Answers both paths."""

    def __init__(self, readiness: Readiness) -> None:
        """Tell what `readiness` finds."""
        self._readiness = readiness

    async def live(self, request: Request) -> Response:
        """Never asks the store: a store that is down must not get this process killed.

        The process number tells a caller that goes by an old note that another program has taken the port since.
        """
        return JsonResponse({"live": True, "pid": os.getpid(), "draining": self._readiness.draining})

    async def ready(self, request: Request) -> Response:
        """200 when questions will be answered, else 503 with every reason."""
        standing = await self._readiness.look()
        return JsonResponse(_describe(standing), 503 if standing.reasons else 200)


def _describe(standing: Standing) -> Json:
    reasons = [describe_error(reason) for reason in standing.reasons]
    owner = {} if standing.is_owner is None else {"owner": standing.is_owner, "tenure": standing.tenure}
    lag = {} if standing.lag is None else {"lag": standing.lag}
    first = reasons[0] if reasons else {}
    told: Json = {"ready": not reasons, "revision": standing.revision, **lag, **owner}
    return told | {**first, "reasons": reasons} if reasons else told


class FarewellOnDrain:
    """ASGI middleware: while the server drains, each answer asks the client to close its connection."""

    def __init__(self, app: ASGIApp, readiness: Readiness) -> None:
        """Serve `app`."""
        self._app = app
        self._readiness = readiness

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; the state counts when the answer begins."""

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and self._readiness.draining:
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            await send(message)

        await self._app(scope, receive, answer)
