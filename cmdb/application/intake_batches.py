"""Pure: which rows can be written together, and what the outcome of a write says about each."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from cmdb.desk.event_life import event_key
from cmdb.errors import CmdbError, Conflict, ErrorCode
from cmdb.model.kinds import RecordKind
from cmdb.model.records import EntryRecord, EventTransition
from cmdb.ports.graph import RowProblem, RowResult, RowStatus
from cmdb.ports.records import LocatedRecord

BATCH = 2000
"""Rows of the store in one write, which stays near 100 ms; steps of one event become one row."""


@dataclass(frozen=True, slots=True)
class Row:
    """A record and the delivery that brought it."""

    delivery: int
    located: LocatedRecord


@dataclass(slots=True)
class Verdict:
    """Rows that were refused for a fault of their own, and rows that only stood beside them."""

    refused: list[tuple[Row, CmdbError]] = field(default_factory=list)
    again: list[Row] = field(default_factory=list)


def cut(rows: Iterable[Row], size: int = BATCH) -> Iterator[list[Row]]:
    """Yield batches in order; two different records of one key would contradict each other inside a batch."""
    batch: list[Row] = []
    seen: dict[tuple[RecordKind, str], EntryRecord] = {}
    for row in rows:
        record = row.located.record
        key = _key(record)
        clashes = key in seen and seen[key] != record and not isinstance(record, EventTransition)
        if clashes or (key not in seen and len(seen) >= size):
            yield batch
            batch, seen = [], {}
        seen[key] = record
        batch.append(row)
    if batch:
        yield batch


def _key(record: EntryRecord) -> tuple[RecordKind, str]:
    if isinstance(record, EventTransition):
        return RecordKind.EVENT, event_key("", record)
    return record.kind, record.key


def judge(rows: Sequence[Row], results: Sequence[RowResult]) -> Verdict:
    """Tell rows at fault from rows dragged along; Conflict where several were refused and none of them says why."""
    verdict = Verdict()
    nothing_written = all(result.status is RowStatus.REFUSED for result in results)
    for row, result in zip(rows, results, strict=True):
        if result.status is not RowStatus.REFUSED:
            continue
        problem = result.problem
        if nothing_written and problem is not None and problem.code is ErrorCode.CONFLICT:
            verdict.again.append(row)
        else:
            verdict.refused.append((row, _error(problem, row)))
    if len(rows) == 1 and verdict.again:
        return Verdict(refused=[(rows[0], _error(results[0].problem, rows[0]))])
    if verdict.again and not verdict.refused:
        raise Conflict(ErrorCode.CONFLICT, f"The store refused {len(rows)} records together.")
    return verdict


def _error(problem: RowProblem | None, row: Row) -> CmdbError:
    if problem is None:
        return CmdbError(ErrorCode.CONFLICT, "The store refused the record.", place=row.located.place)
    return CmdbError(problem.code, problem.message, hint=problem.hint, place=row.located.place)
