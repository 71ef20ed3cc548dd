"""GraphQL over HTTP at one path: POST and JSON only, no batches, request errors without `data`."""

from collections.abc import Mapping
from dataclasses import dataclass
from inspect import isawaitable
from secrets import token_hex

from graphql import ExecutionResult, GraphQLError, execute
from starlette.requests import Request
from starlette.responses import Response

from cmdb.api.access import HEADER, read_principal
from cmdb.api.compiling_executor import CompilingExecutor, Plans
from cmdb.api.context import RequestContext
from cmdb.api.document_gate import DocumentGate, DocumentRefused
from cmdb.api.error_format import Json, describe_error, describe_fault, format_error, http_status, wrap_error
from cmdb.api.graphql_schema import executable
from cmdb.api.json_body import JsonResponse, parse_json, read_capped, require_type
from cmdb.api.operations import read_operations
from cmdb.application.application import Application
from cmdb.errors import CmdbError, ErrorCode, InvalidInput, Place
from cmdb.model.access import Principal

BODY_LIMIT = 256 * 1024
RESPONSE_TYPE = "application/graphql-response+json"


@dataclass(frozen=True, slots=True)
class Posted:
    """The parameters of one request; `asked` is a document's text, or the id of a trusted document."""

    asked: str
    trusted: bool
    operation_name: str | None
    variables: dict[str, object] | None


class GraphQLEndpoint:
    """Answers POST requests from the application."""

    def __init__(self, application: Application) -> None:
        """Share one gate, and with it one cache, among all requests."""
        self._application = application
        self._schema = executable()
        self._gate = DocumentGate(self._schema, read_operations())
        self._plans = Plans()

    async def answer(self, request: Request) -> Response:
        """Answer one request; the status follows the GraphQL over HTTP specification."""
        media = _media_type(request.headers.get("accept", ""))
        # Clients that do not know the newer media type expect 200 for every well-formed request.
        refused = 400 if media == RESPONSE_TYPE else 200
        request_id = token_hex(8)
        try:
            principal = read_principal(request.headers.get(HEADER))
            require_type(request, "application/json")
            posted = _read(parse_json(await read_capped(request, BODY_LIMIT)))
        except CmdbError as error:
            return _respond(wrap_error(describe_error(error)), http_status(error), media)
        try:
            result = await self._execute(posted, principal)
        except DocumentRefused as refusal:
            errors = [format_error(error, request_id) for error in refusal.errors]
            return _respond({"errors": errors}, refused, media)
        except CmdbError as error:
            return _respond(wrap_error(describe_error(error)), refused, media)
        except Exception as error:  # noqa: BLE001  the last border: nothing of a fault may leave
            return _respond(wrap_error(describe_fault(error, request_id)), 500, media)
        return _respond(_format(result, request_id), refused if _is_refused(result) else 200, media)

    async def _execute(self, posted: Posted, principal: Principal) -> ExecutionResult:
        gate = self._gate
        prepared = gate.trusted(posted.asked) if posted.trusted else gate.prepare(posted.asked)
        prepared.require_single(posted.operation_name)
        found = execute(
            self._schema,
            prepared.document,
            context_value=RequestContext(self._application, principal),
            variable_values=posted.variables,
            operation_name=posted.operation_name,
            max_coercion_errors=10,
            executor_class=CompilingExecutor,
            hide_suggestions=True,
            prepared=prepared,
            plans=self._plans,
        )
        return await found if isawaitable(found) else found


def _read(body: object) -> Posted:
    if not isinstance(body, dict):
        batch = isinstance(body, list)
        raise _bad(
            "body", "a list of requests" if batch else "not an object", "one JSON object; batches are off"
        )
    query, document_id, name, variables = (
        body.get(part) for part in ("query", "documentId", "operationName", "variables")
    )
    asked = document_id if query is None else query
    if not isinstance(asked, str) or not asked:
        raise _bad(
            "query", "absent or not text", "the document as text, or the id of a trusted one as 'documentId'"
        )
    if name is not None and not isinstance(name, str):
        raise _bad("operationName", "not text", "text or null")
    for part in ("variables", "extensions"):
        if body.get(part) is not None and not isinstance(body[part], dict):
            raise _bad(part, "not an object", "an object or null")
    return Posted(asked, query is None, name or None, variables)


def _bad(field: str, found: str, wanted: str) -> InvalidInput:
    return InvalidInput(
        ErrorCode.WRONG_TYPE,
        f"'{field}' is {found}.",
        hint=f"Send {wanted}.",
        place=Place("request", field=field),
    )


def _media_type(accept: str) -> str:
    """Return the newer media type when it is asked for by name, else plain JSON."""
    for part in accept.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        if name == RESPONSE_TYPE and not any(value in ("q=0", "q=0.0") for value in parameters):
            return RESPONSE_TYPE
    return "application/json"


def _is_refused(result: ExecutionResult) -> bool:
    """Whether nothing was executed: errors of the request itself carry no path."""
    return result.data is None and all(error.path is None for error in result.errors or [GraphQLError("")])


def _format(result: ExecutionResult, request_id: str) -> Json:
    formatted: Json = {}
    if result.errors:
        formatted["errors"] = [format_error(error, request_id) for error in result.errors]
    if not _is_refused(result):
        formatted["data"] = result.data
    return formatted


def _respond(content: Mapping[str, object], status: int, media: str) -> Response:
    response = JsonResponse(content, status)
    response.headers["content-type"] = f"{media}; charset=utf-8"
    return response
