"""Numbered files, applied once; what the store has seen must be what the files say."""

from pathlib import Path
from typing import cast

import pytest
from neo4j import AsyncDriver
from neo4j.exceptions import Neo4jError, TransientError

from cmdb.errors import DeclarationError, ErrorCode, StoreError
from cmdb.store.connection import Connection, StoreAddress
from cmdb.store.migrations import ATTEMPTS, SEEN, Migration, migrate, read_migrations
from tests.fakes.bolt import FakeDriver, Outcome

FILES = (Migration(1, "first", "one", ("A", "B")), Migration(2, "second", "two", ("C",)))


def over(*script: Outcome) -> tuple[FakeDriver, Connection]:
    driver = FakeDriver(list(script))
    return driver, Connection(cast(AsyncDriver, driver), StoreAddress("bolt://graph.example", "u", "p", "d"))


def seen(*versions: tuple[int, str]) -> Outcome:
    return [{"version": version, "checksum": text, "state": "applied"} for version, text in versions]


async def failure(*script: Outcome) -> StoreError:
    _, connection = over(*script)
    with pytest.raises(StoreError) as caught:
        await migrate(connection, FILES)
    assert caught.value.hint
    return caught.value


async def test_a_new_store_gets_all_statements_in_order_each_file_recorded_before_and_after_its_own() -> None:
    driver, connection = over(*[[]] * 9)
    assert await migrate(connection, FILES) == [1, 2]
    asked = [statement.split()[0] for statement, _ in driver.asked[2:]]
    assert asked == ["MERGE", "A", "B", "MERGE", "MERGE", "C", "MERGE"]
    told = [parameters for _, parameters in driver.asked if isinstance(parameters, dict) and parameters]
    assert [(row["version"], row["state"]) for row in told] == [
        (1, "started"),
        (1, "applied"),
        (2, "started"),
        (2, "applied"),
    ]
    assert (told[1]["name"], told[1]["checksum"], told[1]["applied_at"][-1]) == ("first", "one", "Z")


async def test_a_file_that_was_begun_is_applied_again_though_it_was_mended_since() -> None:
    begun: Outcome = [{"version": 1, "checksum": "before it was mended", "state": "started"}]
    _, connection = over(begun, *[[]] * 8)
    assert await migrate(connection, FILES) == [1, 2]


async def test_a_statement_that_met_another_process_is_tried_again() -> None:
    equal = Neo4jError._hydrate_neo4j(  # noqa: SLF001 - there is no public way
        code="Neo.ClientError.Schema.EquivalentSchemaRuleAlreadyExists", message="the other one was first"
    )
    _, connection = over(seen((1, "one")), [], [], equal, TransientError("deadlock"), [], [])
    assert await migrate(connection, FILES) == [2]
    _, connection = over(seen((1, "one")), [], [], *[equal] * ATTEMPTS)
    with pytest.raises(StoreError) as caught:
        await migrate(connection, FILES)
    assert caught.value.code is ErrorCode.STORE_CONFLICT


async def test_only_what_is_missing_is_applied() -> None:
    driver, connection = over(seen((1, "one")), [], [], [], [])
    assert await migrate(connection, FILES) == [2]
    assert [statement for statement, _ in driver.asked].count("A") == 0


async def test_a_store_that_has_seen_all_is_only_read() -> None:
    driver, connection = over(seen((1, "one"), (2, "two")))
    assert await migrate(connection, FILES) == []
    assert [statement for statement, _ in driver.asked] == [SEEN]


async def test_a_store_that_has_seen_more_or_something_else_is_refused() -> None:
    newer = await failure(seen((1, "one"), (2, "two"), (3, "three")))
    assert (newer.code, "version 3" in newer.message) == (ErrorCode.STORE_TOO_NEW, True)
    other = await failure(seen((1, "changed")))
    assert (other.code, "Migration 1 (first)" in other.message) == (ErrorCode.MIGRATION_CHANGED, True)


async def test_a_statement_that_fails_is_named() -> None:
    failed = await failure([], [], [], [], RuntimeError("no room"))
    assert failed.code is ErrorCode.MIGRATION_FAILED
    assert "Statement 2 of migration 1 (first) failed: no room" in failed.message


async def test_a_store_that_goes_away_meanwhile_is_told_as_that() -> None:
    assert (await failure([], [], [], OSError("reset"))).code is ErrorCode.STORE_GONE


def test_comments_and_blanks_are_no_part_of_a_migration(tmp_path: Path) -> None:
    path = tmp_path / "V0001__first_things.cypher"
    path.write_text("// why\nRETURN 1;\n\n  // more\nRETURN\n 2;\n")
    (migration,) = read_migrations(tmp_path)
    assert (migration.version, migration.name) == (1, "first_things")
    assert migration.statements == ("RETURN 1", "RETURN\n 2")
    path.write_text("RETURN 1;\n// another reason\nRETURN\n 2;")
    assert read_migrations(tmp_path)[0].checksum == migration.checksum
    path.write_text("RETURN 1;\nRETURN 3;")
    assert read_migrations(tmp_path)[0].checksum != migration.checksum


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["V0002__b.cypher"], "Migration 1 is missing"),
        (["V0001__a.cypher", "V0003__c.cypher"], "Migration 2 is missing"),
        (["V1__a.cypher"], "no name for a migration"),
        (["first.cypher"], "no name for a migration"),
    ],
)
def test_gaps_and_foreign_names_are_refused(tmp_path: Path, names: list[str], says: str) -> None:
    for name in names:
        (tmp_path / name).write_text("RETURN 1;")
    with pytest.raises(DeclarationError, match=says) as caught:
        read_migrations(tmp_path)
    assert str(tmp_path) in str(caught.value.place)


def test_without_files_there_is_nothing_to_apply(tmp_path: Path) -> None:
    assert read_migrations(tmp_path) == ()
