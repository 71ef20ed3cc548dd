"""Who asks, and from where: the acting role, and the rule that only this machine is served.

There are no tokens yet. What makes it safe to believe the header is that the server listens on a loopback address
only and answers only requests that name one, so that a page in a browser cannot reach it under a foreign name.
"""

from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from cmdb.api.error_format import describe_error
from cmdb.api.json_body import JsonResponse
from cmdb.errors import ErrorCode, Forbidden, InvalidInput, Place
from cmdb.model.access import Principal, PrincipalRole

HEADER = "Cmdb-Act-As"


@lru_cache(maxsize=1024)
def read_principal(header: str | None) -> Principal:
    """Read `role` or `role:party`; without a header the caller is the administrator of this machine."""
    role, _, party = (header or PrincipalRole.ADMIN.value).strip().partition(":")
    try:
        return Principal(name=party or role, role=PrincipalRole(role), party=party or None)
    except ValueError as error:
        raise InvalidInput(
            ErrorCode.WRONG_TYPE,
            f"'{role[:40]}' is no role.",
            hint="Use one of "
            + ", ".join(PrincipalRole)
            + ", then ':' and a party's key if it acts for one.",
            place=Place("request", field=HEADER),
        ) from error


@lru_cache(maxsize=1024)
def is_loopback(host: str) -> bool:
    """Whether the host name or address means this machine and nothing else."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def require_loopback(host: str) -> None:
    """Refuse to listen where others could connect: anyone who can connect may do everything."""
    if not is_loopback(host):
        raise Forbidden(
            ErrorCode.FORBIDDEN,
            f"'{host}' is not a loopback address, and there are no access tokens yet.",
            hint="Listen on 127.0.0.1, and let others in through something that checks who they are.",
            place=Place("settings", field="host"),
        )


class LoopbackHosts:
    """ASGI middleware that refuses requests whose Host header names another machine.

    A browser lets any page open a WebSocket or a stream of events here, so for those, and all that is got and not
    posted, the page's own origin must be this machine too.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Guard `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 403."""
        if scope["type"] not in ("http", "websocket") or _is_ours(scope):
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        error = Forbidden(
            ErrorCode.FORBIDDEN,
            "The Host header, or the page that asks, is not of this machine.",
            hint="Use http://127.0.0.1 or http://localhost.",
            place=Place("request", field="Host"),
        )
        await JsonResponse(describe_error(error), status_code=403)(scope, receive, send)


def _is_ours(scope: Scope) -> bool:
    if not is_loopback(_named_host(scope)):
        return False
    origins = [value.decode("latin-1") for name, value in scope["headers"] if name == b"origin"]
    posted = scope["type"] == "http" and scope.get("method") != "GET"
    if posted or not origins:
        return True
    try:
        return all(is_loopback(urlsplit(origin).hostname or "") for origin in origins)
    except ValueError:
        return False


def _named_host(scope: Scope) -> str:
    named = [value for name, value in scope["headers"] if name == b"host"]
    if len(named) != 1:
        return ""
    host: str = named[0].decode("latin-1").lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
