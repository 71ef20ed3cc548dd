"""One driver, and the translation of everything it can raise into coded errors."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from neo4j import (
    READ_ACCESS,
    WRITE_ACCESS,
    AsyncDriver,
    AsyncGraphDatabase,
    AsyncManagedTransaction,
    AsyncResult,
    AsyncSession,
    NotificationMinimumSeverity,
    unit_of_work,
)
from neo4j.exceptions import (
    AuthError,
    ClientError,
    ConfigurationError,
    ConstraintError,
    DriverError,
    IncompleteCommit,
    Neo4jError,
    ServiceUnavailable,
    SessionExpired,
    TransientError,
)

from cmdb.errors import ErrorCode, Place, StoreError

Row = dict[str, Any]
T = TypeVar("T")
ATTEMPTS = 10
"""How often a write is tried whose commit was lost on the way, or that met another writer's new node at commit.

A repeat is told so: it must look first whether the lost commit took place.
"""

TRANSACTION_SECONDS = 15.0
"""How long Neo4j keeps a transaction whose process says nothing more, and with it the lock that every writer needs."""

_UNWRITABLE = (
    ".TransactionNotFound",
    ".TransactionCommitFailed",
    ".ForbiddenOnReadOnlyDatabase",
    ".WriteOnReadOnlyAccessDatabase",
)
"""Ends of codes: of a full disk at the embedded engine and at Neo4j, of a Neo4j gone read-only by it or set so."""

SCHEMES = ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc")

# Does the store answer?
PING = "RETURN 1 AS one"


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """Where a store answers over Bolt, and as whom."""

    uri: str
    user: str
    password: str = field(repr=False)
    database: str

    @property
    def is_routed(self) -> bool:
        """Whether the driver chooses among the members of a cluster."""
        return self.uri.startswith("neo4j")


async def _rows(result: AsyncResult) -> list[Row]:
    """Statements return plain values only, so the driver's own search for nodes in every value can be left out."""
    return [dict(record) async for record in result]


class Transaction:
    """One transaction: statements with parameters in, rows as dicts out.

    `repeated` says that an earlier attempt of the same work may have been committed: its answer was lost.
    """

    def __init__(self, transaction: AsyncManagedTransaction, *, repeated: bool = False) -> None:
        """Wrap the driver's managed transaction."""
        self._transaction = transaction
        self.repeated = repeated

    async def run(self, statement: str, /, **parameters: object) -> list[Row]:
        """Run one statement and fetch all of its rows."""
        return await _rows(await self._transaction.run(statement, parameters))


