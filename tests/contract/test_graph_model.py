"""The statements of docs/graph-model.md are understood by both engines, find something, and only read."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from cmdb.application.application import Application
from cmdb.application.requests import RecordBatch
from cmdb.desk.access import SYSTEM
from cmdb.metamodel import read_metamodel
from cmdb.model.records import Dependency, EntryRecord
from cmdb.resources import folder
from cmdb.store.connection import Connection, StoreAddress, open_connection
from cmdb.store.shape import LABELS, LINKS, ROLE_TYPES
from cmdb.store.store import open_store
from tests.conftest import MIGRATIONS, VERBS, wipe
from tests.support.graph_records import incident
from tests.support.moments import NOON, StandingClock
from tests.support.small_estate import ESTATE, item, raised

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "graph-model.md").read_text(encoding="utf-8")
STATEMENTS = re.findall(r"(?m)^(.+\?)[^\n]*(?:\n.+)*\n\n```cypher\n((?:.+\n)+)```", DOCUMENT)
PARAMETERS = {
    "key": "r1",
    "service": "finance",
    "consumer": "mail",
    "since": (NOON - timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
}
WRITES = re.compile(r"\b(CREATE|MERGE|SET|DELETE|REMOVE|DROP|LOAD|CALL)\b")


def batches() -> list[tuple[EntryRecord, ...]]:
    """The estate, then what gives it a past, an event, a ticket and something retired."""
    ended = Dependency(consumer="mail", verb="DEPENDS_ON", provider="r2", group="wan", ended=True)
    return [
        ESTATE,
        (item("r1", "router", "edge router one"), ended, raised("r1")),
        (item("printsrv", "server", retired=True), incident("INC1", items=("finance",))),
    ]


@pytest.fixture(scope="module", params=("embedded", "neo4j"))
def engine_address(request: pytest.FixtureRequest) -> StoreAddress:
    address = request.getfixturevalue(f"{request.param}_address")
    assert isinstance(address, StoreAddress)
    return address


@pytest.fixture(scope="module")
async def estate(engine_address: StoreAddress) -> AsyncIterator[Connection]:
    """The estate in each engine's store."""
    async with (
        open_store(engine_address, VERBS, MIGRATIONS) as store,
        open_connection(engine_address) as connection,
    ):
        await wipe(engine_address)
        application = Application(
            store, store, read_metamodel(folder("schema")), StandingClock(), store.run_log
        )
        for records in batches():
            outcome = await application.record(SYSTEM, RecordBatch(source="test", records=records))
            assert not outcome.refused
        yield connection


def test_every_statement_is_found() -> None:
    assert len(STATEMENTS) == DOCUMENT.count("```cypher") >= 7


@pytest.mark.parametrize("statement", [pytest.param(text, id=question) for question, text in STATEMENTS])
async def test_it_finds_something_and_only_reads(estate: Connection, statement: str) -> None:
    assert not WRITES.search(statement)
    used = set(re.findall(r"\$(\w+)", statement))
    rows = await estate.read(statement, **{name: PARAMETERS[name] for name in used})
    assert rows
    assert all(any(value is not None for value in row.values()) for row in rows)


async def test_reach_and_closed_dependencies_are_right(estate: Connection) -> None:
    """`r1` carries vpnc, vpn and finance, and mail through the one group member that is left."""
    reach = next(text for question, text in STATEMENTS if "reach" in question)
    rows = await estate.read(reach, key="r1")
    assert [(row["key"], row["steps"]) for row in rows] == [
        ("mail", 1),
        ("vpnc", 1),
        ("vpn", 2),
        ("finance", 3),
    ]
    assert [row["key"] for row in await estate.read(reach, key="r2")] == []


def test_the_document_names_every_label_relationship_and_verb() -> None:
    links = {link.type for of_kind in LINKS.values() for link in of_kind}
    for name in (*LABELS.values(), "Version", "Counter", "Lease", "Migration", *links, *ROLE_TYPES.values()):
        assert f"`{name}`" in DOCUMENT
    named = {
        verb
        for _, text in STATEMENTS
        for pattern in re.findall(r"\[:([A-Z_|]+)\*", text)
        for verb in pattern.split("|")
    }
    assert named == set(VERBS) - {"MONITORED_BY"}, "what monitors a CI takes no part in impact"
