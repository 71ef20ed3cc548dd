"""What serves some CIs and nothing else: the part of the estate that may be worked on when they are out of use."""

from collections.abc import Iterable

from cmdb.impact.arrays import Topology
from cmdb.impact.reach import upstream


def serving_only(topology: Topology, services: Iterable[int]) -> frozenset[int]:
    """Return the services and the CIs all of whose failures end at them: the greatest such set, by index."""
    named = frozenset(services)
    found = set(named)
    for service in named:
        found.update(upstream(topology, service).tolist())
    views = topology.views
    # Who has a consumer outside serves something else, and so does in turn whatever it depends on.
    leaving = [place for place in found if place not in named and _leaks(topology, place, found)]
    while leaving:
        place = leaving.pop()
        if place not in found:
            continue
        found.discard(place)
        providers = {views.provider[edge] for edge in views.up_edges[views.up[place] : views.up[place + 1]]}
        leaving += [provider for provider in providers if provider in found and provider not in named]
    return frozenset(found)


def _leaks(topology: Topology, place: int, inside: set[int]) -> bool:
    views = topology.views
    consumers = views.consumer[views.down[place] : views.down[place + 1]].tolist()
    return any(consumer not in inside for consumer in consumers)
