"""One host as each tool writes it of itself, through the loaders and their runs: it is one CI."""

import json
import random
from pathlib import Path

import pytest

from cmdb.application.runs import RunRequest
from cmdb.desk.access import SYSTEM
from cmdb.model.records import Item
from tests.support.feeds import living
from tests.support.loader_answers import bundled_loaders
from tests.support.small_estate import Bench

NMAP = """<?xml version="1.0"?>
<nmaprun scanner="nmap" version="7.93"><host><status state="up"/><address addr="192.0.2.31" addrtype="ipv4"/>
<address addr="02:00:5E:00:53:31" addrtype="mac"/>
<hostnames><hostname name="Till-1.example.net." type="PTR"/></hostnames>
<ports><port protocol="tcp" portid="9100"><state state="open"/></port></ports></host>
<runstats><finished time="1" exit="success"/></runstats></nmaprun>"""

FACTS = {
    "ansible_facts": {
        "ansible_hostname": "till-1",
        "ansible_fqdn": "till-1.example.net",
        "ansible_distribution": "Debian",
        "ansible_distribution_version": "12.5",
        "ansible_system_vendor": "Fictional Machines",
        "ansible_product_serial": "FM-0007",
        "ansible_all_ipv4_addresses": ["192.0.2.31"],
    }
}

DEVICE = {
    "id": 12,
    "url": "https://netbox.example.org/api/dcim/devices/12/",
    "name": "Till-1.example.net",
    "serial": "FM-0007",
    "asset_tag": "A-7",
    "device_type": {
        "id": 1,
        "model": "FM 100",
        "slug": "fm-100",
        "manufacturer": {"id": 1, "name": "Fictional Machines", "slug": "fictional-machines"},
    },
    "role": {"id": 1, "name": "Server", "slug": "server"},
    "site": {"id": 1, "name": "Hall", "slug": "hall"},
    "primary_ip4": {"id": 5, "address": "192.0.2.31/24", "family": 4},
}

NODE = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "till-1"},
    "spec": {},
    "status": {
        "addresses": [
            {"type": "InternalIP", "address": "192.0.2.31"},
            {"type": "Hostname", "address": "till-1.example.net"},
        ],
        "nodeInfo": {"kubeletVersion": "v1.31.0"},
    },
}

NEIGHBOURS = {
    "hall-switch": {"get_lldp_neighbors": {"Gi1/0/7": [{"hostname": "till-1.example.net", "port": "eth0"}]}}
}

DOCUMENTS = {
    "nmap": ("scan.xml", NMAP),
    "ansible": ("till-1.json", json.dumps(FACTS)),
    "netbox": ("devices.json", json.dumps({"count": 1, "next": None, "results": [DEVICE]})),
    "kubernetes": ("nodes.json", json.dumps({"kind": "List", "items": [NODE]})),
    "lldp": ("neighbours.json", json.dumps(NEIGHBOURS)),
    "prometheus": ("targets.json", json.dumps([{"targets": ["till-1.example.net:9100"]}])),
}


async def load(bench: Bench, source: str, folder: Path) -> None:
    name, content = DOCUMENTS[source]
    (folder / name).write_text(content, encoding="utf-8")
    located = list(bundled_loaders().records(source, [str(folder / name)]))
    await bench.application.runs.load(SYSTEM, RunRequest(source=source, located=located, complete=False))


def hosts(bench: Bench) -> list[Item]:
    """Return the CIs that carry the address or the name of the host."""
    rows = (row.record for row in bench.graph.rows.values())
    items = [row for row in rows if isinstance(row, Item) and row.key in living(bench)]
    return [
        item
        for item in items
        if item.attributes.get("fqdn") == "till-1.example.net"
        or "192.0.2.31" in item.attributes.get("ip_addresses", ())  # type: ignore[operator] # a list by its class
        or item.attributes.get("serial_number") == "FM-0007"
    ]


@pytest.mark.parametrize("seed", range(8))
async def test_a_host_that_six_tools_see_is_one_ci_in_whatever_order_they_come(
    seed: int, tmp_path: Path
) -> None:
    bench = Bench()
    order = sorted(DOCUMENTS)
    random.Random(seed).shuffle(order)
    for source in order:
        await load(bench, source, tmp_path)
    (host,) = hosts(bench)
    described = {row.source for row in host.sightings if not row.mention}
    assert described == {"nmap", "ansible", "netbox", "kubernetes"}
    assert {row.source for row in host.sightings if row.mention} == {"lldp", "prometheus"}
    assert host.attributes["serial_number"] == "FM-0007"
    assert host.attributes["os"] == "Debian"
