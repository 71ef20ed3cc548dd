"""What NetBox says twice is redundancy: two power feeds of a device, several hosts of a cluster."""

import json
from pathlib import Path
from typing import Any

import pytest

from cmdb.application.requests import WhatIfRequest
from cmdb.application.runs import RunRequest
from cmdb.desk.access import SYSTEM
from cmdb.ingest.loaders import Asked
from cmdb.model.severity import Severity
from cmdb.resources import folder
from tests.contract.test_samples import SAMPLES
from tests.support.loader_answers import bundled_loaders
from tests.support.small_estate import Bench

HOST, MACHINE, FEED, PDU = (
    "dcim.device:10",
    "virtualization.virtualmachine:80",
    "dcim.powerfeed:62",
    "dcim.device:12",
)
TWINS = (110, 111)
DEMO = SAMPLES / "netbox" / "rest-4.2"

needs_demo = pytest.mark.skipif(
    not DEMO.is_dir(), reason=f"NOT CHECKED: the demo estate; there is no {DEMO}, set CMDB_SAMPLES_DIR"
)


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
    asked = WhatIfRequest(items=items, services_only=False, first=1000)
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


def listed(name: str) -> list[dict[str, Any]]:
    """Return the entries of a list of the demo."""
    rows: list[dict[str, Any]] = json.loads((DEMO / name).read_bytes())["results"]
    return rows


def demo_with(path: Path, name: str, rows: list[dict[str, Any]]) -> list[str]:
    """Return the files of the demo, one of them with other entries."""
    (path / name).write_text(
        json.dumps({"count": len(rows), "next": None, "previous": None, "results": rows}), encoding="utf-8"
    )
    return [str(path / name), *(str(file) for file in sorted(DEMO.iterdir()) if file.name != name)]


async def loaded(paths: list[str]) -> Bench:
    """Load lists of NetBox as a snapshot."""
    bench = Bench()
    located = list(bundled_loaders().records("netbox", paths))
    await bench.application.load_run(SYSTEM, RunRequest(source="netbox", located=located, complete=True))
    return bench


@needs_demo
async def test_the_demo_names_no_hosts_so_that_no_device_takes_a_machine_down(tmp_path: Path) -> None:
    devices = listed("dcim_devices.json")
    assert not any(row["cluster"] for row in devices), "or what follows must be asked of each host"
    bench = await loaded(demo_with(tmp_path, "dcim_devices.json", devices))
    for row in devices:
        gone = await down(bench, f"dcim.device:{row['id']}")
        assert f"dcim.device:{row['id']}" in gone
        assert not {key for key in gone if key.startswith("virtualization.virtualmachine:")}


@needs_demo
async def test_machines_of_the_demo_survive_a_host_as_soon_as_it_names_hosts(tmp_path: Path) -> None:
    devices = listed("dcim_devices.json")
    hosts = [row for row in devices if row["role"]["slug"] == "router"][:3]
    for row in hosts:
        row["cluster"] = {"id": 9, "name": "its cluster"}
    clusters = listed("virtualization_clusters.json")
    next(row for row in clusters if row["id"] == 9)["device_count"] = len(hosts)
    paths = demo_with(tmp_path, "dcim_devices.json", devices)
    paths = [*demo_with(tmp_path, "virtualization_clusters.json", clusters)[:1], *paths]
    bench = await loaded([path for path in paths if path != str(DEMO / "virtualization_clusters.json")])
    machines = {
        f"virtualization.virtualmachine:{row['id']}"
        for row in listed("virtualization_virtual-machines.json")
        if row["cluster"]["id"] == 9
    }
    assert len(machines) == 20
    keys = [f"dcim.device:{row['id']}" for row in hosts]
    for key in keys:
        assert not machines & await down(bench, key)
    assert machines <= await down(bench, *keys[:2])


@needs_demo
def test_the_demo_says_what_it_lacks_to_be_all_of_netbox(tmp_path: Path) -> None:
    asked = Asked()
    list(bundled_loaders().records("netbox", [str(DEMO)], asked))
    assert asked.completeness.sentence().endswith(": vrfs, 0 of 5")
    vrfs = {row["vrf"]["id"]: row["vrf"] for row in listed("ipam_ip-addresses.json") if row["vrf"]}
    rows = [{**row, "url": f"https://netbox.example.org/api/ipam/vrfs/{row['id']}/"} for row in vrfs.values()]
    whole = Asked()
    list(bundled_loaders().records("netbox", demo_with(tmp_path, "ipam_vrfs.json", rows), whole))
    assert whole.completeness.whole
    partial = Asked()
    few = listed("dcim_power-feeds.json")[:47]
    paths = [*demo_with(tmp_path, "dcim_power-feeds.json", few), str(tmp_path / "ipam_vrfs.json")]
    list(bundled_loaders().records("netbox", paths, partial))
    assert partial.completeness.sentence().endswith(": power-feeds, 47 of 48")
