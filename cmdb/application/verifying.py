"""Compares the live projection with the store, item by item: what was changed past the service shows here at last."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cmdb.application.live import LiveTopology
from cmdb.application.projection import Projection, project
from cmdb.errors import CmdbError, ErrorCode
from cmdb.impact.columns import NO_PART
from cmdb.impact.topology import Topology
from cmdb.model.access import Principal
from cmdb.ports.graph import GraphReader

SHOWN = 20
"""How many differences are told one by one."""

ATTEMPTS = 5
"""How often the store is read again because somebody wrote meanwhile."""

_TABLES = ("events", "changes", "tickets", "parties", "assignments", "windows", "situations")


@dataclass(frozen=True, slots=True)
class Verification:
    """What was compared at which revision, how many differences there are, and the first of them in words."""

    revision: int
    items: int
    dependencies: int
    found: int
    differences: tuple[str, ...]


async def verify(live: LiveTopology, reader: GraphReader, principal: Principal) -> Verification:
    """Read the whole store and compare; with differences the live projection is read anew by the next question.

    Raises FORBIDDEN unless the principal may see everything, BEHIND when writers leave no moment to compare.
    """
    for _ in range(ATTEMPTS):
        fresh = await asyncio.to_thread(project, await reader.delta(principal, 0))
        present = await reader.present_totals(principal)
        running = await live.projection(fresh.revision)
        if running.revision == fresh.revision == await reader.head():
            break
    else:
        raise CmdbError(
            ErrorCode.BEHIND,
            "The store was written while it was read, each time.",
            hint="Try again when fewer writers are at work.",
        )
    found = await asyncio.to_thread(lambda: [*_differences(running, fresh)])
    if found:
        live.suspect("A comparison found differences.")
    size = len(fresh.topology), len(fresh.topology.provider)
    if (present.items, present.dependencies) != size:
        found.append(
            f"the store holds {present.items} CIs and {present.dependencies} dependencies, of which {size[0]} and "
            f"{size[1]} can be used: others lack their key, name, class, bucket or an end"
        )
    return Verification(fresh.revision, *size, len(found), tuple(found[:SHOWN]))


def _differences(running: Projection, fresh: Projection) -> Iterator[str]:
    yield from _item_differences(running.topology, fresh.topology)
    for name in _TABLES:
        yield from _table_differences(name, getattr(running, name), getattr(fresh, name))


def _item_differences(running: Topology, fresh: Topology) -> Iterator[str]:
    for key in sorted({*running.keys, *fresh.keys}):
        served, stored = _words(running, key), _words(fresh, key)
        if served is None or stored is None:
            yield f"CI '{key}': {'only in the store' if served is None else 'no longer in the store'}"
            continue
        for what in stored:
            if served[what] != stored[what]:
                yield f"CI '{key}': {what} {served[what]!r} is served, {stored[what]!r} is stored"


def _words(topology: Topology, key: str) -> dict[str, object] | None:
    place = topology.index.get(key)
    if place is None:
        return None
    groups = topology.groups
    first, end = groups.consumer.searchsorted([place, place + 1])
    return {
        "name": topology.names[place],
        "class": topology.classes[place],
        "groups": sorted(map(str, groups.declared[first:end])),
        "dependencies": sorted(_edge(topology, edge) for edge in topology.to_providers(place)),
    }


def _edge(topology: Topology, edge: int) -> str:
    view, rung = topology.edge(edge), int(topology.rungs[edge])
    mapped = "no part" if rung == NO_PART else topology.tables[rung].tolist()
    group = f" in {view.group}" if view.group else ""
    return (
        f"{view.verb} {topology.keys[view.provider]}{group}, {view.strength.value}, {view.weight}, {mapped}"
    )


def _table_differences(
    name: str, running: Mapping[str, object], fresh: Mapping[str, object]
) -> Iterator[str]:
    for key in sorted({*running, *fresh}):
        if running.get(key) != fresh.get(key):
            where = "only in the store" if key not in running else "no longer in the store"
            yield f"{name} '{key}': {'differs' if key in running and key in fresh else where}"
