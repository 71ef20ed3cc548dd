"""Opening a store on both engines: addresses, credentials, migrations that are interrupted, changed or too new."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from cmdb.errors import CmdbError, ErrorCode, StoreError
from cmdb.store.connection import Connection, StoreAddress, open_connection
from cmdb.store.migrations import Migration, migrate, read_migrations
from cmdb.store.store import open_store
from tests.conftest import MIGRATIONS, VERBS

FORGET = "MATCH (m:Migration) WHERE m.version > $version DELETE m"
RELEASED = len(read_migrations(MIGRATIONS))


async def code_of(address: StoreAddress) -> ErrorCode:
    """Return the code that opening this address fails with."""
    with pytest.raises(StoreError) as caught:
        async with open_store(address, VERBS, MIGRATIONS):
            pass
    assert caught.value.hint
    assert address.password not in str(caught.value)
    return caught.value.code


async def test_a_wrong_password_is_told_as_such(store_address: StoreAddress) -> None:
    assert await code_of(replace(store_address, password="not the password")) is ErrorCode.STORE_CREDENTIALS


async def test_a_closed_port_is_told_as_such(store_address: StoreAddress) -> None:
    assert await code_of(replace(store_address, uri="bolt://127.0.0.1:9")) is ErrorCode.STORE_UNREACHABLE


@pytest.mark.parametrize("uri", ["http://127.0.0.1:7687", "nonsense", "bolt://127.0.0.1:port"])
async def test_a_malformed_address_is_told_as_such(store_address: StoreAddress, uri: str) -> None:
    assert await code_of(replace(store_address, uri=uri)) is ErrorCode.STORE_URI


async def test_a_database_that_does_not_exist_is_told_as_such(store_address: StoreAddress) -> None:
    assert await code_of(replace(store_address, database="nosuchdatabase")) is ErrorCode.STORE_UNREACHABLE


@pytest.fixture
async def connection(store_address: StoreAddress) -> AsyncIterator[Connection]:
    """A connection to a migrated store; migrations that a test adds are forgotten again."""
    async with open_connection(store_address) as opened:
        await migrate(opened, read_migrations(MIGRATIONS))
        yield opened
        await opened.write(lambda transaction: transaction.run(FORGET, version=RELEASED))
        await opened.define("MATCH (n:Scratch) DELETE n")


def later(*statements: str) -> Migration:
    """Return a migration after the real ones."""
    return Migration(RELEASED + 1, "later", f"checksum of {statements}", statements)


class Interrupted(Exception):
    """Stands for the process that dies between two statements."""


class Dying:
    """A connection whose process dies before the n-th schema statement."""

    def __init__(self, connection: Connection, statements: int) -> None:
        """Let that many statements through."""
        self._connection = connection
        self._left = statements
        self.read = connection.read
        self.write = connection.write

    async def define(self, statement: str) -> None:
        """Run the statement or die."""
        if self._left == 0:
            raise Interrupted
        self._left -= 1
        await self._connection.define(statement)


async def test_a_store_is_tried_with_a_write_that_counts_as_none(store_address: StoreAddress) -> None:
    async with open_store(store_address, VERBS, MIGRATIONS) as store:
        before = await store.head()
        for _ in range(2):
            await store.touch()
        assert await store.head() == before


async def test_a_second_run_applies_nothing(connection: Connection) -> None:
    assert await migrate(connection, read_migrations(MIGRATIONS)) == []


@pytest.mark.parametrize("survived", range(4))
async def test_an_interrupted_migration_resumes_to_the_same_end(
    connection: Connection, survived: int
) -> None:
    real = read_migrations(MIGRATIONS)
    steps = [f"MERGE (s:Scratch {{name: '{name}'}})" for name in "abc"]
    dying = Dying(connection, survived)
    with pytest.raises((Interrupted, StoreError)):
        await migrate(dying, [*real, later(*steps)])  # type: ignore[arg-type]
    assert await migrate(connection, [*real, later(*steps)]) == [RELEASED + 1]
    rows = await connection.read("MATCH (s:Scratch) RETURN s.name AS name ORDER BY name")
    assert [row["name"] for row in rows] == ["a", "b", "c"]


async def test_a_store_of_a_newer_program_is_refused(connection: Connection) -> None:
    real = read_migrations(MIGRATIONS)
    await migrate(connection, [*real, later("MERGE (s:Scratch {name: 'x'})")])
    with pytest.raises(StoreError) as caught:
        await migrate(connection, real)
    assert caught.value.code is ErrorCode.STORE_TOO_NEW


async def test_a_store_that_a_newer_program_has_begun_to_migrate_is_refused(connection: Connection) -> None:
    real = read_migrations(MIGRATIONS)
    dying = Dying(connection, 2)
    with pytest.raises((Interrupted, StoreError)):
        await migrate(dying, [*real, later("MERGE (s:Scratch {name: 'x'})", "RETURN 1")])  # type: ignore[arg-type]
    with pytest.raises(StoreError) as caught:
        await migrate(connection, real)
    assert caught.value.code is ErrorCode.STORE_TOO_NEW


async def test_what_was_applied_is_recorded_with_its_time(connection: Connection) -> None:
    first, *_ = await connection.read("MATCH (m:Migration {version: 1}) RETURN properties(m) AS held")
    held = first["held"]
    assert held.keys() == {"version", "name", "checksum", "state", "applied_at"}
    assert (held["state"], held["applied_at"][-1]) == ("applied", "Z")


async def test_processes_that_migrate_one_fresh_store_at_once_all_succeed(
    store_address: StoreAddress,
) -> None:
    async with open_connection(store_address) as connection:
        await connection.define("MATCH (n) DETACH DELETE n")
        if "bolt" in store_address.uri and store_address.user == "neo4j":
            await drop_schema(connection)

    async def open_one() -> int:
        async with open_store(store_address, VERBS, MIGRATIONS) as store:
            return await store.head()

    assert await asyncio.gather(*(open_one() for _ in range(4))) == [0, 0, 0, 0]
    async with open_connection(store_address) as connection:
        rows = await connection.read("MATCH (m:Migration) RETURN m.state AS state")
        assert {row["state"] for row in rows} == {"applied"}
        assert len(rows) == len(read_migrations(MIGRATIONS))
        assert await connection.read("MATCH (c:Counter) RETURN c.value AS value") == [{"value": 0}]


async def drop_schema(connection: Connection) -> None:
    """Forget Neo4j's constraints and indexes; the embedded engine cannot list its own, a fresh one has none."""
    for row in await connection.read("SHOW CONSTRAINTS YIELD name"):
        await connection.define(f"DROP CONSTRAINT {row['name']}")
    for row in await connection.read("SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP'"):
        await connection.define(f"DROP INDEX {row['name']}")


