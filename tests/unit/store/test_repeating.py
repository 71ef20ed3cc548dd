"""A repeated batch first looks whether it was written; only what carries its own stamp counts as its own."""

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from cmdb.ports.graph import RowStatus
from cmdb.store.codec import write_time
from cmdb.store.connection import Transaction
from cmdb.store.counter import HEAD, TAKE_REVISION
from cmdb.store.present import NODES
from cmdb.store.repeating import ARCHIVED, RepeatableWrite, WrittenBefore
from cmdb.store.shape import ITEM_LABEL, fill
from tests.support.graph_records import item
from tests.support.moments import NOON, minutes

HELD = fill(NODES, label=ITEM_LABEL)
OURS = {"recorded_at": write_time(NOON), "recorded_by": "test"}
THEIRS = OURS | {"recorded_at": write_time(NOON + minutes(1))}


@dataclass
class Answers:
    """A transaction that answers some statements and finds nothing for others."""

    revision: int
    repeated: bool = False
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    async def run(self, statement: str, /, **parameters: object) -> list[dict[str, Any]]:
        if statement in {TAKE_REVISION, HEAD}:
            return [{"revision": self.revision}]
        return self.rows.get(statement, [])


async def run(batch: RepeatableWrite, transaction: Answers) -> int:
    outcome = await batch.run(cast(Transaction, transaction))
    assert [row.status for row in outcome.results] == [RowStatus.CREATED]
    return outcome.revision


@pytest.fixture
async def batch() -> RepeatableWrite:
    """A batch whose first attempt took revision 1 and got lost."""
    batch = RepeatableWrite(frozenset(), "test", [item("a")], NOON)
    assert await run(batch, Answers(1)) == 1
    return batch


@pytest.mark.parametrize(
    "found",
    [{HELD: [{"held": [{"key": "a", "recorded_in": 1, **OURS}]}]}, {ARCHIVED: [OURS]}],
    ids=["present", "superseded since"],
)
async def test_what_the_lost_attempt_wrote_is_answered(
    batch: RepeatableWrite, found: dict[str, list[dict[str, Any]]]
) -> None:
    with pytest.raises(WrittenBefore) as caught:
        await run(batch, Answers(9, repeated=True, rows=found))
    assert caught.value.outcome.revision == 1
    assert caught.value.outcome.results[0].status is RowStatus.CREATED


@pytest.mark.parametrize(
    "found",
    [
        {},
        {HELD: [{"held": [{"key": "a", "recorded_in": 1, **THEIRS}]}]},
        {HELD: [{"held": [{"key": "a", "recorded_in": 2, **OURS}]}]},
        {ARCHIVED: [THEIRS]},
    ],
    ids=["nothing", "another's", "another revision", "another's, superseded"],
)
async def test_what_the_lost_attempt_did_not_write_is_written(
    batch: RepeatableWrite, found: dict[str, list[dict[str, Any]]]
) -> None:
    assert await run(batch, Answers(9, repeated=True, rows=found)) == 9


async def test_a_repeat_before_anything_was_sent_only_writes() -> None:
    fresh = RepeatableWrite(frozenset(), "test", [item("a")], NOON)
    assert await run(fresh, Answers(4, repeated=True, rows={ARCHIVED: [OURS]})) == 4
