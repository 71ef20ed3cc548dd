"""What NetBox says twice is redundancy: two power feeds of a device, several hosts of a cluster."""

import json
from pathlib import Path
from typing import Any

from cmdb.application.requests import WhatIfRequest
from cmdb.application.runs import RunRequest
from cmdb.desk.access import SYSTEM
from cmdb.model.severity import Severity
from cmdb.resources import folder
from tests.support.loader_answers import bundled_loaders
from tests.support.small_estate import Bench

HOST, MACHINE, FEED, PDU = (
    "dcim.device:10",
    "virtualization.virtualmachine:80",
    "dcim.powerfeed:62",
    "dcim.device:12",
)
TWINS = (110, 111)


async def estate(path: Path) -> Bench:
    """Load the loader's own sample with two more hosts in its cluster."""
    pages: list[dict[str, Any]] = json.loads(
        (folder("loaders") / "netbox" / "samples" / "estate.json").read_bytes()
    )
    for page in pages:
        for row in list(page["results"]):
            if row.get("name") == "host-a" and "device_type" in row:
                page["results"] += [
                    {
                        **row,
                        "id": twin,
                        "name": f"host-{twin}",
                        "serial": f"S{twin}",
                        "asset_tag": None,
                        "primary_ip4": None,
                    }
                    for twin in TWINS
                ]
            if "device_count" in row and row["id"] == 8:
                row["device_count"] = 1 + len(TWINS)
    path.write_text(json.dumps(pages), encoding="utf-8")
    bench = Bench()
    located = list(bundled_loaders().records("netbox", [str(path)]))
    await bench.application.load_run(SYSTEM, RunRequest(source="netbox", located=located, complete=True))
    return bench


async def down(bench: Bench, *items: str) -> set[str]:
    """Return what would be critical if these failed."""
    asked = WhatIfRequest(items=items, services_only=False, first=100)
    answer = await bench.application.what_if(SYSTEM, asked)
    return {row.item.key for row in answer.rows if row.after is Severity.CRITICAL}


async def test_a_device_on_two_feeds_falls_with_both(tmp_path: Path) -> None:
    bench = await estate(tmp_path / "estate.json")
    assert HOST not in await down(bench, FEED)
    assert HOST not in await down(bench, PDU)
    assert HOST in await down(bench, FEED, PDU)


async def test_a_cluster_bears_the_loss_of_one_host(tmp_path: Path) -> None:
    bench = await estate(tmp_path / "estate.json")
    hosts = [HOST, *(f"dcim.device:{twin}" for twin in TWINS)]
    for host in hosts:
        assert MACHINE not in await down(bench, host)
    assert MACHINE in await down(bench, *hosts[:2])
