"""The ASGI application: every path, and JSON for every error."""

from dataclasses import asdict
from secrets import token_hex

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute

from cmdb.api.access import HEADER, LoopbackHosts, read_principal
from cmdb.api.error_format import describe_error, describe_fault
from cmdb.api.event_stream import GraphQLOverHttp
from cmdb.api.graphql_endpoint import GraphQLEndpoint
from cmdb.api.health import FarewellOnDrain, HealthEndpoints
from cmdb.api.json_body import JsonResponse
from cmdb.api.live_endpoint import LiveEndpoint
from cmdb.api.record_upload import RecordUpload
from cmdb.api.run_upload import RunUpload
from cmdb.api.webhooks import WebhookEndpoint
from cmdb.application.application import Application
from cmdb.application.readiness import Readiness
from cmdb.errors import CmdbError, ErrorCode, Forbidden, NotFound, Place
from cmdb.ports.records import RecordParser

App = Starlette
"""What a server runs, named here so that nobody else needs to know the framework."""


def build_app(application: Application, parser: RecordParser, readiness: Readiness | None = None) -> App:
    """Serve `/graphql`, `/records`, `/runs`, `/webhooks/<loader>`, `/verify`, `/livez` and `/readyz`."""
    readiness = readiness or Readiness(application.head)
    health = HealthEndpoints(readiness)

    live = LiveEndpoint(application)
    graphql = GraphQLOverHttp(GraphQLEndpoint(application), live, readiness)

    async def compare(request: Request) -> Response:
        try:
            principal = read_principal(request.headers.get(HEADER))
            return JsonResponse(asdict(await application.verify(principal)))
        except Forbidden as error:
            return JsonResponse(describe_error(error), 403)
        except CmdbError as error:
            return JsonResponse(describe_error(error), 503)

    return Starlette(
        routes=[
            # First, because routes are tried in turn and nobody asks as often as monitors do.
            Route("/webhooks/{loader}", WebhookEndpoint(application).answer, methods=["POST"]),
            Route("/graphql", graphql),
            WebSocketRoute("/graphql", live.serve),
            Route("/records", RecordUpload(application, parser).answer, methods=["POST"]),
            Route("/runs", RunUpload(application, parser).answer, methods=["POST"]),
            Route("/verify", compare, methods=["POST"]),
            Route("/livez", health.live),
            Route("/readyz", health.ready),
        ],
        middleware=[Middleware(LoopbackHosts), Middleware(FarewellOnDrain, readiness=readiness)],
        exception_handlers={HTTPException: _refuse, Exception: _fail},
    )


async def _refuse(request: Request, error: Exception) -> Response:
    """Answer what routing refuses: no such path, or not with this method."""
    status = error.status_code if isinstance(error, HTTPException) else 404
    headers = error.headers if isinstance(error, HTTPException) else None
    told = NotFound(
        ErrorCode.NOT_FOUND if status == 404 else ErrorCode.BAD_ARGUMENT,
        f"{request.method} {request.url.path[:80]} is not served.",
        hint="POST to /graphql, /records, /runs, /webhooks/<loader> or /verify; GET /livez or /readyz.",
        place=Place("request"),
    )
    return JsonResponse(describe_error(told), status, headers)


async def _fail(request: Request, error: Exception) -> Response:
    return JsonResponse(describe_fault(error, token_hex(8)), 500)
