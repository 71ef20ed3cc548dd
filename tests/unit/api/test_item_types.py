"""Items through GraphQL: every field, groups, parties, sightings and whose value counts."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from cmdb.api.global_ids import NodeKind, encode_id
from cmdb.model.severity import Severity
from tests.support.api_client import ApiClient
from tests.support.feeds import run, seen
from tests.support.moments import NOON, minutes
from tests.support.small_estate import furnished, raised

PROOF = """query($item: String!, $best: Int) { impact(origin: {item: $item}) { rows { item { key } proof {
  path { consumer { key } provider { key } } exact
  causes { item { key } severity events { key } } repairs { key }
  groups { group tripped }
  paths(best: $best) { severity steps { step { consumer { key } provider { key } } verdict { group } } }
} } } }"""


@pytest_asyncio.fixture
async def client() -> AsyncIterator[ApiClient]:
    """Serve the estate with both routers down and a server that two sources see."""
    bench = await furnished(raised("r1"), raised("r2", Severity.MAJOR, NOON + minutes(1)))
    await run(bench, "netbox", seen("a", fqdn="a.example.com", role="web", serial_number="S1"))
    await run(bench, "ansible", seen("host-a", fqdn="a.example.com", os="Debian", role="db"))
    async with ApiClient(bench.application) as opened:
        yield opened


async def item(client: ApiClient, ref: str, fields: str, **headers: str) -> Any:
    asked = f"query($ref: String!) {{ item(ref: $ref) {{ {fields} }} }}"
    return (await client.ask(asked, {"ref": ref}, **headers))["item"]


async def test_an_item_is_told_with_all_that_was_recorded(client: ApiClient) -> None:
    told = await item(
        client,
        "finance",
        "id key name class description retired attributes { name value } stale source recordedAt revision",
    )
    assert (told["id"], told["key"]) == (encode_id(NodeKind.ITEM, "finance"), "finance")
    assert (told["name"], told["class"], told["retired"]) == ("Finance", "business_service", False)
    values = {row["name"]: row["value"] for row in told["attributes"]}
    assert values == {"criticality": "critical", "aliases": ["ledger"]}
    assert (told["source"], told["recordedAt"], told["revision"]) == ("test", NOON.isoformat(), 1)
    assert (told["stale"], told["description"]) == (False, "")


async def test_groups_and_parties_are_told(client: ApiClient) -> None:
    told = await item(
        client, "mail", "groups { name needUp needPercent trip onTrip } parties { role party { key } }"
    )
    (group,) = told["groups"]
    assert (group["name"], group["needUp"], group["needPercent"], group["trip"]) == ("wan", 1, None, None)
    assert told["parties"] == [{"role": "SUBSCRIBES", "party": {"key": "ann"}}]


async def test_an_item_leads_back_to_itself_by_its_id(client: ApiClient) -> None:
    told = await client.ask(
        "query($id: ID!) { node(id: $id) { id ... on ConfigurationItem { key } } }",
        {"id": encode_id(NodeKind.ITEM, "r1")},
    )
    assert told["node"] == {"id": encode_id(NodeKind.ITEM, "r1"), "key": "r1"}


async def test_sightings_keep_each_sources_own_words(client: ApiClient) -> None:
    told = await client.run("why", ref="a")
    by_source = {row["source"]: row for row in told["sightings"]}
    assert (by_source["netbox"]["key"], by_source["ansible"]["key"]) == ("a", "host-a")
    said = {row["name"]: row["value"] for row in by_source["ansible"]["attributes"]}
    assert said == {"fqdn": "a.example.com", "os": "Debian", "role": "db"}
    assert by_source["ansible"]["rule"]
    assert told["stale"] is False


async def test_one_value_of_each_attribute_counts_and_is_the_one_shown(client: ApiClient) -> None:
    told = await item(client, "a", "attributes { name value } assertions { attribute value source key wins }")
    shown = {row["name"]: row["value"] for row in told["attributes"]}
    winners = {row["attribute"]: row["value"] for row in told["assertions"] if row["wins"]}
    assert winners == shown
    roles = [(row["value"], row["wins"]) for row in told["assertions"] if row["attribute"] == "role"]
    assert sorted(value for value, _ in roles) == ["db", "web"]
    assert [wins for _, wins in roles] == [True, False]


async def test_an_item_that_was_recorded_directly_has_no_sightings(client: ApiClient) -> None:
    told = await item(client, "r1", "sightings { source } assertions { attribute } stale")
    assert told == {"sightings": [], "assertions": [], "stale": False}


async def test_a_proof_names_causes_repairs_and_ranked_paths(client: ApiClient) -> None:
    answer = (await client.ask(PROOF, {"item": "r1", "best": 2}))["impact"]
    rows = {row["item"]["key"]: row["proof"] for row in answer["rows"]}
    proof = rows["finance"]
    chain = [("finance", "vpn"), ("vpn", "vpnc"), ("vpnc", "r1")]
    assert [(step["consumer"]["key"], step["provider"]["key"]) for step in proof["path"]] == chain
    assert [(row["item"]["key"], row["severity"]) for row in proof["causes"]] == [("r1", "CRITICAL")]
    assert [event["key"] for event in proof["causes"][0]["events"]] == ["test:r1:down"]
    assert [[ref["key"] for ref in repair] for repair in proof["repairs"]] == [["r1"]]
    (ranked,) = proof["paths"]
    steps = [(row["step"]["consumer"]["key"], row["step"]["provider"]["key"]) for row in ranked["steps"]]
    assert (steps, proof["exact"]) == (chain, True)
    assert [(row["group"], row["tripped"]) for row in rows["mail"]["groups"]] == [("wan", True)]


@pytest.mark.parametrize("best", [0, -1, 1000])
async def test_a_senseless_number_of_paths_is_refused(client: ApiClient, best: int) -> None:
    assert "BAD_ARGUMENT" in await client.codes(PROOF, {"item": "r1", "best": best})


async def test_a_subscriber_sees_only_what_he_may(client: ApiClient) -> None:
    assert (await item(client, "vpn", "key", Cmdb_Act_As="subscriber:ann"))["key"] == "vpn"
    asked = '{ item(ref: "r1") { key } }'
    assert await client.codes(asked, Cmdb_Act_As="subscriber:ann") == ["NOT_FOUND"]
