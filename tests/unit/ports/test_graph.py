"""What ports carry."""

import pytest

from cmdb.model.kinds import RecordKind
from cmdb.ports.graph import GraphDelta, RowResult, RowStatus, WriteOutcome


def outcome(*statuses: RowStatus) -> WriteOutcome:
    rows = (
        RowResult(index=index, kind=RecordKind.ITEM, key="k", status=status)
        for index, status in enumerate(statuses)
    )
    return WriteOutcome(1, tuple(rows))


def test_one_refused_row_is_told_of_the_whole_write() -> None:
    assert not outcome(RowStatus.CREATED, RowStatus.UNCHANGED, RowStatus.UPDATED).refused
    assert outcome(RowStatus.CREATED, RowStatus.REFUSED).refused
    assert not outcome().refused


def test_a_delta_keeps_each_kind_in_a_list_of_its_own() -> None:
    delta = GraphDelta(1)
    kinds = [kind for kind in RecordKind if kind not in (RecordKind.ITEM, RecordKind.DEPENDENCY)]
    for kind in kinds:
        delta.records_of(kind).append(kind)
    lists = (
        *(delta.events, delta.changes, delta.tickets, delta.parties, delta.assignments),
        *(delta.windows, delta.situations),
    )
    assert [[str(row) for row in rows] for rows in lists] == [[str(kind)] for kind in kinds]
    with pytest.raises(KeyError):
        delta.records_of(RecordKind.ITEM)
