from typing import Any

import pytest

from tests.support.api_client import ApiClient


async def test_search_ranks_items_by_words(client: ApiClient) -> None:
    report = await client.run("search", words="VPN", first=1)
    assert report["words"] == "VPN"
    assert [hit["item"]["key"] for hit in report["hits"]] == ["vpn"]


@pytest.mark.parametrize(
    ("direction", "found"),
    [
        ("UPSTREAM", {"vpn", "vpnc", "r1"}),
        ("DOWNSTREAM", {"vpn", "finance"}),
        ("BOTH", {"vpn", "vpnc", "r1", "finance"}),
    ],
)
async def test_a_walk_goes_the_way_it_is_told(client: ApiClient, direction: str, found: Any) -> None:
    report = await client.run("topology", item="vpn", direction=direction)
    assert {node["key"] for node in report["nodes"]} == found
    assert not report["truncated"]


async def test_a_walk_says_when_its_limit_cut_it(client: ApiClient) -> None:
    report = await client.run("topology", item="vpn", limit=2)
    assert (len(report["nodes"]), report["truncated"]) == (2, True)


async def test_a_subscriber_sees_why_and_what_still_holds(client: ApiClient) -> None:
    services = (await client.run("my_services", party="ann"))["services"]
    shown = {row["item"]["key"]: (row["health"]["effective"], row["margin"]["survives"]) for row in services}
    assert shown == {"vpn": ("CRITICAL", None), "mail": ("OK", 0)}
    assert all(row["summary"] for row in services)


async def test_the_head_of_the_store_and_of_answers_agree_after_a_write(client: ApiClient) -> None:
    before = await client.run("head")
    row = {"key": "sw1", "class": "switch", "name": "Switch 1"}
    await client.run("record_items", input={"source": "test", "rows": [row]})
    after = await client.run("head")
    assert after == {"revision": before["revision"] + 1, "answered": before["revision"] + 1}
