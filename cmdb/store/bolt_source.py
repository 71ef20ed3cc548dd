"""Reads another graph over Bolt, row by row; nodes and relationships become their properties."""

from collections.abc import Iterator, Mapping

from neo4j import READ_ACCESS, GraphDatabase, Query
from neo4j.exceptions import AuthError, DriverError, Neo4jError
from neo4j.graph import Node, Path, Relationship
from neo4j.time import Date, DateTime, Duration, Time

from cmdb.errors import ErrorCode, Place, StoreError
from cmdb.ports.bolt_source import Access

CONNECT_SECONDS = 10.0
QUERY_SECONDS = 600.0
_TIMES = (DateTime, Date, Time, Duration)
_FETCHED = 1000
"""Rows that are on the way at a time: what is held does not grow with the answer."""


class BoltRows:
    """Implements `cmdb.ports.bolt_source.BoltSource`; every session only reads."""

    def rows(self, address: str, access: Access, statement: str) -> Iterator[Mapping[str, object]]:
        """Yield each row as plain JSON values, one at a time; StoreError if it cannot be reached or read.

        The address is `bolt://host:port/database`; without a database it is the user's own.
        """
        place = Place(address)
        server, _, database = address.removesuffix("/").partition("//")[2].partition("/")
        uri = f"{address.partition('//')[0]}//{server}"
        auth = (access.user or "neo4j", access.token) if access.token else None
        try:
            with (
                GraphDatabase.driver(uri, auth=auth, connection_timeout=CONNECT_SECONDS) as driver,
                driver.session(
                    database=database or None, default_access_mode=READ_ACCESS, fetch_size=_FETCHED
                ) as session,
            ):
                # The statement stands in a loader's folder, not in what anybody sends.
                for record in session.run(Query(statement, timeout=QUERY_SECONDS)):
                    yield {key: plain(record[key]) for key in record.keys()}  # noqa: SIM118 - a record iterates its values
        except AuthError as error:
            raise StoreError(
                ErrorCode.STORE_CREDENTIALS,
                "The source refused the user name or password.",
                hint="Set CMDB_SOURCE_USER and CMDB_SOURCE_TOKEN or CMDB_SOURCE_TOKEN_FILE.",
                place=place,
            ) from error
        except (Neo4jError, DriverError, ValueError) as error:
            raise StoreError(
                ErrorCode.SOURCE_UNREACHABLE,
                f"The source did not answer: {type(error).__name__}.",
                hint="Check the address, and that the database is up.",
                place=place,
            ) from error


def plain(value: object) -> object:
    """Return a value as JSON knows it: times as ISO 8601, nodes and relationships as their properties with a type."""
    if value is None or isinstance(value, str | int | float):
        return value
    # A duration is a tuple to Python.
    if isinstance(value, _TIMES):
        return value.iso_format()
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    return _plain_of_graph(value)


def _plain_of_graph(value: object) -> object:
    match value:
        case Node():
            return {"labels": sorted(value.labels), "id": value.element_id, "properties": plain(dict(value))}
        case Relationship():
            return {"type": value.type, "id": value.element_id, "properties": plain(dict(value))}
        case Path():
            return [plain(node) for node in value.nodes]
        case bytes() | bytearray():
            return value.hex()
        case _:
            return str(value)
