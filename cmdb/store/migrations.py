"""Brings a store up to the schema of this program: numbered files, applied once, recorded, safe to interrupt."""

import asyncio
import hashlib
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cmdb.errors import CmdbError, DeclarationError, ErrorCode, Place, StoreError
from cmdb.store.codec import write_time
from cmdb.store.connection import Connection, Transaction

_NAME = re.compile(r"V(\d{4})__(\w+)\.cypher")
_END = re.compile(r";\s*$", re.MULTILINE)

# Without it two processes that migrate at once could record a version twice.
RECORD_KEY = "CREATE CONSTRAINT migration_version IF NOT EXISTS FOR (n:Migration) REQUIRE n.version IS UNIQUE"

# Which migrations has this store seen?
SEEN = "MATCH (m:Migration) RETURN m.version AS version, m.checksum AS checksum, m.state AS state"

# How far is this migration?
RECORD = """
MERGE (m:Migration {version: $version})
SET m.name = $name, m.checksum = $checksum, m.state = $state, m.applied_at = $applied_at
"""

STARTED = "started"
ATTEMPTS = 20
"""How often a statement is tried that met another process which migrates the same store."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, name, checksum and statements."""

    version: int
    name: str
    checksum: str
    statements: tuple[str, ...]


def read_migrations(folder: Path) -> tuple[Migration, ...]:
    """Read all files in order; a gap or a foreign name is an error."""
    found = tuple(_read(path) for path in sorted(folder.glob("*.cypher")))
    for number, migration in enumerate(found, start=1):
        if migration.version != number:
            raise DeclarationError(
                ErrorCode.DECLARATION,
                f"Migration {number} is missing: the next file is V{migration.version:04d}.",
                hint="Restore the file; migrations are never renumbered.",
                place=Place(str(folder)),
            )
    return found


def _read(path: Path) -> Migration:
    name = _NAME.fullmatch(path.name)
    if name is None:
        raise DeclarationError(
            ErrorCode.DECLARATION,
            f"'{path.name}' is no name for a migration.",
            hint="Name it V0002__what_it_does.cypher.",
            place=Place(str(path)),
        )
    text = path.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("//")]
    statements = tuple(part.strip() for part in _END.split("\n".join(lines)) if part.strip())
    checksum = hashlib.sha256("\n".join(statements).encode()).hexdigest()[:32]
    return Migration(int(name[1]), name[2], checksum, statements)


async def migrate(connection: Connection, migrations: Sequence[Migration]) -> list[int]:
    """Apply what is missing and return its versions; every statement may run again after an interruption."""
    missing = await _missing(connection, migrations)
    if missing:
        await _define(connection, RECORD_KEY)
    for migration in missing:
        await _apply(connection, migration)
    return [migration.version for migration in missing]


async def require_migrated(connection: Connection, migrations: Sequence[Migration]) -> None:
    """Raise StoreError unless the store has seen these migrations to their end, and no others."""
    missing = await _missing(connection, migrations)
    if missing:
        raise StoreError(
            ErrorCode.MIGRATION_PENDING,
            f"Migration {missing[0].version} ({missing[0].name}) has not been applied to its end.",
            hint="If no other process is at it, start `cmdb serve` anew: it migrates first.",
        )


async def _missing(connection: Connection, migrations: Sequence[Migration]) -> list[Migration]:
    seen = await connection.read(SEEN)
    newest = max((row["version"] for row in seen), default=0)
    if newest > len(migrations):
        raise StoreError(
            ErrorCode.STORE_TOO_NEW,
            f"The store is at schema version {newest}, this program knows {len(migrations)}.",
            hint="Install the program version that migrated the store, or a later one.",
        )
    applied = {row["version"]: row["checksum"] for row in seen if row["state"] != STARTED}
    return [migration for migration in migrations if not _is_applied(migration, applied)]


async def schema_version(connection: Connection) -> int:
    """Return the newest migration that the store has seen."""
    return max((row["version"] for row in await connection.read(SEEN)), default=0)


async def reapply(connection: Connection, migrations: Sequence[Migration]) -> None:
    """Run these once more, for data that came from a store that had not seen them."""
    for migration in migrations:
        await _apply(connection, migration)


def _is_applied(migration: Migration, applied: dict[int, str]) -> bool:
    checksum = applied.get(migration.version)
    if checksum is not None and checksum != migration.checksum:
        raise StoreError(
            ErrorCode.MIGRATION_CHANGED,
            f"Migration {migration.version} ({migration.name}) differs from the one that the store has seen.",
            hint="Restore the released file and put the difference into a new migration.",
        )
    return checksum is not None


async def _apply(connection: Connection, migration: Migration) -> None:
    """Say first that it is begun: an older program must not take a half migrated store for its own."""
    await _record(connection, migration, STARTED)
    for number, statement in enumerate(migration.statements, start=1):
        try:
            await _define(connection, statement)
        except CmdbError:
            raise
        except Exception as error:
            raise StoreError(
                ErrorCode.MIGRATION_FAILED,
                f"Statement {number} of migration {migration.version} ({migration.name}) failed: {error}.",
                hint="Mend the cause and start again: what was done is kept and not done twice.",
            ) from error
    await _record(connection, migration, "applied")


async def _define(connection: Connection, statement: str) -> None:
    """Run a statement that may run again; schema locks of two processes can meet in a deadlock."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            await connection.define(statement)
        except StoreError as error:
            if error.code is not ErrorCode.STORE_CONFLICT or attempt == ATTEMPTS:
                raise
            await asyncio.sleep(random.uniform(0, 0.05 * attempt))  # noqa: S311 - spreads processes apart
        else:
            return


async def _record(connection: Connection, migration: Migration, state: str) -> None:
    row = {"version": migration.version, "name": migration.name, "checksum": migration.checksum}
    now = write_time(datetime.now(UTC))

    async def work(transaction: Transaction) -> None:
        await transaction.run(RECORD, **row, state=state, applied_at=now)

    await connection.write(work)
