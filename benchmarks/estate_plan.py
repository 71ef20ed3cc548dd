"""What an estate is made of: kinds of CIs with how many a building block holds, and what stands in for what."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from cmdb.model.redundancy import RedundancyGroup

Numbers = NDArray[np.int64]


class Kind(IntEnum):
    """The kinds of CIs, in the order of their numbers."""

    SITE = 0
    CORE = 1
    CIRCUIT = 2
    DISTRIBUTION = 3
    ARRAY = 4
    RACK = 5
    SWITCH = 6
    PDU = 7
    HOST = 8
    CLUSTER = 9
    NETWORK = 10
    MACHINE = 11
    VOLUME = 12
    DATABASE = 13
    CONTAINER = 14
    PROCESS = 15
    BALANCER = 16
    APPLICATION = 17
    TECHNICAL = 18
    SERVICE = 19
    BUSINESS = 20
    DNS = 21
    DIRECTORY = 22
    SAN = 23
    BUS = 24
    MONITORING = 25
    ORPHAN = 26


def _one_of(*names: str) -> tuple[RedundancyGroup, ...]:
    return tuple(RedundancyGroup(name=name, need_up=1) for name in names)


@dataclass(frozen=True, slots=True)
class Shape:
    """How CIs of one kind look; `extra` is the one property of their class beside the common nine."""

    ci_class: str
    word: str
    groups: tuple[RedundancyGroup, ...] = ()
    extra: tuple[str, str | int] | None = None


_HALF = (RedundancyGroup(name="replicas", need_percent=50),)
_HOSTS_UP = (RedundancyGroup(name="members", need_up=7),)

SHAPES: dict[Kind, Shape] = {
    Kind.SITE: Shape("data_centre", "site", extra=("time_zone", "UTC")),
    Kind.CORE: Shape("router", "core", _one_of("circuits"), ("role", "core")),
    Kind.CIRCUIT: Shape("wan_circuit", "circuit", extra=("carrier", "Example Carrier")),
    Kind.DISTRIBUTION: Shape("router", "distribution", _one_of("cores"), ("role", "distribution")),
    Kind.ARRAY: Shape("storage_array", "array", _one_of("uplinks"), ("vendor", "Example Storage")),
    Kind.RACK: Shape("rack", "rack", extra=("height_units", 42)),
    Kind.SWITCH: Shape("switch", "switch", _one_of("uplinks"), ("role", "access")),
    Kind.PDU: Shape("pdu", "pdu", extra=("vendor", "Example Power")),
    Kind.HOST: Shape("hypervisor", "host", _one_of("network", "power"), ("hypervisor_type", "KVM")),
    Kind.CLUSTER: Shape("cluster", "cluster", _HOSTS_UP, ("cluster_type", "KVM")),
    Kind.NETWORK: Shape("virtual_network", "network", _one_of("gateways")),
    Kind.MACHINE: Shape("virtual_machine", "machine", _one_of("gateways"), ("os", "Debian GNU/Linux")),
    Kind.VOLUME: Shape("volume", "volume", _one_of("paths"), ("capacity_gb", 512)),
    Kind.DATABASE: Shape("database_instance", "database", _one_of("paths"), ("version", "17.2")),
    Kind.CONTAINER: Shape("container", "container", _one_of("databases"), ("image", "example/app:1.4")),
    Kind.PROCESS: Shape("application_component", "process", _one_of("databases"), ("version", "1.4")),
    Kind.BALANCER: Shape("load_balancer", "balancer", _HALF, ("scheme", "internal")),
    Kind.APPLICATION: Shape("application", "application", _HALF, ("version", "1.4")),
    Kind.TECHNICAL: Shape("technical_service", "technical", extra=("criticality", "medium")),
    Kind.SERVICE: Shape("application_service", "service", extra=("criticality", "high")),
    Kind.BUSINESS: Shape("business_service", "business", extra=("criticality", "critical")),
    Kind.DNS: Shape("dns_server", "dns", _one_of("hosts"), ("version", "9.20")),
    Kind.DIRECTORY: Shape("directory_server", "directory", _one_of("hosts"), ("version", "2.6")),
    Kind.SAN: Shape("storage_array", "san", _one_of("hosts"), ("vendor", "Example Storage")),
    Kind.BUS: Shape("message_broker", "bus", _one_of("hosts"), ("version", "3.13")),
    Kind.MONITORING: Shape("monitoring_system", "monitoring", extra=("version", "3.2")),
    Kind.ORPHAN: Shape("workstation", "workstation", extra=("vendor", "Example Desk")),
}

BLOCK = {
    Kind.HOST: 8,
    Kind.CLUSTER: 1,
    Kind.NETWORK: 1,
    Kind.MACHINE: 24,
    Kind.VOLUME: 8,
    Kind.DATABASE: 4,
    Kind.CONTAINER: 32,
    Kind.PROCESS: 8,
    Kind.BALANCER: 10,
    Kind.APPLICATION: 10,
    Kind.TECHNICAL: 5,
    Kind.SERVICE: 3,
    Kind.BUSINESS: 2,
}
"""What one host cluster carries; two such blocks share a rack."""

PER_RACK = {Kind.RACK: 1, Kind.SWITCH: 2, Kind.PDU: 2}
PER_POD = {Kind.DISTRIBUTION: 2, Kind.ARRAY: 2}
PER_SITE = {Kind.SITE: 1, Kind.CORE: 2, Kind.CIRCUIT: 4, Kind.MONITORING: 1}
SHARED = {Kind.DNS: 2, Kind.DIRECTORY: 2, Kind.SAN: 2, Kind.BUS: 2}
PODS = 2
"""Pairs of distribution routers a site."""

SITE_SIZE = 20_000


@dataclass(frozen=True, slots=True)
class Layout:
    """How many of each kind there are, and which range of CI numbers they take."""

    sites: int
    pods: int
    racks: int
    counts: dict[Kind, int]
    starts: dict[Kind, int]

    @property
    def blocks(self) -> int:
        return 2 * self.racks

    @property
    def size(self) -> int:
        return sum(self.counts.values())

    def all(self, kind: Kind) -> Numbers:
        """Return the CI numbers of a kind."""
        return np.arange(self.counts[kind], dtype=np.int64) + self.starts[kind]


def lay_out(size: int) -> Layout:
    """Divide `size` CIs: sites of about 20,000, at least four; what no rack can fill becomes orphans (1 %)."""
    sites = max(4, 2 * round(size / SITE_SIZE / 2))
    pods = PODS * sites
    fixed = sites * sum(PER_SITE.values()) + pods * sum(PER_POD.values()) + sum(SHARED.values())
    rack = sum(PER_RACK.values()) + 2 * sum(BLOCK.values())
    racks = (size * 99 // 100 - fixed) // rack
    if racks < pods:
        raise ValueError(f"{size} CIs do not fill {pods} pods with a rack each")
    counts = dict(SHARED)
    for share, number in ((PER_SITE, sites), (PER_POD, pods), (PER_RACK, racks), (BLOCK, 2 * racks)):
        counts |= {kind: each * number for kind, each in share.items()}
    counts[Kind.ORPHAN] = size - sum(counts.values())
    starts, before = {}, 0
    for kind in Kind:
        starts[kind] = before
        before += counts[kind]
    return Layout(sites, pods, racks, counts, starts)