class Connection:
    """A pool of Bolt connections to one database.

    On an engine without locks `has_locks` is false: there nobody waits for a writer, one of two starts over.
    """

    has_locks = True

    def __init__(self, driver: AsyncDriver, address: StoreAddress) -> None:
        """Name the database always: it saves a round trip and never reads from another one."""
        self._driver = driver
        self._address = address
        # Where reads may go to another member of a cluster, each waits until that has all that this process has seen.
        self._bookmarks = driver.execute_query_bookmark_manager if address.is_routed else None

    async def read(self, statement: str, /, **parameters: object) -> list[Row]:
        """Run one statement that only reads; a second try outlives a pooled connection that a restart broke."""
        with _translated(self._address):
            try:
                return await self._read(statement, parameters)
            except (ServiceUnavailable, SessionExpired):
                return await self._read(statement, parameters)

    async def _read(self, statement: str, parameters: dict[str, object]) -> list[Row]:
        async with self._session(READ_ACCESS, 5000) as session:
            return await _rows(await session.run(statement, parameters))

    async def write(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run the work in one write transaction; it may run several times and is told what is unknown."""
        lost = False

        @unit_of_work(timeout=TRANSACTION_SECONDS)
        async def managed(transaction: AsyncManagedTransaction) -> T:
            return await work(Transaction(transaction, repeated=lost))

        with _translated(self._address):
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    async with self._session() as session:
                        return await session.execute_write(managed)
                except (IncompleteCommit, ConstraintError) as error:
                    lost = lost or isinstance(error, IncompleteCommit)
                    if attempt == ATTEMPTS:
                        raise
                    await asyncio.sleep(random.uniform(0, 0.05 * attempt))  # noqa: S311 - spreads writers apart
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def define(self, statement: str) -> None:
        """Run one schema statement in a transaction of its own."""
        with _translated(self._address):
            async with self._session() as session:
                await (await session.run(statement)).consume()

    def _session(self, access: str = WRITE_ACCESS, rows: int = 1000) -> AsyncSession:
        """Return a session that fetches so many rows at a time."""
        return self._driver.session(
            database=self._address.database,
            default_access_mode=access,
            fetch_size=rows,
            bookmark_manager=self._bookmarks,
        )


@asynccontextmanager
async def open_connection(address: StoreAddress) -> AsyncIterator[Connection]:
    """Connect and check that the store answers; raise StoreError with a code that says what is wrong."""
    with _translated(address, opening=True):
        if address.uri.partition("://")[0] not in SCHEMES:
            raise ValueError("its scheme is none of " + ", ".join(SCHEMES))
        driver = AsyncGraphDatabase.driver(
            address.uri,
            auth=(address.user, address.password),
            connection_timeout=5.0,
            connection_acquisition_timeout=15.0,
            max_transaction_retry_time=10.0,
            notifications_min_severity=NotificationMinimumSeverity.OFF,
        )
    try:
        with _translated(address, opening=True):
            async with driver.session(database=address.database) as session:
                answered = await (await session.run(PING)).consume()
        connection = Connection(driver, address)
        connection.has_locks = "ArcadeDB" not in answered.server.agent
        yield connection
    finally:
        await driver.close()


@contextmanager
def _translated(address: StoreAddress, *, opening: bool = False) -> Iterator[None]:
    try:
        yield
    except (DriverError, Neo4jError, ValueError, OSError) as error:
        raise _store_error(error, address, opening=opening) from error


def _store_error(error: Exception, address: StoreAddress, *, opening: bool) -> StoreError:
    place = Place(address.uri)
    match error:
        case AuthError():
            return StoreError(
                ErrorCode.STORE_CREDENTIALS,
                f"The store refused the user '{address.user}'.",
                hint="Check CMDB_STORE_USER and CMDB_STORE_PASSWORD.",
                place=place,
            )
        case ConfigurationError() | ValueError() if opening:
            return StoreError(
                ErrorCode.STORE_URI,
                f"The store address cannot be used: {error}.",
                hint="Write CMDB_STORE_URI as bolt://host:7687 or neo4j://host:7687.",
                place=place,
            )
        case Neo4jError() if _met_another_writer(error):
            return StoreError(
                ErrorCode.STORE_CONFLICT,
                f"The store could not settle the transaction: {_said(error)}.",
                hint="Send the request again.",
                place=place,
            )
        case ClientError() if (error.code or "").endswith(".AuthenticationRateLimit"):
            return StoreError(
                ErrorCode.STORE_CREDENTIALS,
                f"The store lets the user '{address.user}' wait after too many wrong passwords.",
                hint="Check CMDB_STORE_USER and CMDB_STORE_PASSWORD, and try again in some seconds.",
                place=place,
            )
        case ClientError() if (error.code or "").endswith(".DatabaseNotFound"):
            return StoreError(
                ErrorCode.STORE_UNREACHABLE,
                f"The store has no database '{address.database}'.",
                hint="Check CMDB_STORE_DATABASE.",
                place=place,
            )
        case Neo4jError() if (error.code or "").endswith(_UNWRITABLE):
            return StoreError(
                ErrorCode.STORE_UNWRITABLE,
                f"The store could not commit: {_said(error)}.",
                hint="Look after its disk and its log, then send the request again: writes may safely be repeated.",
                place=place,
            )
        case ServiceUnavailable() | SessionExpired() | DriverError() | OSError():
            return _unreachable(place, opening=opening)
    raise error


def _met_another_writer(error: Neo4jError) -> bool:
    """Neo4j refuses a second equal index that is being made at the same moment, IF NOT EXISTS or not.

    A transaction of ours that ran out of time waited for another one's lock.
    """
    return isinstance(error, TransientError) or (error.code or "").endswith(
        (".EquivalentSchemaRuleAlreadyExists", ".TransactionTimedOutClientConfiguration")
    )


def _said(error: Neo4jError) -> str:
    """Some of the store's sentences end with a full stop, others do not."""
    return str(error.message).rstrip(".")


def _unreachable(place: Place, *, opening: bool) -> StoreError:
    if opening:
        return StoreError(
            ErrorCode.STORE_UNREACHABLE,
            "Nothing answers there over Bolt.",
            hint="Start the store, or correct CMDB_STORE_URI.",
            place=place,
        )
    return StoreError(
        ErrorCode.STORE_GONE,
        "The connection to the store was lost.",
        hint="Bring the store back and send the request again: writes may safely be repeated.",
        place=place,
    )
