"""`POST /runs?source=NAME&coverage=snapshot`: all records of one run of a loader, one JSON object a line."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_hex
from typing import IO

from starlette.requests import Request
from starlette.responses import Response

from cmdb.api.access import HEADER, read_principal
from cmdb.api.error_format import Json, describe_error, describe_fault, http_status, retry_headers
from cmdb.api.json_body import JsonResponse, lines_of, require_type, spool_capped
from cmdb.api.record_upload import bad_parameter, describe_problems, read_switch
from cmdb.application.application import Application
from cmdb.application.recording import LoadProblem
from cmdb.application.runs import DEFAULT_SCOPE, RunReport, RunRequest
from cmdb.errors import CmdbError, ErrorCode, InvalidInput
from cmdb.ports.graph import RowProblem
from cmdb.ports.records import LocatedRecord, RecordParser

RUN_LIMIT = 256 * 1024 * 1024
"""Bytes of one run: a snapshot of a large estate cannot be split, because what it leaves out is missed."""

DOCUMENTS = 50
"""Names of documents that a run's record keeps."""

_COVERAGE = {"snapshot": True, "partial": False}


@dataclass(frozen=True, slots=True)
class _Parsed:
    records: Sequence[LocatedRecord]
    faulty: tuple[LoadProblem, ...] = ()


class RunUpload:
    """Takes the records of a run and hands them to the application."""

    def __init__(self, application: Application, parser: RecordParser) -> None:
        """Parse with `parser`."""
        self._application = application
        self._parser = parser

    async def answer(self, request: Request) -> Response:
        """Make one run and report what it did; a run that its guard halts is a conflict."""
        try:
            return JsonResponse(_describe(await self._run(request)))
        except CmdbError as error:
            return JsonResponse(describe_error(error), http_status(error), retry_headers(error))
        except Exception as error:  # noqa: BLE001  the last border: nothing of a fault may leave
            return JsonResponse(describe_fault(error, token_hex(8)), 500)

    async def _run(self, request: Request) -> RunReport:
        principal = read_principal(request.headers.get(HEADER))
        require_type(request, "application/x-ndjson")
        asked = request.query_params
        source = asked.get("source", "").strip()
        if not source:
            raise bad_parameter("source", "absent", "?source=NAME, the tool that asserts the records")
        coverage = _COVERAGE.get(asked.get("coverage", "partial"))
        if coverage is None:
            raise bad_parameter(
                "coverage", "neither snapshot nor partial", "coverage=snapshot or leave it out"
            )
        age = _age(asked.get("age", ""))
        dry_run, skip_faulty = read_switch(request, "dryRun"), read_switch(request, "skipFaulty")
        # Many megabytes need not be read to be refused.
        self._application.require_room()
        async with spool_capped(request, RUN_LIMIT) as body:
            # Parsing tens of megabytes takes seconds, which other requests need not wait for.
            parsed = await asyncio.to_thread(self._parse, body, source, skip_faulty=skip_faulty)
        return await self._application.load_run(
            principal,
            RunRequest(
                source=source,
                located=parsed.records,
                complete=coverage,
                scope=asked.get("scope", "").strip() or DEFAULT_SCOPE,
                documents=tuple(asked.getlist("document")[:DOCUMENTS]),
                age=age,
                skip_faulty=skip_faulty,
                dry_run=dry_run,
                approve=asked.get("approve") or None,
                faulty=(*_told(asked.getlist("faulty")), *parsed.faulty),
            ),
        )

    def _parse(self, body: IO[bytes], source: str, *, skip_faulty: bool) -> _Parsed:
        try:
            return _Parsed(list(self._parser.parse(lines_of(body), source)))
        except InvalidInput:
            if not skip_faulty:
                raise
        records: list[LocatedRecord] = []
        faulty: list[LoadProblem] = []
        for number, line in enumerate(lines_of(body)):
            try:
                records += self._parser.parse([*_blank(number), line], source)
            except InvalidInput as error:
                problem = RowProblem(code=error.code, message=error.message, hint=error.hint)
                faulty.append(LoadProblem(place=str(error.place), problem=problem))
        return _Parsed(records, tuple(faulty))


def _told(texts: Iterable[str]) -> Iterable[LoadProblem]:
    """Return what the client could not read: JSON objects with place, code and message."""
    for text in texts:
        try:
            row = json.loads(text)
            code, told = ErrorCode[str(row["code"])], {name: str(row[name]) for name in ("place", "message")}
        except (ValueError, TypeError, LookupError) as error:
            wanted = 'faulty={"place": ..., "code": ..., "message": ...}'
            raise bad_parameter("faulty", "no description of a fault", wanted) from error
        hint = str(row.get("hint") or "")
        yield LoadProblem(
            place=told["place"], problem=RowProblem(code=code, message=told["message"], hint=hint)
        )


def _blank(number: int) -> Iterable[bytes]:
    """Stand in for the lines before, so that places name the line that people see."""
    return (b"" for _ in range(number))


def _age(text: str) -> timedelta:
    try:
        return timedelta(seconds=max(0.0, float(text or 0)))
    except (ValueError, OverflowError) as error:
        raise bad_parameter(
            "age", "no number of seconds", "age=12.5, the seconds since fetching began"
        ) from error


def _describe(report: RunReport) -> Json:
    counts: dict[str, dict[str, int]] = {}
    for name, number in report.counts.items():
        kind, _, outcome = name.partition(".")
        counts.setdefault(kind, {})[outcome] = number
    return {
        "revision": report.revision,
        "dryRun": report.dry_run,
        "counts": counts,
        "problems": describe_problems(report.problems),
        "run": report.run.key if report.run is not None else None,
        "complete": report.run.complete if report.run is not None else None,
        "planHash": report.plan_hash or None,
        "objections": list(report.objections),
        "steps": list(report.lines),
    }
