"""The real Ansible on this machine: what it gathers and lists becomes hosts with the right identity."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cmdb.model.records import EntryRecord, Item
from tests.support.loader_answers import bundled_loaders
from tests.support.tools import tool

INVENTORY = """\
[web]
web-[1:2].example.net
[shop:children]
web
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def run(name: str, home: Path, *options: str) -> str:
    program = tool(name, "what a real Ansible writes", "the Python package ansible-core")
    cache = {"ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(home / "cache")}
    own = {
        "HOME": str(home),
        "ANSIBLE_LOCAL_TEMP": str(home / "tmp"),
        "ANSIBLE_REMOTE_TEMP": str(home / "there"),
    }
    ran = subprocess.run(
        [program, *options],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=home,
        env=os.environ | own | cache | {"LC_ALL": "C.UTF-8"},
    )
    return ran.stdout


def load(path: Path) -> list[EntryRecord]:
    return [located.record for located in bundled_loaders().load_file("ansible", str(path))]


def test_real_facts_give_this_host_with_its_identity(home: Path, tmp_path: Path) -> None:
    where = ("this-host.example.net", "-i", "this-host.example.net,", "-c", "local")
    setup = ("-m", "setup", "-a", "gather_subset=network,hardware,virtual", "--tree", str(tmp_path / "facts"))
    run("ansible", home, *where, "-e", f"ansible_python_interpreter={sys.executable}", *setup)
    (host,) = [
        record for record in load(tmp_path / "facts") if isinstance(record, Item) and not record.mention
    ]
    assert host in load(home / "cache"), "the cache of facts says the same"
    assert host.key == "this-host.example.net"
    assert host.ci_class in {"server", "virtual_machine"}
    assert host.attributes["cpu_count"] == os.cpu_count()
    addresses = host.attributes["ip_addresses"]
    assert isinstance(addresses, tuple)
    assert not [address for address in addresses if address.startswith("127.")]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.settimeout(1)
        if asked.connect_ex(("192.0.2.1", 9)) == 0:
            assert asked.getsockname()[0] in addresses, "the address that this host sends from"


def test_a_real_listed_inventory_gives_the_same_hosts_as_its_file(home: Path, tmp_path: Path) -> None:
    written = tmp_path / "inventory.ini"
    written.write_text(INVENTORY, encoding="utf-8")
    listed = tmp_path / "inventory.json"
    listed.write_text(run("ansible-inventory", home, "-i", str(written), "--list"), encoding="utf-8")
    as_yaml = tmp_path / "inventory.yaml"
    as_yaml.write_text(
        run("ansible-inventory", home, "-i", str(written), "--list", "--yaml"), encoding="utf-8"
    )
    hosts = [record for record in load(written) if isinstance(record, Item)]
    assert [(host.key, host.attributes["tags"]) for host in hosts] == [
        (f"web-{number}.example.net", ("group=shop", "group=web")) for number in (1, 2)
    ]
    assert load(listed) == hosts
    assert load(as_yaml) == hosts
