"""Real scans of many nmap versions: each loads, or is refused for a named reason."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cmdb.errors import ErrorCode, InvalidInput
from cmdb.model.records import Dependency, EntryRecord, Item
from tests.support.loader_answers import bundled_loaders

SAMPLES = Path(os.environ.get("CMDB_SAMPLES_DIR", "../shared/samples")) / "nmap"
REFUSED = {"defused_et_included.xml": ErrorCode.SYNTAX}
UP = re.compile(r'<hosts up="(\d+)"')
OPEN = re.compile(r'<port [^>]*><state state="open"')
LOADERS = bundled_loaders()

pytestmark = pytest.mark.skipif(
    not SAMPLES.is_dir(),
    reason=f"NOT CHECKED: real nmap scans; there is no folder {SAMPLES}, set CMDB_SAMPLES_DIR",
)


def files() -> Iterator[Path]:
    yield from sorted(SAMPLES.glob("*.xml"))


def load(path: Path) -> list[EntryRecord]:
    return [located.record for located in LOADERS.load_file("nmap", str(path))]


@pytest.mark.parametrize("path", [path for path in files() if path.name not in REFUSED], ids=lambda p: p.name)
def test_a_real_scan_loads_its_hosts_and_open_ports(path: Path) -> None:
    records = load(path)
    items = [record for record in records if isinstance(record, Item)]
    ports = [item for item in items if item.ci_class == "network_service"]
    hosts = [item for item in items if item not in ports]
    assert len({item.key for item in items}) == len(items)
    assert all("ip_addresses" in host.attributes or "mac_addresses" in host.attributes for host in hosts)
    assert {d.consumer for d in records if isinstance(d, Dependency)} == {port.key for port in ports}
    assert {d.provider for d in records if isinstance(d, Dependency)} <= {host.key for host in hosts}
    text = path.read_text(encoding="utf-8")
    assert [str(len(hosts))] == UP.findall(text)
    assert len(ports) == len(OPEN.findall(text))


@pytest.mark.parametrize("path", [path for path in files() if path.name in REFUSED], ids=lambda p: p.name)
def test_a_hostile_or_foreign_file_is_refused_for_a_named_reason(path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        load(path)
    assert caught.value.code is REFUSED[path.name]
    assert caught.value.hint


def test_a_host_keeps_its_keys_between_scans_of_different_kind() -> None:
    scans = [SAMPLES / name for name in ("2_hosts.xml", "2_hosts_version.xml", "2_tcp_hosts.xml")]
    if not all(path.is_file() for path in scans):
        pytest.skip("NOT CHECKED: keys between scans; the three scans of the same two hosts are missing")
    first, *others = [{r.key for r in load(path) if isinstance(r, Item)} for path in scans]
    assert others == [first, first]
