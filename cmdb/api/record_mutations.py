"""The record mutations: a batch of one kind from one source, one transaction, one result a row."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated

import strawberry

from cmdb.api.context import Info, RequestContext
from cmdb.api.declaring import answered
from cmdb.api.record_inputs import (
    BatchInput,
    RecordAssignmentsInput,
    RecordChangesInput,
    RecordDependenciesInput,
    RecordEventsInput,
    RecordItemsInput,
    RecordPartiesInput,
    RecordWindowsInput,
    RowInput,
    WindowInput,
)
from cmdb.api.user_errors import EXPECTED, UserError, describe
from cmdb.api.vocabulary import ErrorCode, OnError, RowStatus, Wait
from cmdb.application.reception import WAIT_SECONDS
from cmdb.application.requests import RecordBatch
from cmdb.model.records import EntryRecord
from cmdb.ports.graph import RowProblem, RowResult, WriteOutcome

_NAMED_FIELD = re.compile(r"'(\w+)'")
_DRAGGED = RowProblem(
    code=ErrorCode.CONFLICT,
    message="Another row of the batch was refused, so nothing was written.",
    hint="Mend or drop the refused rows and send the batch again.",
)


@strawberry.type(description="What became of one row.")
class RowOutcome:
    """A `RowResult` with its problem laid open."""

    index: int = strawberry.field(description="Its place in the batch, from 0.")
    key: str = strawberry.field(description="The key of its record.")
    status: RowStatus = strawberry.field(description="What became of it.")
    code: ErrorCode | None = strawberry.field(description="Why it was refused.")
    message: str | None = strawberry.field(description="What was found.")
    hint: str | None = strawberry.field(description="What to do next.")
    field: str | None = strawberry.field(description="The field at fault, when one is.")


@strawberry.type(description="What became of a batch.")
class RecordPayload:
    """Revision, rows and errors."""

    revision: int = strawberry.field(
        description="The revision after the batch, for `atLeastRevision`; 0 when it is not applied yet."
    )
    receipt: str | None = strawberry.field(
        default=None, description="Number in the inbox, when it goes through it."
    )
    rows: list[RowOutcome] = strawberry.field(description="One outcome a row, in order.")
    user_errors: list[UserError] = strawberry.field(
        description="Why the whole batch was refused, when it was."
    )


@strawberry.type
class RecordMutations:
    """Root fields that record."""

    @answered(RecordPayload, "Record items.")
    async def record_items(
        self, info: Info, input: Annotated[RecordItemsInput, strawberry.argument(description="The batch.")]
    ) -> RecordPayload:
        """Upsert items."""
        return await _record(info.context, input, input.rows)

    @answered(RecordPayload, "Record dependencies.")
    async def record_dependencies(
        self,
        info: Info,
        input: Annotated[RecordDependenciesInput, strawberry.argument(description="The batch.")],
    ) -> RecordPayload:
        """Upsert dependencies."""
        return await _record(info.context, input, input.rows)

    @answered(RecordPayload, "Record steps of events; any order and any repeat gives the same state.")
    async def record_events(
        self, info: Info, input: Annotated[RecordEventsInput, strawberry.argument(description="The batch.")]
    ) -> RecordPayload:
        """Fold event transitions."""
        if input.wait is not None:
            return await _send(info.context, input, input.wait)
        return await _record(info.context, input, input.rows)

    @answered(RecordPayload, "Record changes.")
    async def record_changes(
        self, info: Info, input: Annotated[RecordChangesInput, strawberry.argument(description="The batch.")]
    ) -> RecordPayload:
        """Upsert changes."""
        return await _record(info.context, input, input.rows)

    @answered(RecordPayload, "Record parties.")
    async def record_parties(
        self, info: Info, input: Annotated[RecordPartiesInput, strawberry.argument(description="The batch.")]
    ) -> RecordPayload:
        """Upsert parties."""
        return await _record(info.context, input, input.rows)

    @answered(RecordPayload, "Record who owns, supports and subscribes to items.")
    async def record_assignments(
        self,
        info: Info,
        input: Annotated[RecordAssignmentsInput, strawberry.argument(description="The batch.")],
    ) -> RecordPayload:
        """Upsert assignments."""
        return await _record(info.context, input, input.rows)

    @answered(RecordPayload, "Record maintenance and blackout times.")
    async def record_windows(
        self, info: Info, input: Annotated[RecordWindowsInput, strawberry.argument(description="The batch.")]
    ) -> RecordPayload:
        """Upsert windows."""
        return await _record(info.context, input, input.rows)


async def _send(context: RequestContext, batch: RecordEventsInput, wait: Wait) -> RecordPayload:
    """Put the rows into the inbox; what is wrong with one of them is told by its dead letters."""
    reception = context.application.reception
    try:
        records = [row.to_record() for row in batch.rows]
        receipt = await reception.accept_events(context.principal, batch.source, records)
    except EXPECTED as error:
        return RecordPayload(revision=0, rows=[], user_errors=[describe(error)])
    revision = receipt.revision
    if revision is None and wait is Wait.APPLIED:
        revision = await reception.applied(receipt.number, WAIT_SECONDS)
    context.forget()
    return RecordPayload(revision=revision or 0, receipt=str(receipt.number), rows=[], user_errors=[])


async def _record(context: RequestContext, batch: BatchInput, rows: Sequence[RowInput]) -> RecordPayload:
    sound, refused = _convert(rows)
    try:
        if refused and batch.on_error is OnError.REFUSE_BATCH:
            outcome = WriteOutcome(await context.application.refresh(), ())
        else:
            outcome = await context.application.record(
                context.principal,
                RecordBatch(source=batch.source, records=tuple(sound.values()), on_error=batch.on_error),
            )
    except EXPECTED as error:
        revision = await context.application.refresh()
        return RecordPayload(revision=revision, rows=[], user_errors=[describe(error)])
    context.forget()
    results = dict(zip(sound, outcome.results, strict=False))
    outcomes = [_outcome(index, row, results.get(index), refused) for index, row in enumerate(rows)]
    return RecordPayload(revision=outcome.revision, rows=outcomes, user_errors=[])


def _convert(rows: Sequence[RowInput]) -> tuple[dict[int, EntryRecord], dict[int, RowProblem]]:
    """Return the records and the problems of rows that contradict themselves, both by index."""
    sound: dict[int, EntryRecord] = {}
    refused: dict[int, RowProblem] = {}
    for index, row in enumerate(rows):
        try:
            sound[index] = row.to_record()
        except ValueError as error:
            refused[index] = _problem(row, str(error))
    return sound, refused


def _problem(row: RowInput, message: str) -> RowProblem:
    named = _NAMED_FIELD.search(message)
    return RowProblem(
        code=ErrorCode.BAD_INTERVAL if isinstance(row, WindowInput) else ErrorCode.BAD_ARGUMENT,
        message=f"{message}.",
        hint="Mend the field.",
        field=named.group(1) if named else None,
    )


def _outcome(
    index: int, row: RowInput, result: RowResult | None, refused: Mapping[int, RowProblem]
) -> RowOutcome:
    problem = result.problem if result else refused.get(index, _DRAGGED)
    return RowOutcome(
        index=index,
        key=result.key if result else getattr(row, "key", None) or "",
        status=result.status if result else RowStatus.REFUSED,
        code=problem.code if problem else None,
        message=problem.message if problem else None,
        hint=problem.hint if problem else None,
        field=problem.field if problem else None,
    )
