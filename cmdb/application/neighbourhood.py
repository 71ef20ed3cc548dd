"""Walks and searches the graph in memory."""

from collections import deque

from cmdb.application.lookup import find_place
from cmdb.application.proof import describe_path
from cmdb.application.requests import TopologyRequest
from cmdb.application.snapshot import Snapshot
from cmdb.desk.words import overlap, tokens
from cmdb.errors import ErrorCode, InvalidInput
from cmdb.model.access import Principal
from cmdb.model.answers import SearchHit, TopologyAnswer

DIRECTIONS = ("upstream", "downstream", "both")


def answer_topology(snapshot: Snapshot, principal: Principal, request: TopologyRequest) -> TopologyAnswer:
    """Walk breadth first over every visible dependency, up to `depth` hops and `limit` CIs."""
    if request.direction not in DIRECTIONS:
        raise InvalidInput(
            ErrorCode.BAD_ARGUMENT,
            f"'{request.direction}' is no direction.",
            hint="Use " + ", ".join(DIRECTIONS) + ".",
        )
    start = find_place(snapshot, principal, request.item)
    mask = snapshot.mask(principal)
    found, edges, waiting, truncated = {start: 0}, dict[int, None](), deque([start]), False
    while waiting:
        place = waiting.popleft()
        if found[place] >= request.depth:
            continue
        for edge, other in _neighbours(snapshot, place, request.direction):
            if mask is not None and not mask[other]:
                continue
            if other not in found and len(found) >= request.limit:
                truncated = True
                continue
            edges[edge] = None
            if other not in found:
                found[other] = found[place] + 1
                waiting.append(other)
    return TopologyAnswer(
        basis=snapshot.basis,
        item=snapshot.ref(start, mask),
        nodes=tuple(snapshot.ref(place, mask) for place in found),
        steps=describe_path(snapshot, edges, mask),
        truncated=truncated,
    )


def _neighbours(snapshot: Snapshot, place: int, direction: str) -> list[tuple[int, int]]:
    topology = snapshot.topology
    found: list[tuple[int, int]] = []
    if direction != "downstream":
        found += [(edge, topology.edge(edge).provider) for edge in topology.to_providers(place)]
    if direction != "upstream":
        found += [(edge, topology.edge(edge).consumer) for edge in topology.to_consumers(place)]
    return found


def answer_search(snapshot: Snapshot, principal: Principal, text: str, first: int) -> tuple[SearchHit, ...]:
    """Return CIs whose key or name fits the words: exact first, then beginnings, then shared words."""
    wanted = text.casefold().strip()
    if not wanted:
        raise InvalidInput(
            ErrorCode.BAD_ARGUMENT, "The search is empty.", hint="Give a part of a name or key."
        )
    mask, words, hits = snapshot.mask(principal), tokens(text), list[SearchHit]()
    for place, (key, name) in enumerate(zip(snapshot.topology.keys, snapshot.topology.names, strict=True)):
        if mask is not None and not mask[place]:
            continue
        score, matched = _fit(wanted, words, key.casefold(), name.casefold())
        if score > 0:
            hits.append(SearchHit(snapshot.ref(place, mask), score, matched))
    hits.sort(key=lambda hit: (-hit.score, hit.item.name, hit.item.key))
    return tuple(hits[:first])


def _fit(wanted: str, words: frozenset[str], key: str, name: str) -> tuple[float, str]:
    if wanted in (key, name):
        return 1.0, "exact"
    if key.startswith(wanted) or name.startswith(wanted):
        return 0.9, "beginning"
    if wanted in key or wanted in name:
        return 0.7, "part"
    share = overlap(words, f"{key} {name}")
    return round(0.6 * share, 4), "words"
