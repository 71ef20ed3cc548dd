"""W7: what GraphQL adds to an answer that is there already, from the document to the bytes, beside the usual ways."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from inspect import isawaitable
from typing import Any

import orjson
from graphql import ExecutionResult, execute
from graphql.execution import Executor

from benchmarks.estate import Estate, samples
from benchmarks.loading import SOURCE, SteppingClock
from benchmarks.outcome import Result
from benchmarks.rounds import Competitor, compare
from cmdb import resources
from cmdb.api.compiling_executor import CompilingExecutor, Plans
from cmdb.api.context import RequestContext
from cmdb.api.document_gate import DocumentGate
from cmdb.api.graphql_schema import SCHEMA, executable
from cmdb.api.operations import read_operation
from cmdb.application.application import Application
from cmdb.application.requests import ImpactRequest, RecordBatch
from cmdb.desk.access import SYSTEM
from cmdb.metamodel import read_metamodel
from cmdb.model.access import Principal
from cmdb.model.answers import ImpactAnswer
from tests.fakes.graph import FakeGraph
from tests.fakes.runs import FakeRunLog

ROWS = {10: 10, 1_000: 2}
"""Rows of an answer, and how many answers are asked for: the usual ways take seconds for the long ones."""

TEXT = read_operation("impact")
BATCH = 2_000
PAGE = 10
Ask = Callable[[dict[str, Any]], Awaitable[bytes]]


class Standing(Application):
    """An application whose impact answers are there already, by item and number of rows."""

    answers: dict[tuple[str | None, int], ImpactAnswer]

    async def impact(self, _principal: Principal, request: ImpactRequest, _at_least: int = 0) -> ImpactAnswer:
        return self.answers[request.item, request.skip]


def measure_answers(estate: Estate) -> Result:
    """Return the time of the impact operation for ready answers of few and of many rows."""
    with asyncio.Runner() as runner:
        application = runner.run(_furnish(estate))
        ways = {
            "ours: compiled functions, kept documents": _compiled(application),
            "graphql-core, kept documents": _kept(application),
            "Strawberry as it comes": _plain(application),
        }
        competitors = {name: Competitor(_blocking(runner, ask), _leaves_told) for name, ask in ways.items()}
        cases = {}
        for rows, number in ROWS.items():
            asked = [
                {"origin": {"item": key}, "skip": size} for key, size in application.answers if size == rows
            ]
            cases[f"{rows:,} rows"] = compare(asked[:number], competitors)
    return {"cases": cases}


async def _furnish(estate: Estate) -> Standing:
    """Load the estate into memory and ask its samples once; longer answers repeat the rows of shorter ones."""
    graph, clock = FakeGraph(), SteppingClock(datetime.now(UTC))
    application = Standing(graph, graph, read_metamodel(resources.folder("schema")), clock, FakeRunLog(graph))
    for records in (list(estate.items()), list(estate.dependencies())):
        for start in range(0, len(records), BATCH):
            batch = RecordBatch(source=SOURCE, records=tuple(records[start : start + BATCH]))
            await application.record(SYSTEM, batch)
    application.answers = {}
    for number in samples(estate)["random"]:
        key = estate.keys[number]
        answer = await Application.impact(
            application, SYSTEM, ImpactRequest(item=key, services_only=False, first=PAGE), 0
        )
        if len(answer.rows) == PAGE:
            for rows in ROWS:
                application.answers[key, rows] = replace(answer, rows=answer.rows * (rows // PAGE))
    return application


def _compiled(application: Application) -> Ask:
    schema = executable()
    gate, plans = DocumentGate(schema), Plans()

    async def ask(variables: dict[str, Any]) -> bytes:
        prepared = gate.prepare(TEXT)
        context = RequestContext(application, SYSTEM)
        found = execute(
            schema,
            prepared.document,
            context_value=context,
            variable_values=variables,
            executor_class=CompilingExecutor,
            prepared=prepared,
            plans=plans,
        )
        return orjson.dumps((await _result(found)).formatted)

    return ask


def _kept(application: Application) -> Ask:
    schema = executable()
    gate = DocumentGate(schema)

    async def ask(variables: dict[str, Any]) -> bytes:
        document, context = gate.prepare(TEXT).document, RequestContext(application, SYSTEM)
        found = execute(
            schema,
            document,
            context_value=context,
            variable_values=variables,
            executor_class=Executor,
        )
        return orjson.dumps((await _result(found)).formatted)

    return ask


def _plain(application: Application) -> Ask:
    async def ask(variables: dict[str, Any]) -> bytes:
        context = RequestContext(application, SYSTEM)
        found = await SCHEMA.execute(TEXT, variable_values=variables, context_value=context)
        return json.dumps({"data": found.data, "errors": found.errors}).encode()

    return ask


async def _result(found: Any) -> ExecutionResult:
    result = await found if isawaitable(found) else found
    assert isinstance(result, ExecutionResult)
    return result


def _blocking(runner: asyncio.Runner, ask: Ask) -> Callable[[dict[str, Any]], bytes]:
    async def one(variables: dict[str, Any]) -> bytes:
        return await ask(variables)

    return lambda variables: runner.run(one(variables))


def _leaves_told(told: bytes) -> frozenset[tuple[str, object]]:
    answer = json.loads(told)
    if answer.get("errors"):
        raise AssertionError(answer["errors"][:1])
    return frozenset(_leaves(answer["data"], ""))


def _leaves(value: object, place: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _leaves(part, f"{place}.{name}")
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _leaves(part, f"{place}.{number}")
    else:
        yield place, value
