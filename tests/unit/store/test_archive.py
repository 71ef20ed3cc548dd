"""Backup and restore: what is refused before the store is touched, and how a restore proves itself."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from cmdb.errors import CmdbError, ErrorCode
from cmdb.store.archive import BackupSummary, read_backup, write_backup
from cmdb.store.archive_file import FORMAT, Archive, ArchiveWriter, Header
from cmdb.store.canonical import ContentHash
from cmdb.store.counter import HEAD, REMOVE_COUNTER, SET_COUNTER
from cmdb.store.cut import Entry
from cmdb.store.migrations import SEEN, Migration
from cmdb.store.store import ANY_NODE
from tests.fakes.connection import FakeConnection, Parameters

EDGE = Entry(
    "dependency",
    {
        "key": "a|CALLS|b|", "consumer": "a", "verb": "CALLS", "provider": "b", "revision": 5, "recorded_in": 5,
        "recorded_at": "2026-03-02T12:00:00.000000Z", "valid_from": "2026-03-02T12:00:00.000000Z",
        "recorded_by": "test", "digest": "d",
    },
)  # fmt: skip
NOTHING = ContentHash().hexdigest()


def craft(target: Path, *entries: Entry, schema: int = 2) -> Path:
    with ArchiveWriter(target, Header(FORMAT, schema, 7)) as writer:
        writer.add(list(entries))
        writer.seal()
    return target


def empty_store(edges: Sequence[Entry] = ()) -> FakeConnection:
    """Return a store that was never written to, and holds `edges` once somebody looks for them."""

    def found(asked: Parameters) -> list[dict[str, Any]]:
        return [{"rows": [edge.held for edge in edges if edge.held["consumer"] in asked["keys"]]}]

    return FakeConnection(
        {
            HEAD: [{"revision": 0}],
            ANY_NODE: [],
            "MATCH (n:ConfigurationItem) RETURN": [{"rows": [edge.held["consumer"] for edge in edges]}],
            "MATCH (:ConfigurationItem {key: key})-[r]": found,
            "collect(": [{"rows": []}],
        }
    )


MIGRATIONS = [Migration(number, f"V{number}", f"sum{number}", (f"RETURN {number}",)) for number in (1, 2, 3)]


async def restore(
    connection: FakeConnection, source: Path, verbs: Sequence[str] = ("CALLS",)
) -> BackupSummary:
    return await read_backup(connection, source, verbs, MIGRATIONS, lambda _: None)


@pytest.mark.parametrize(
    ("schema", "verbs", "code", "says"),
    [
        (4, ["CALLS"], ErrorCode.BACKUP_TOO_NEW, "schema version 4, this program knows 3"),
        (3, ["USES"], ErrorCode.UNKNOWN_VERB, "'CALLS'"),
    ],
)
async def test_what_this_program_cannot_hold_is_refused_before_the_store_is_touched(
    tmp_path: Path, schema: int, verbs: list[str], code: ErrorCode, says: str
) -> None:
    source, connection = craft(tmp_path / "b", EDGE, schema=schema), empty_store()
    with pytest.raises(CmdbError) as caught:
        await restore(connection, source, verbs)
    assert (caught.value.code, says in caught.value.message) == (code, True)
    assert (str(caught.value.place), bool(caught.value.hint)) == (str(source), True)
    assert (connection.asked, connection.transactions) == ([], 0)


async def test_a_store_that_holds_something_else_in_the_end_is_not_opened_to_readers(tmp_path: Path) -> None:
    source, connection = craft(tmp_path / "b", EDGE), empty_store()
    with pytest.raises(CmdbError) as caught:
        await restore(connection, source)
    assert caught.value.code is ErrorCode.RESTORE_DIFFERS
    assert NOTHING in caught.value.message
    assert Archive(source).seal.content in caught.value.message
    assert connection.given(REMOVE_COUNTER) == [{}]
    assert connection.given(SET_COUNTER) == []


async def test_a_restore_that_proves_itself_opens_the_store_at_the_revision_of_the_backup(
    tmp_path: Path,
) -> None:
    source, connection = craft(tmp_path / "b", EDGE), empty_store([EDGE])
    told = list[int]()
    summary = await read_backup(connection, source, ["CALLS"], MIGRATIONS[:2], told.append)
    assert (summary.records, summary.versions, summary.revision) == (1, 0, 7)
    assert summary.size == source.stat().st_size
    assert told == [1]
    assert connection.given(SET_COUNTER) == [{"revision": 7}]
    order = [statement for statement, _ in connection.asked]
    drawn = next(place for place, text in enumerate(order) if "CREATE (a)-[d:CALLS" in text)
    assert order.index(REMOVE_COUNTER) < drawn < order.index(SET_COUNTER)


async def test_data_of_an_older_schema_meets_the_migrations_that_came_since(tmp_path: Path) -> None:
    source, connection = craft(tmp_path / "b", EDGE, schema=1), empty_store([EDGE])
    await restore(connection, source)
    order = [statement for statement, _ in connection.asked]
    assert [statement for statement in order if statement.startswith("RETURN ")] == ["RETURN 2", "RETURN 3"]
    assert order.index("RETURN 3") < order.index(SET_COUNTER)


async def test_a_backup_says_what_it_holds_as_of_the_settled_revision(tmp_path: Path) -> None:
    connection = empty_store([EDGE])
    seen = [{"version": 1}, {"version": 2}]
    connection.answers = {**connection.answers, HEAD: [{"revision": 7}], SEEN: seen}
    told = list[int]()
    summary = await write_backup(connection, tmp_path / "b", told.append)
    read = Archive(tmp_path / "b")
    assert (read.header, list(read.entries())) == (Header(FORMAT, 2, 7), [EDGE])
    assert summary == BackupSummary(1, 0, 0, 7, read.seal.content, (tmp_path / "b").stat().st_size)
    assert told[-1] == 1
    assert summary.content_hash != NOTHING


async def test_a_backup_that_fails_leaves_no_file(tmp_path: Path) -> None:
    connection = empty_store()
    connection.answers = {**connection.answers, HEAD: []}
    with pytest.raises(CmdbError) as caught:
        await write_backup(connection, tmp_path / "b", lambda _: None)
    assert caught.value.code is ErrorCode.STORE_UNFINISHED
    assert list(tmp_path.iterdir()) == []
