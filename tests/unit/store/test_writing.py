"""Which statements a batch runs inside its transaction, in which order and with what."""

import re
from collections.abc import Mapping

import pytest

from cmdb.errors import ErrorCode, InvalidInput
from cmdb.model.records import Assignment, Party, PartyKind, Record, Role
from cmdb.ports.graph import RowStatus
from cmdb.store.codec import content_of, digest_of
from cmdb.store.connection import Row, Transaction
from cmdb.store.plan import PlannedRow, Stamp
from cmdb.store.writing import BatchWrite, NothingWritten
from tests.support.graph_records import edge, event, item
from tests.support.moments import NOON

VERBS = frozenset({"DEPENDS_ON", "RUNS_ON"})
ANN = Party(key="ann", party_kind=PartyKind.PERSON, name="Ann")
OWNS = Assignment(party="ann", role=Role.OWNS, item="a")


class Scripted(Transaction):
    """A transaction over a store that holds these records as revision 6 wrote them; keeps what was run."""

    def __init__(self, *held: Record) -> None:
        """Hold the records; every CI that is asked for lives."""
        stamp = Stamp(6, "before", NOON)
        made = [(record, content_of(record)) for record in held]
        rows = [
            PlannedRow(record, content, digest_of(content), RowStatus.CREATED) for record, content in made
        ]
        self._held = {row.record.key: row.properties(stamp) for row in rows}
        self.ran: list[tuple[str, Mapping[str, object]]] = []

    async def run(self, statement: str, /, **parameters: object) -> list[Row]:
        """Answer what a write must know."""
        self.ran.append((statement, parameters))
        if "Counter" in statement:
            return [{"revision": 7}]
        if "AS pairs" in statement:
            return [{"pairs": [[key, held["digest"]] for key, held in self._held.items()]}]
        if "DISTINCT" in statement:
            return [{"held": held} for held in self._held.values() if "verb" in held]
        if "AS held" in statement:
            return [{"held": list(self._held.values())}]
        if "AS keys" in statement:
            return [{"keys": parameters["keys"]}]
        return []

    def changes(self) -> list[str]:
        """Return what was written, one short word a statement."""
        words = {
            "MERGE (v:Version": "archive",
            "CREATE (n:": "create",
            "MERGE (n:": "replace",
            "CREATE (a)": "draw",
        }
        words |= {"SET d =": "redraw", "SET n.revision": "stamp"}
        return [word for statement, _ in self.ran for part, word in words.items() if part in statement]

    def parameters_of(self, part: str) -> list[Mapping[str, object]]:
        """Return what the statements with this part were given."""
        return [parameters for statement, parameters in self.ran if part in statement]


async def run(transaction: Scripted, *records: Record) -> list[RowStatus]:
    outcome = await BatchWrite(VERBS, "test", records, NOON).run(transaction)
    assert outcome.revision == 7
    return [row.status for row in outcome.results]


async def test_what_is_new_is_created_without_being_looked_for_again() -> None:
    transaction = Scripted()
    assert await run(transaction, item("a"), item("b")) == [RowStatus.CREATED] * 2
    assert transaction.changes() == ["create"]


async def test_what_is_altered_is_archived_and_replaced_beside_what_is_new() -> None:
    transaction = Scripted(item("a"))
    fates = await run(transaction, item("a", name="other"), item("b"))
    assert fates == [RowStatus.UPDATED, RowStatus.CREATED]
    assert transaction.changes() == ["archive", "create", "replace"]
    (archived,) = transaction.parameters_of("MERGE (v:Version")
    assert [row["key"] for row in archived["rows"]] == ["item|a|6"]  # type: ignore[attr-defined]


async def test_an_altered_dependency_is_set_anew_not_drawn_twice() -> None:
    transaction = Scripted(edge("a", "b"))
    await run(transaction, edge("a", "b", weight=5))
    assert transaction.changes() == ["archive", "redraw", "stamp"]


async def test_owners_are_stamped_unless_the_batch_itself_writes_them() -> None:
    transaction = Scripted()
    await run(transaction, item("a"), edge("a", "b"), edge("c", "b"), ANN, OWNS)
    stamps = transaction.parameters_of("SET n.revision")
    assert stamps == [{"keys": ["c"], "revision": 7}]


async def test_no_word_of_a_sender_stands_in_a_statement() -> None:
    transaction = Scripted()
    hostile = "x}) DETACH DELETE (n) //"
    await run(
        transaction, item("a", attributes={hostile: hostile}), edge("a", "b", note=hostile), event(hostile)
    )
    assert not [statement for statement, _ in transaction.ran if "DETACH" in statement]
    drawn = [statement for statement, _ in transaction.ran if "CREATE (a)" in statement]
    names = {name for statement in drawn for name in re.findall(r"(\w+): row\.held\.", statement)}
    assert {"note", "key", "digest", "revision"} <= names


async def test_dependencies_that_hold_the_same_are_drawn_together() -> None:
    transaction = Scripted()
    await run(
        transaction, edge("a", "b"), edge("a", "c"), edge("a", "d", group="g"), edge("a", "e", verb="RUNS_ON")
    )
    drawn = [len(parameters["rows"]) for parameters in transaction.parameters_of("CREATE (a)")]  # type: ignore[arg-type]
    assert sorted(drawn) == [1, 1, 2]


async def test_an_unchanged_batch_writes_nothing_and_returns_the_number() -> None:
    transaction = Scripted(item("a"))
    with pytest.raises(NothingWritten) as nothing:
        await run(transaction, item("a"))
    assert nothing.value.outcome.revision == 6
    assert [row.status for row in nothing.value.outcome.results] == [RowStatus.UNCHANGED]
    assert transaction.changes() == []


async def test_every_attempt_of_a_transaction_starts_from_nothing() -> None:
    batch = BatchWrite(VERBS, "test", [item("a"), edge("a", "b")], NOON)
    first, second = Scripted(), Scripted()
    assert await batch.run(first) == await batch.run(second)
    assert first.ran == second.ran


def test_a_kind_and_key_come_once_and_a_verb_is_declared() -> None:
    with pytest.raises(InvalidInput) as twice:
        BatchWrite(VERBS, "test", [item("a"), item("a", name="b")], NOON)
    assert twice.value.code is ErrorCode.DUPLICATE_KEY
    with pytest.raises(InvalidInput) as unknown:
        BatchWrite(VERBS, "test", [edge("a", "b", verb="X]->() DELETE (n")], NOON)
    assert unknown.value.code is ErrorCode.UNKNOWN_VERB


async def test_a_retiring_ci_ends_its_dependencies_though_only_the_ci_was_asked_for() -> None:
    transaction = Scripted(item("b"), edge("a", "b"))
    assert await run(transaction, item("b", retired=True)) == [RowStatus.UPDATED]
    assert transaction.changes() == ["archive", "replace", "redraw", "stamp"]
    (redrawn,) = transaction.parameters_of("SET d =")
    assert [row["held"]["ended"] for row in redrawn["rows"]] == [True]  # type: ignore[attr-defined]
