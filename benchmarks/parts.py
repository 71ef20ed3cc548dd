"""The parts of a run, and what each of them needs."""

from collections.abc import Iterable, Sequence

WORKLOADS = ("footprint", "graphql", "kernel", "loading", "reading", "impact", "changes", "inbox")
ENGINELESS = {"footprint", "graphql", "kernel"}
OURS = {"reading", "impact", "changes", "inbox"}
"""What needs an engine that our loader filled."""

RIVALS = {"kernel", "impact"}
"""What Cypher answers beside us, on Neo4j."""

LOADED_SIZES = ("S", "M")
"""At size L the kernel stands beside the rivals of its own process alone: loading takes too long."""


def names_of(parts: Iterable[str], engines: Sequence[str]) -> set[str]:
    """Return the names of the results that these parts have on these engines."""
    return {
        name
        for part in parts
        for name in ([part] if part in ENGINELESS else [f"{part}-{engine}" for engine in engines])
    }
