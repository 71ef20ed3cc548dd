"""`POST /records?source=NAME`: our own record stream, one JSON object a line, checked whole before it is written."""

from collections.abc import Iterable
from secrets import token_hex

from starlette.requests import Request
from starlette.responses import Response

from cmdb.api.access import HEADER, read_principal
from cmdb.api.error_format import Json, describe_error, describe_fault, http_status, retry_headers
from cmdb.api.json_body import JsonResponse, lines_of, require_type, spool_capped
from cmdb.application.application import Application
from cmdb.application.recording import LoadProblem, LoadReport
from cmdb.errors import CmdbError, ErrorCode, InvalidInput, Place
from cmdb.ports.records import RecordParser

BODY_LIMIT = 4 << 30
"""Bytes, which wait on disk."""

_SWITCH = {"": False, "false": False, "true": True}


class RecordUpload:
    """Takes record streams and hands them to the application."""

    def __init__(self, application: Application, parser: RecordParser) -> None:
        """Parse with `parser`."""
        self._application = application
        self._parser = parser

    async def answer(self, request: Request) -> Response:
        """Load one stream and report counts and problems; with problems nothing was written."""
        try:
            return JsonResponse(_describe(await self._load(request)))
        except CmdbError as error:
            return JsonResponse(describe_error(error), http_status(error), retry_headers(error))
        except Exception as error:  # noqa: BLE001  the last border: nothing of a fault may leave
            return JsonResponse(describe_fault(error, token_hex(8)), 500)

    async def _load(self, request: Request) -> LoadReport:
        principal = read_principal(request.headers.get(HEADER))
        require_type(request, "application/x-ndjson")
        source = request.query_params.get("source", "").strip()
        if not source:
            raise bad_parameter("source", "absent", "?source=NAME, the tool that asserts the records")
        dry_run = read_switch(request, "dryRun")
        # Many megabytes need not be read to be refused.
        self._application.require_room()
        async with spool_capped(request, BODY_LIMIT) as body:
            located = self._parser.parse(lines_of(body), source)
            return await self._application.load(principal, source, located, dry_run=dry_run)


def read_switch(request: Request, name: str) -> bool:
    """Return a parameter that is true or false; false when absent."""
    value = _SWITCH.get(request.query_params.get(name, ""))
    if value is None:
        raise bad_parameter(name, "neither true nor false", f"{name}=true or leave it out")
    return value


def bad_parameter(field: str, found: str, wanted: str) -> InvalidInput:
    """Return the error for a query parameter."""
    return InvalidInput(
        ErrorCode.BAD_ARGUMENT,
        f"'{field}' is {found}.",
        hint=f"Give {wanted}.",
        place=Place("request", field=field),
    )


def _describe(report: LoadReport) -> Json:
    return {
        "revision": report.revision,
        "dryRun": report.dry_run,
        "counts": report.counts,
        "problems": describe_problems(report.problems),
    }


def describe_problems(problems: Iterable[LoadProblem]) -> list[Json]:
    """Return faulty records with their place and what is wrong with them."""
    return [
        {
            "place": row.place,
            "code": row.problem.code.value,
            "message": row.problem.message,
            "hint": row.problem.hint,
            "field": row.problem.field,
        }
        for row in problems
    ]
