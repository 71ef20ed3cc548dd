"""Another graph is read row by row as plain JSON values, on both engines, and only read."""

import asyncio
import json
from pathlib import Path

import pytest

from cmdb.errors import ErrorCode, InvalidInput, StoreError
from cmdb.ingest.loaders import Asked, Loaders
from cmdb.ingest.records import encode
from cmdb.metamodel import read_metamodel
from cmdb.ports.bolt_source import Access
from cmdb.resources import folder
from cmdb.store.bolt_source import BoltRows
from cmdb.store.connection import StoreAddress, open_connection
from tests.conftest import wipe

DECLARED = """\
title: T
format: ndjson
coverage: partial
scope: All.
fetch: Name the graph.
statements:
  hosts: {cypher: "MATCH (h:Host) RETURN h.name AS name, h AS host ORDER BY name"}
"""
PROGRAM = 'item("server"; "host:\\(.row.name)"; .row.name; {os: .row.host.properties.os})'

# What the other graph holds.
FILL = (
    "UNWIND ['b', 'a'] AS name "
    "CREATE (:Host {name: name, os: 'x', seen: datetime('2026-01-02T03:04:05Z'), tags: ['t']})"
)


@pytest.fixture
async def graph(store_address: StoreAddress) -> StoreAddress:
    await wipe(store_address)
    async with open_connection(store_address) as connection:
        await connection.define(FILL)
    return store_address


def access(graph: StoreAddress) -> Access:
    return Access(graph.password, graph.user)


async def rows(graph: StoreAddress, statement: str) -> list[dict[str, object]]:
    found = BoltRows().rows(address(graph), access(graph), statement)
    return await asyncio.to_thread(lambda: [dict(row) for row in found])


def address(graph: StoreAddress) -> str:
    return f"{graph.uri}/{graph.database}"


async def test_rows_are_plain_json(graph: StoreAddress) -> None:
    (row, _) = await rows(graph, "MATCH (h:Host) RETURN h, h.seen AS seen, h.tags AS tags ORDER BY h.name")
    node = row["h"]
    assert isinstance(node, dict)
    assert (node["labels"], node["properties"]["name"]) == (["Host"], "a")
    assert str(row["seen"]).startswith("2026-01-02T03:04:05")
    assert row["tags"] == ["t"]
    json.dumps(row)


async def test_a_loader_asks_its_statements(graph: StoreAddress, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "loader.yaml").write_text(DECLARED, encoding="utf-8")
    (tmp_path / "other" / "map.jq").write_text(PROGRAM, encoding="utf-8")
    loaders = Loaders(tmp_path, read_metamodel(folder("schema")))
    asked = Asked(access=access(graph), bolt=BoltRows())
    found = await asyncio.to_thread(lambda: list(loaders.records("other", [address(graph)], asked)))
    assert [encode(row.record)["key"] for row in found] == ["host:a", "host:b"]


async def test_a_wrong_password_is_told_apart(graph: StoreAddress) -> None:
    wrong = Access("not this one", graph.user)
    with pytest.raises(StoreError) as caught:
        await asyncio.to_thread(lambda: list(BoltRows().rows(address(graph), wrong, "RETURN 1 AS one")))
    assert caught.value.code is ErrorCode.STORE_CREDENTIALS


def test_a_graph_that_is_not_there_is_named() -> None:
    with pytest.raises(StoreError) as caught:
        list(BoltRows().rows("bolt://127.0.0.1:1", Access(), "RETURN 1 AS one"))
    assert caught.value.code is ErrorCode.SOURCE_UNREACHABLE


def test_a_loader_without_statements_reads_no_graph() -> None:
    loaders = Loaders(folder("loaders"), read_metamodel(folder("schema")))
    with pytest.raises(InvalidInput) as caught:
        list(loaders.records("records", ["bolt://127.0.0.1:1"], Asked(bolt=BoltRows())))
    assert caught.value.code is ErrorCode.BAD_ARGUMENT


async def test_cartography_is_asked_for_its_nodes_and_relationships(graph: StoreAddress) -> None:
    async with open_connection(graph) as connection:
        # One label a node, which either engine takes; cartography itself puts several.
        await connection.define(
            "CREATE (l:LoadBalancer {id: 'lb', name: 'front'})"
            "-[:EXPOSE]->(:ComputeInstance {id: 'i-7', _ont_name: 'till'}), "
            "(:AWSUser {id: 'kim'})<-[:RESOURCE]-(:Tenant {id: '7', name: 'shop'})-[:RESOURCE]->(l)"
        )
    loaders = Loaders(folder("loaders"), read_metamodel(folder("schema")))
    asked = Asked(access=access(graph), bolt=BoltRows())
    found = await asyncio.to_thread(lambda: list(loaders.records("cartography", [address(graph)], asked)))
    records = [encode(row.record) for row in found]
    described = [row["key"] for row in records if row["kind"] == "item" and "mention" not in row]
    assert sorted(map(str, described)) == ["cloud_account:7", "load_balancer:lb", "virtual_machine:i-7"]
    assert sorted(
        (row["consumer"], row["verb"], row["provider"]) for row in records if row["kind"] == "dependency"
    ) == [
        ("load_balancer:lb", "CONTAINED_IN", "cloud_account:7"),
        ("load_balancer:lb", "DEPENDS_ON", "virtual_machine:i-7"),
    ]
