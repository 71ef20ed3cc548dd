"""Pure: which rows can be written together, and what the outcome of a write says about each."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from cmdb.errors import CmdbError, ErrorCode
from cmdb.model.records import EntryRecord, EventTransition, RecordKind
from cmdb.ports.graph import RowProblem, RowResult, RowStatus
from cmdb.ports.records import LocatedRecord

BATCH = 2000
"""Records in one write: it stays near 100 ms; repeats of an event are folded before they count for the store."""


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
        clashes = False
        if not isinstance(record, EventTransition):
            clashes = seen.setdefault((record.kind, record.key), record) != record
        if clashes or len(batch) >= size:
            yield batch
            batch, seen = [], {}
            if not isinstance(record, EventTransition):
                seen[record.kind, record.key] = record
        batch.append(row)
    if batch:
        yield batch


def judge(rows: Sequence[Row], results: Sequence[RowResult]) -> Verdict:
    """Tell rows at fault from rows dragged along; where none is at fault by its own reason, all are."""
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
    if not verdict.refused and verdict.again:
        stuck = zip(rows, results, strict=True)
        return Verdict(refused=[(row, _error(result.problem, row)) for row, result in stuck])
    return verdict


def _error(problem: RowProblem | None, row: Row) -> CmdbError:
    if problem is None:
        return CmdbError(ErrorCode.CONFLICT, "The store refused the record.", place=row.located.place)
    return CmdbError(problem.code, problem.message, hint=problem.hint, place=row.located.place)
