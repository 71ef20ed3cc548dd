"""What the driver raises becomes a coded error, and what may be tried again is tried again."""

from dataclasses import replace
from typing import cast

import pytest
from neo4j import AsyncDriver
from neo4j.exceptions import (
    AuthError,
    ClientError,
    ConfigurationError,
    ConstraintError,
    IncompleteCommit,
    Neo4jError,
    ServiceUnavailable,
    SessionExpired,
    TransientError,
)

from cmdb.errors import ErrorCode, StoreError
from cmdb.store.connection import ATTEMPTS, Connection, StoreAddress, Transaction, open_connection
from tests.fakes.bolt import FakeDriver, Outcome

ADDRESS = StoreAddress("bolt://graph.example:7687", "reader", "hush", "cmdb")
ONE: Outcome = [{"one": 1}]


def connected(*script: Outcome) -> tuple[FakeDriver, Connection]:
    driver = FakeDriver(list(script))
    return driver, Connection(cast(AsyncDriver, driver), ADDRESS)


def from_server(code: str, message: str) -> Neo4jError:
    """Make an error as the driver makes it from what the server sends."""
    return Neo4jError._hydrate_neo4j(code=code, message=message)  # noqa: SLF001 - there is no public way


NO_DATABASE = from_server("Neo.ClientError.Database.DatabaseNotFound", "no such database")
DISK_FULL = from_server("Neo.ClientError.Transaction.TransactionNotFound", "Transaction error on commit")
SET_READ_ONLY = from_server("Neo.ClientError.General.WriteOnReadOnlyAccessDatabase", "in read-only mode.")
BAD_STATEMENT = from_server("Neo.ClientError.Statement.SyntaxError", "bad statement")


async def ping(transaction: Transaction) -> object:
    return await transaction.run("RETURN 1 AS one")


def test_a_password_is_never_shown() -> None:
    assert "hush" not in repr(ADDRESS)


async def test_rows_come_as_dicts_and_the_database_is_named() -> None:
    driver, connection = connected(ONE)
    assert await connection.read("RETURN $x AS one", x=1) == [{"one": 1}]
    assert driver.asked == [("RETURN $x AS one", {"x": 1})]
    assert driver.sessions[0]["database"] == "cmdb"


@pytest.mark.parametrize(("uri", "bookmarks"), [("neo4j+s://graph.example", "bookmarks"), ("bolt://x", None)])
async def test_members_of_a_cluster_are_asked_for_what_was_seen_already(
    uri: str, bookmarks: str | None
) -> None:
    driver = FakeDriver([ONE, ONE, ONE])
    connection = Connection(cast(AsyncDriver, driver), replace(ADDRESS, uri=uri))
    await connection.read("RETURN 1 AS one")
    await connection.write(ping)
    await connection.define("RETURN 1 AS one")
    assert [session["bookmark_manager"] for session in driver.sessions] == [bookmarks] * 3


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (AuthError("no"), ErrorCode.STORE_CREDENTIALS),
        (TransientError("deadlock"), ErrorCode.STORE_CONFLICT),
        (NO_DATABASE, ErrorCode.STORE_UNREACHABLE),
        (OSError("reset"), ErrorCode.STORE_GONE),
        (DISK_FULL, ErrorCode.STORE_UNWRITABLE),
        (SET_READ_ONLY, ErrorCode.STORE_UNWRITABLE),
    ],
)
async def test_what_the_driver_raises_has_a_code(raised: Exception, code: ErrorCode) -> None:
    for attempt in ("read", "write", "define"):
        _, connection = connected(raised)
        with pytest.raises(StoreError) as caught:
            await {
                "read": lambda c=connection: c.read("RETURN 1"),
                "write": lambda c=connection: c.write(ping),
                "define": lambda c=connection: c.define("RETURN 1"),
            }[attempt]()
        assert caught.value.code is code
        assert caught.value.hint
        assert str(caught.value.place) == ADDRESS.uri
        assert caught.value.__cause__ is raised
        assert "hush" not in str(caught.value)
        assert ".." not in caught.value.message


async def test_an_error_of_ours_is_not_dressed_up_as_one_of_the_store() -> None:
    _, connection = connected(BAD_STATEMENT)
    with pytest.raises(ClientError, match="bad statement"):
        await connection.read("RETRUN 1")
    _, connection = connected(ValueError("a value that Bolt cannot carry"))
    with pytest.raises(ValueError, match="cannot carry"):
        await connection.read("RETURN 1")


@pytest.mark.parametrize("broken", [ServiceUnavailable("gone"), SessionExpired("old")])
async def test_a_read_outlives_one_broken_connection_and_not_two(broken: Exception) -> None:
    _, connection = connected(broken, ONE)
    assert await connection.read("RETURN 1 AS one") == [{"one": 1}]
    driver, connection = connected(broken, broken, ONE)
    with pytest.raises(StoreError) as caught:
        await connection.read("RETURN 1 AS one")
    assert caught.value.code is ErrorCode.STORE_GONE
    assert len(driver.asked) == 2


@pytest.mark.parametrize("met", [IncompleteCommit("lost"), ConstraintError("another writer's node")])
async def test_a_write_whose_end_is_unknown_is_repeated(met: Exception) -> None:
    driver, connection = connected(met, met, ONE)
    assert await connection.write(ping) == [{"one": 1}]
    assert len(driver.sessions) == 3


async def test_a_write_is_told_that_an_earlier_attempt_may_have_been_committed() -> None:
    told: list[bool] = []

    async def work(transaction: Transaction) -> None:
        told.append(transaction.repeated)
        await transaction.run("RETURN 1")

    _, connection = connected(
        ConstraintError("another's"), IncompleteCommit("lost"), ConstraintError("x"), ONE
    )
    await connection.write(work)
    assert told == [False, False, True, True]


async def test_a_write_is_not_repeated_for_ever() -> None:
    driver, connection = connected(*[IncompleteCommit("lost")] * (ATTEMPTS + 1))
    with pytest.raises(StoreError) as caught:
        await connection.write(ping)
    assert (caught.value.code, len(driver.sessions)) == (ErrorCode.STORE_GONE, ATTEMPTS)


async def test_other_errors_of_the_work_pass_through() -> None:
    async def refuse(_: Transaction) -> None:
        raise KeyError("mine")

    _, connection = connected()
    with pytest.raises(KeyError, match="mine"):
        await connection.write(refuse)


@pytest.mark.parametrize("uri", ["http://host:7687", "", "bolt:host", "bolt://host:port"])
async def test_an_address_that_is_no_bolt_address_is_told_as_such(uri: str) -> None:
    with pytest.raises(StoreError) as caught:
        async with open_connection(StoreAddress(uri, "u", "hush", "d")):
            pass
    assert caught.value.code is ErrorCode.STORE_URI
    assert "CMDB_STORE_URI" in caught.value.hint


async def test_a_configuration_error_after_opening_means_that_the_store_is_gone() -> None:
    _, connection = connected(ConfigurationError("no routing"))
    with pytest.raises(StoreError) as caught:
        await connection.define("RETURN 1")
    assert caught.value.code is ErrorCode.STORE_GONE
