"""Which rows go together, and who is at fault in a refused write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmdb.application.intake_batches import Row, cut, judge
from cmdb.errors import Conflict, ErrorCode, Place
from cmdb.model.kinds import RecordKind
from cmdb.model.records import EntryRecord, Item
from cmdb.ports.graph import RowProblem, RowResult, RowStatus
from cmdb.ports.records import LocatedRecord
from tests.support.moments import NOON, minutes
from tests.support.small_estate import item, raised


def row(record: EntryRecord) -> Row:
    return Row(1, LocatedRecord(record, Place("test", 1)))


def server(name: str, key: str = "s") -> Item:
    return item(key, "server", name)


def test_steps_of_one_event_count_once() -> None:
    rows = [row(raised("r1", at=NOON + minutes(number))) for number in range(10)]
    assert list(cut(rows, size=1)) == [rows]


def test_a_batch_holds_no_more_than_so_many_keys() -> None:
    rows = [row(raised(f"r{number}")) for number in range(5)]
    assert [len(batch) for batch in cut(rows, size=2)] == [2, 2, 1]


def test_two_states_of_one_record_are_parted_and_a_repetition_is_not() -> None:
    first, again, other = row(server("a")), row(server("a")), row(server("b"))
    assert list(cut([first, again, other, first])) == [[first, again], [other], [first]]


SERVERS = st.builds(server, st.sampled_from("ab"), st.sampled_from("st"))
STEPS = st.builds(raised, st.sampled_from(["r1", "r2"]), at=st.sampled_from([NOON, NOON + minutes(1)]))


@given(st.lists(SERVERS | STEPS, max_size=30), st.integers(1, 4))
def test_batches_keep_the_order_and_hold_no_contradiction(records: list[EntryRecord], size: int) -> None:
    rows = [row(record) for record in records]
    batches = list(cut(rows, size))
    assert [one for batch in batches for one in batch] == rows
    for batch in batches:
        states: dict[str, set[str]] = {}
        for one in batch:
            record = one.located.record
            if isinstance(record, Item):
                states.setdefault(record.key, set()).add(record.name)
        assert all(len(names) == 1 for names in states.values())
        keys = {getattr(one.located.record, "item", None) or str(one.located.record) for one in batch}
        assert 1 <= len(keys) <= size


def result(index: int, status: RowStatus, code: ErrorCode | None = None) -> RowResult:
    problem = None if code is None else RowProblem(code=code, message="Found.", hint="Do.")
    return RowResult(index=index, kind=RecordKind.ITEM, key="s", status=status, problem=problem)


def test_what_was_written_is_done_and_what_was_refused_beside_it_is_at_fault() -> None:
    rows = [row(server("a")), row(server("b", "t"))]
    told = [result(0, RowStatus.CREATED), result(1, RowStatus.REFUSED, ErrorCode.CONFLICT)]
    verdict = judge(rows, told)
    assert [refused.located for refused, _ in verdict.refused] == [rows[1].located]
    assert verdict.again == []


def test_who_was_dragged_along_is_written_again_without_the_one_at_fault() -> None:
    rows = [row(server("a")), row(server("b", "t"))]
    told = [
        result(0, RowStatus.REFUSED, ErrorCode.CONFLICT),
        result(1, RowStatus.REFUSED, ErrorCode.DANGLING_END),
    ]
    verdict = judge(rows, told)
    assert verdict.again == [rows[0]]
    ((_, error),) = verdict.refused
    assert (error.code, str(error.place), error.hint) == (ErrorCode.DANGLING_END, "test:1", "Do.")


def test_a_refusal_that_names_nobody_asks_for_halves() -> None:
    told = [result(index, RowStatus.REFUSED, ErrorCode.CONFLICT) for index in range(2)]
    with pytest.raises(Conflict):
        judge([row(server("a")), row(server("b", "t"))], told)


def test_a_refusal_without_anyone_at_fault_ends() -> None:
    verdict = judge([row(server("a"))], [result(0, RowStatus.REFUSED, ErrorCode.CONFLICT)])
    assert (len(verdict.refused), verdict.again) == (1, [])
