"""Draws the dependencies of an estate: who needs whom, by number."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.estate_plan import BLOCK, PODS, SHARED, Kind, Layout, Numbers

SHARED_PERCENT = 3
MUTUAL_PER_MILLE = 5
_SHARED_VERBS = {
    Kind.DNS: "DEPENDS_ON",
    Kind.DIRECTORY: "AUTHENTICATES_WITH",
    Kind.SAN: "STORED_ON",
    Kind.BUS: "USES",
}
_SHARING = (Kind.MACHINE, Kind.CONTAINER, Kind.PROCESS, Kind.APPLICATION, Kind.DATABASE)


@dataclass(slots=True)
class Wiring:
    """Dependencies as arrays [E]: ends, and the numbers of verb and group among those seen so far."""

    consumers: list[Numbers] = field(default_factory=list)
    providers: list[Numbers] = field(default_factory=list)
    verbs: list[Numbers] = field(default_factory=list)
    groups: list[Numbers] = field(default_factory=list)
    verb_names: list[str] = field(default_factory=list)
    group_names: list[str | None] = field(default_factory=lambda: [None])

    def link(self, consumers: Numbers, verb: str, providers: Numbers, group: str | None = None) -> None:
        """Add one dependency per pair."""
        if verb not in self.verb_names:
            self.verb_names.append(verb)
        if group not in self.group_names:
            self.group_names.append(group)
        self.consumers.append(consumers)
        self.providers.append(providers)
        self.verbs.append(np.full(len(consumers), self.verb_names.index(verb)))
        self.groups.append(np.full(len(consumers), self.group_names.index(group)))

    def link_each(
        self, consumers: Numbers, verb: str, providers: Sequence[Numbers], group: str | None = None
    ) -> None:
        """Let each consumer need one provider out of every column."""
        for column in providers:
            self.link(consumers, verb, column, group)

    def __len__(self) -> int:
        return sum(map(len, self.consumers))


def wire(layout: Layout, draw: np.random.Generator) -> Wiring:
    """Draw all dependencies; the same generator state gives the same ones."""
    wiring = Wiring()
    _sites(wiring, layout)
    _racks(wiring, layout)
    _machines(wiring, layout, draw)
    _software(wiring, layout, draw)
    _applications(wiring, layout, draw)
    _services(wiring, layout, draw)
    _shared(wiring, layout, draw)
    _mutual(wiring, layout, draw)
    return wiring


def _columns(layout: Layout, kind: Kind, each: Numbers, width: int) -> list[Numbers]:
    """Return, for owners number `each`, the `width` CIs of a kind that belong to each, column by column."""
    return [layout.starts[kind] + each * width + column for column in range(width)]


def _sites(wiring: Wiring, layout: Layout) -> None:
    """Two regions, each a ring of sites over two circuits; a site's pods hang off both of its core routers."""
    sites = layout.sites
    each = np.arange(sites)
    cores = layout.all(Kind.CORE)
    wiring.link(cores, "CONTAINED_IN", layout.starts[Kind.SITE] + np.repeat(each, 2))
    region = sites // 2
    circuits = layout.all(Kind.CIRCUIT)
    home, line = np.divmod(np.arange(len(circuits)), 4)
    step = np.where(line < 2, 1, -1)
    far = home // region * region + (home % region + step) % region
    wiring.link(layout.starts[Kind.CORE] + home * 2 + line % 2, "CONNECTS_THROUGH", circuits, "circuits")
    wiring.link(circuits, "CONNECTS_THROUGH", layout.starts[Kind.CORE] + far * 2 + line % 2)
    pods = layout.all(Kind.DISTRIBUTION)
    near = np.arange(len(pods)) // 2 // PODS
    wiring.link_each(pods, "CONNECTS_THROUGH", _columns(layout, Kind.CORE, near, 2), "cores")
    arrays = layout.all(Kind.ARRAY)
    routers = _columns(layout, Kind.DISTRIBUTION, np.arange(len(arrays)) // 2, 2)
    wiring.link_each(arrays, "CONNECTS_THROUGH", routers, "uplinks")


def _racks(wiring: Wiring, layout: Layout) -> None:
    racks = layout.all(Kind.RACK)
    pod = _pod_of_rack(layout, np.arange(len(racks)))
    wiring.link(racks, "CONTAINED_IN", layout.starts[Kind.SITE] + pod // PODS)
    switches = layout.all(Kind.SWITCH)
    rack = np.arange(len(switches)) // 2
    wiring.link(switches, "CONTAINED_IN", racks[rack])
    routers = _columns(layout, Kind.DISTRIBUTION, pod[rack], 2)
    wiring.link_each(switches, "CONNECTS_THROUGH", routers, "uplinks")
    wiring.link(layout.all(Kind.PDU), "CONTAINED_IN", racks[rack])
    hosts = layout.all(Kind.HOST)
    rack = np.arange(len(hosts)) // (2 * BLOCK[Kind.HOST])
    wiring.link(hosts, "CONTAINED_IN", racks[rack])
    wiring.link_each(hosts, "CONNECTS_THROUGH", _columns(layout, Kind.SWITCH, rack, 2), "network")
    wiring.link_each(hosts, "POWERED_BY", _columns(layout, Kind.PDU, rack, 2), "power")
    _monitor(wiring, layout, hosts, pod[rack])


def _machines(wiring: Wiring, layout: Layout, draw: np.random.Generator) -> None:
    clusters = layout.all(Kind.CLUSTER)
    blocks = np.arange(layout.blocks)
    pod = _pod_of_rack(layout, blocks // 2)
    wiring.link_each(
        clusters, "COMPOSED_OF", _columns(layout, Kind.HOST, blocks, BLOCK[Kind.HOST]), "members"
    )
    routers = _columns(layout, Kind.DISTRIBUTION, pod, 2)
    wiring.link_each(layout.all(Kind.NETWORK), "CONNECTS_THROUGH", routers, "gateways")
    volumes = layout.all(Kind.VOLUME)
    block = _block_of(layout, Kind.VOLUME)
    wiring.link_each(volumes, "STORED_ON", _columns(layout, Kind.ARRAY, pod[block], 2), "paths")
    machines = layout.all(Kind.MACHINE)
    block = _block_of(layout, Kind.MACHINE)
    wiring.link(machines, "RUNS_ON", clusters[block])
    wiring.link(machines, "STORED_ON", _drawn(layout, Kind.VOLUME, block, draw))
    wiring.link_each(machines, "ROUTED_VIA", _columns(layout, Kind.DISTRIBUTION, pod[block], 2), "gateways")
    _monitor(wiring, layout, machines, pod[block])


def _software(wiring: Wiring, layout: Layout, draw: np.random.Generator) -> None:
    """The first 16 machines of a block carry two containers each, the others processes and databases."""
    databases = layout.all(Kind.DATABASE)
    block = _block_of(layout, Kind.DATABASE)
    pod = _pod_of_rack(layout, block // 2)
    machine = layout.starts[Kind.MACHINE] + block * BLOCK[Kind.MACHINE]
    wiring.link(databases, "RUNS_ON", machine + 16 + np.arange(len(databases)) % 4)
    wiring.link_each(databases, "STORED_ON", _columns(layout, Kind.ARRAY, pod, 2), "paths")
    copies = databases[1::2]
    wiring.link(copies, "REPLICATES_FROM", copies - 1)
    for kind, first, share in ((Kind.CONTAINER, 0, 2), (Kind.PROCESS, 16, 1)):
        running = layout.all(kind)
        block = _block_of(layout, kind)
        machine = layout.starts[Kind.MACHINE] + block * BLOCK[Kind.MACHINE] + first
        wiring.link(running, "RUNS_ON", machine + np.arange(len(running)) % BLOCK[kind] // share)
        wiring.link(running, "STORED_ON", _drawn(layout, Kind.VOLUME, block, draw))
        wiring.link(running, "CONNECTS_THROUGH", layout.starts[Kind.NETWORK] + block)
        pair = (
            layout.starts[Kind.DATABASE]
            + block * BLOCK[Kind.DATABASE]
            + 2 * draw.integers(0, 2, len(running))
        )
        wiring.link_each(running, "CALLS", [pair, pair + 1], "databases")


def _applications(wiring: Wiring, layout: Layout, draw: np.random.Generator) -> None:
    """Ten applications a block share its 40 replicas; front ones call middle ones, those call back ones."""
    applications = layout.all(Kind.APPLICATION)
    balancers = layout.all(Kind.BALANCER)
    wiring.link(applications, "DEPENDS_ON", balancers)
    for kind in (Kind.CONTAINER, Kind.PROCESS):
        running = layout.all(kind)
        block = _block_of(layout, kind)
        owner = block * BLOCK[Kind.APPLICATION] + draw.permuted(
            np.tile(np.arange(BLOCK[kind]) % BLOCK[Kind.APPLICATION], (layout.blocks, 1)), axis=1
        ).reshape(-1)
        wiring.link(applications[owner], "COMPOSED_OF", running, "replicas")
        wiring.link(balancers[owner], "CALLS", running, "replicas")
    block = np.repeat(np.arange(layout.blocks), 4)
    for caller, called, choices in ((0, 4, 4), (4, 8, 2)):
        callers = applications[block * 10 + caller + np.arange(len(block)) % 4]
        first = draw.integers(0, choices, len(block))
        for shift in (0, 1):
            target = _neighbour(layout, block, draw) if shift else block
            wiring.link(callers, "CALLS", balancers[target * 10 + called + (first + shift) % choices])


def _services(wiring: Wiring, layout: Layout, draw: np.random.Generator) -> None:
    """Technical services on front applications, application services on those, business services on top, per pod."""
    technical, services = layout.all(Kind.TECHNICAL), layout.all(Kind.SERVICE)
    block = _block_of(layout, Kind.TECHNICAL)
    first = draw.integers(0, 4, len(technical))
    for step in range(3):
        provider = layout.starts[Kind.APPLICATION] + block * 10 + (first + step) % 4
        wiring.link(technical, "COMPOSED_OF", provider)
    block = _block_of(layout, Kind.SERVICE)
    first = draw.integers(0, 5, len(services))
    for step in range(3):
        wiring.link(services, "DEPENDS_ON", technical[block * 5 + (first + step) % 5])
    business = layout.all(Kind.BUSINESS)
    block = _block_of(layout, Kind.BUSINESS)
    wiring.link(business, "COMPOSED_OF", services[block * 3 + draw.integers(0, 3, len(business))])
    first = draw.integers(0, 3, len(business))
    for step in range(2):
        far = _neighbour(layout, block, draw)
        wiring.link(business, "DEPENDS_ON", services[far * 3 + (first + step) % 3])


def _shared(wiring: Wiring, layout: Layout, draw: np.random.Generator) -> None:
    """3 % of all dependencies go to the shared platforms, by Zipf's law; those run on two hosts of the first pod."""
    targets = np.concatenate([layout.all(kind) for kind in SHARED])
    ranks = np.concatenate([np.arange(len(SHARED)) + 1 + len(SHARED) * copy for copy in range(2)])
    ranks = ranks.reshape(2, -1).T.reshape(-1)
    number = len(wiring) * SHARED_PERCENT // (100 - SHARED_PERCENT)
    sharing = np.concatenate([layout.all(kind) for kind in _SHARING])
    pick = draw.choice(len(targets), number, p=(1 / ranks) / (1 / ranks).sum())
    pairs = np.unique(np.stack([sharing[draw.integers(0, len(sharing), number)], targets[pick]]), axis=1)
    for kind, verb in _SHARED_VERBS.items():
        ours = (pairs[1] >= layout.starts[kind]) & (pairs[1] < layout.starts[kind] + SHARED[kind])
        wiring.link(pairs[0][ours], verb, pairs[1][ours])
        platforms = layout.all(kind)
        host = layout.starts[Kind.HOST] + 2 * (platforms - layout.starts[Kind.DNS])
        wiring.link_each(platforms, "RUNS_ON", [host, host + 1], "hosts")


def _mutual(wiring: Wiring, layout: Layout, draw: np.random.Generator) -> None:
    """0.5 % of all dependencies run both ways, between containers of one block."""
    number = len(wiring) * MUTUAL_PER_MILLE // 2000
    first = draw.choice(layout.counts[Kind.CONTAINER] // 2, number, replace=False) * 2
    containers = layout.all(Kind.CONTAINER)
    wiring.link(containers[first], "CALLS", containers[first + 1])
    wiring.link(containers[first + 1], "CALLS", containers[first])


def _monitor(wiring: Wiring, layout: Layout, watched: Numbers, pod: Numbers) -> None:
    wiring.link(watched, "MONITORED_BY", layout.starts[Kind.MONITORING] + pod // PODS)


def _block_of(layout: Layout, kind: Kind) -> Numbers:
    return np.arange(layout.counts[kind]) // BLOCK[kind]


def _pod_of_rack(layout: Layout, rack: Numbers) -> Numbers:
    return rack * layout.pods // layout.racks


def _neighbour(layout: Layout, block: Numbers, draw: np.random.Generator) -> Numbers:
    """Return another block near each, within six; the last ones lean back."""
    moved: Numbers = np.clip(block + draw.integers(-3, 4, len(block)), 0, layout.blocks - 1)
    return moved


def _drawn(layout: Layout, kind: Kind, block: Numbers, draw: np.random.Generator) -> Numbers:
    """Return for each block one CI of a kind out of that block."""
    drawn: Numbers = layout.starts[kind] + block * BLOCK[kind] + draw.integers(0, BLOCK[kind], len(block))
    return drawn
