"""Searching and walking the graph."""

from cmdb.application.requests import (
    TopologyRequest,
)
from cmdb.desk.access import SYSTEM
from tests.support.small_estate import furnished


async def test_search_and_topology_walk() -> None:
    bench = await furnished()
    hits = await bench.application.search(SYSTEM, "edge router")
    assert {hit.item.key for hit in hits} == {"r1", "r2"}
    walk = await bench.application.topology(
        SYSTEM, TopologyRequest(item="vpn", direction="upstream", depth=2)
    )
    assert [node.key for node in walk.nodes] == ["vpn", "vpnc", "r1"]
    cut = await bench.application.topology(
        SYSTEM, TopologyRequest(item="vpn", direction="both", depth=5, limit=2)
    )
    assert cut.truncated
