"""Finds the rows of a batch that contradict the graph, inside the transaction that would write them."""

from collections.abc import Sequence

from cmdb.errors import ErrorCode
from cmdb.model.kinds import RecordKind
from cmdb.model.records import Assignment, Dependency, Item, Record, Ticket, TicketKind
from cmdb.model.reference import item_ends
from cmdb.ports.graph import RowProblem, RowStatus
from cmdb.store.plan import PlannedRow
from cmdb.store.present import Present

_ITEM_FIELDS = ("consumer", "provider", "item", "targets", "items")


async def find_refusals(
    present: Present, rows: Sequence[PlannedRow], *, retired_ends: bool = False
) -> dict[int, RowProblem]:
    """Return a problem per faulty row; with `retired_ends` only dependencies need CIs that live."""
    return {
        **await _dangling(present, rows, RecordKind.TICKET, "parent"),
        **await _dangling(present, rows, RecordKind.EVENT, "events"),
        **await _dangling(present, rows, RecordKind.PARTY, "party"),
        **await _dangling_items(present, rows, retired_ends=retired_ends),
        **await _second_incidents(present, rows),
    }


def overtaken(rows: Sequence[PlannedRow], seen: int | None) -> dict[int, RowProblem]:
    """Return a problem per altered row whose record was written after revision `seen`: the caller has not read it."""
    if seen is None:
        return {}
    return {
        index: RowProblem(
            code=ErrorCode.CONFLICT,
            message=f"The {row.record.kind} {row.record.key} was written after revision {seen}.",
            hint="Read it again, and send the step anew if it still fits.",
        )
        for index, row in enumerate(rows)
        if row.held is not None and int(str(row.held["recorded_in"])) > seen
    }


async def _dangling_items(
    present: Present, rows: Sequence[PlannedRow], *, retired_ends: bool
) -> dict[int, RowProblem]:
    batch = {row.record.key: row.record for row in rows if isinstance(row.record, Item)}
    arriving = {key for key, item in batch.items() if not item.retired}
    leaving = batch.keys() - arriving
    wanted = {index: row.new_ends(item_ends) for index, row in enumerate(rows)}
    asked = {end for ends in wanted.values() for end in ends} - batch.keys()
    living = (await present.living_items(asked) | arriving) - leaving
    known = (
        living | leaving | await present.known(RecordKind.ITEM, asked - living) if retired_ends else living
    )
    missing = {
        index: [end for end in ends if end not in (living if _must_live(rows[index]) else known)]
        for index, ends in wanted.items()
    }
    return {
        index: _problem("CI", ends[0], _field_naming(rows[index].record, ends[0]))
        for index, ends in missing.items()
        if ends
    }


def _must_live(row: PlannedRow) -> bool:
    return isinstance(row.record, Dependency)


async def _dangling(
    present: Present, rows: Sequence[PlannedRow], kind: RecordKind, field: str
) -> dict[int, RowProblem]:
    """Check what records refer to in this field: nodes of the kind, in the batch or in the store."""
    arriving = {row.record.key for row in rows if row.record.kind is kind}
    wanted = {
        index: row.new_ends(lambda record: _named(record, field))
        for index, row in enumerate(rows)
        if isinstance(row.record, Ticket | Assignment)
    }
    asked = {end for ends in wanted.values() for end in ends} - arriving
    known = await present.known(kind, asked) | arriving
    missing = {index: [end for end in ends if end not in known] for index, ends in wanted.items()}
    return {index: _problem(kind.value, ends[0], field) for index, ends in missing.items() if ends}


def _named(record: Record, field: str) -> tuple[str, ...]:
    """Return the keys that an open ticket or assignment names in this field."""
    if not isinstance(record, Ticket | Assignment) or getattr(record, "ended", False):
        return ()
    value = getattr(record, field, None) or ()
    return (value,) if isinstance(value, str) else value


def _field_naming(record: Record, end: str) -> str | None:
    """Return the field in which the record names this CI."""
    for field in _ITEM_FIELDS:
        value = getattr(record, field, ())
        if end == value or (isinstance(value, tuple) and end in value):
            return field
    return None


def _problem(what: str, key: str, field: str | None) -> RowProblem:
    return RowProblem(
        code=ErrorCode.DANGLING_END,
        field=field,
        message=f"There is no {what} '{key}', neither in this batch nor in the store.",
        hint=f"Write the {what} first, or in the same batch; a retired CI must be revived first.",
    )


async def _second_incidents(present: Present, rows: Sequence[PlannedRow]) -> dict[int, RowProblem]:
    """An unchanged open incident stands as it is; only what the batch alters can come second."""
    altered = {index: row.record for index, row in enumerate(rows) if row.status is not RowStatus.UNCHANGED}
    opening = {
        index: record
        for index, record in altered.items()
        if isinstance(record, Ticket)
        and record.ticket_kind is TicketKind.INCIDENT
        and record.is_open
        and record.cause_key is not None
    }
    stored = await present.open_incidents(str(ticket.cause_key) for ticket in opening.values())
    replaced = {record.key for record in altered.values() if isinstance(record, Ticket)}
    standing = {cause: key for key, cause in stored if key not in replaced}
    refused: dict[int, RowProblem] = {}
    for index, ticket in opening.items():
        first = standing.setdefault(str(ticket.cause_key), ticket.key)
        if first != ticket.key:
            refused[index] = RowProblem(
                code=ErrorCode.CONFLICT,
                field="cause_key",
                message=f"The incident {first} of the same cause is open.",
                hint=f"Attach to {first} instead.",
            )
    return refused