def test_a_semicolon_inside_a_line_does_not_end_a_statement(tmp_path: Path) -> None:
    (tmp_path / "V0001__first.cypher").write_text(
        "// a;\nMERGE (a {name: 'x;y'})\nSET a.b = 1;\nRETURN 1;  \n"
    )
    (migration,) = read_migrations(tmp_path)
    assert migration.statements == ("MERGE (a {name: 'x;y'})\nSET a.b = 1", "RETURN 1")


async def test_many_wrong_passwords_are_still_told_as_such(store_address: StoreAddress) -> None:
    codes = {await code_of(replace(store_address, user="nobody", password=f"wrong {n}")) for n in range(6)}
    assert codes == {ErrorCode.STORE_CREDENTIALS}


async def test_an_edited_migration_is_refused(connection: Connection) -> None:
    (first, *rest) = read_migrations(MIGRATIONS)
    with pytest.raises(StoreError) as caught:
        await migrate(connection, [replace(first, checksum="another"), *rest])
    assert caught.value.code is ErrorCode.MIGRATION_CHANGED


async def test_a_broken_statement_names_its_place_and_can_be_mended(connection: Connection) -> None:
    real = read_migrations(MIGRATIONS)
    with pytest.raises(StoreError) as caught:
        await migrate(connection, [*real, later("MERGE (s:Scratch {name: 'a'})", "THIS IS NO CYPHER")])
    assert caught.value.code is ErrorCode.MIGRATION_FAILED
    assert f"Statement 2 of migration {RELEASED + 1}" in caught.value.message
    assert await migrate(connection, [*real, later("MERGE (s:Scratch {name: 'b'})")]) == [RELEASED + 1]


def test_a_gap_or_a_foreign_name_among_the_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "V0002__second.cypher").write_text("RETURN 1;")
    with pytest.raises(CmdbError) as caught:
        read_migrations(tmp_path)
    assert "1 is missing" in caught.value.message
    (tmp_path / "first.cypher").write_text("RETURN 1;")
    with pytest.raises(CmdbError) as caught:
        read_migrations(tmp_path)
    assert "V0002__what_it_does.cypher" in caught.value.hint
