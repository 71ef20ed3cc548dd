"""A migrating process that is killed at any step: the next start resumes to the same end."""

import shutil
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from cmdb.store.connection import Connection, StoreAddress, open_connection
from cmdb.store.migrations import migrate, read_migrations
from tests.conftest import MIGRATIONS
from tests.support.dying_migration import migrate_and_die

LATER = (
    """
CREATE CONSTRAINT scratch_name IF NOT EXISTS FOR (n:Scratch) REQUIRE n.name IS UNIQUE;
MERGE (s:Scratch {name: 'a'}) SET s.size = 1;
MERGE (s:Scratch {name: 'b'}) SET s.size = 2;
""",
    """
MATCH (s:Scratch) WHERE s.weight IS NULL SET s.weight = s.size * 10;
MATCH (s:Scratch) REMOVE s.size;
""",
)
STATE = "MATCH (s:Scratch) RETURN properties(s) AS held ORDER BY s.name"
SEEN = "MATCH (m:Migration) WHERE m.version > $known RETURN m.name AS name, m.state AS state ORDER BY name"
EXPECTED = [{"name": "a", "weight": 10}, {"name": "b", "weight": 20}]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The real migrations and two more."""
    target = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, target)
    known = len(read_migrations(target))
    for number, statements in enumerate(LATER, start=known + 1):
        (target / f"V{number:04d}__later_{number - known}.cypher").write_text(statements)
    return target


@pytest.fixture
async def connection(store_address: StoreAddress) -> AsyncIterator[Connection]:
    async with open_connection(store_address) as opened:
        await migrate(opened, read_migrations(MIGRATIONS))
        await forget(opened)
        yield opened
        await forget(opened)


async def forget(connection: Connection) -> None:
    """Take the later migrations back, but for their constraint, which they ask for only if it is missing."""
    known = len(read_migrations(MIGRATIONS))
    await connection.define(f"MATCH (m:Migration) WHERE m.version > {known} DELETE m")
    await connection.define("MATCH (n:Scratch) DELETE n")


async def state(connection: Connection) -> tuple[list[Any], list[Any]]:
    known = len(read_migrations(MIGRATIONS))
    held = [row["held"] for row in await connection.read(STATE)]
    return held, await connection.read(SEEN, known=known)


@pytest.mark.parametrize("amid", [False, True], ids=["after a step", "amid a step"])
async def test_a_killed_migration_resumes_to_the_same_end(
    store_address: StoreAddress, connection: Connection, folder: Path, amid: bool
) -> None:
    killed = 0
    for steps in count(1):
        if not migrate_and_die(store_address, folder, steps, amid=amid):
            break
        killed += 1
        await migrate(connection, read_migrations(folder))
        assert await state(connection) == (
            EXPECTED,
            [{"name": f"later_{number}", "state": "applied"} for number in (1, 2)],
        ), f"killed at step {steps}"
        await forget(connection)
    assert killed == 1 + sum(2 + len(text.strip().splitlines()) for text in LATER)
