"""The guard of a run: what looks like a broken feed rather than a changed estate needs a person's approval.

Both a number and a share must be exceeded where things are lost: a share alone halts small scopes, a number alone
large ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass

MOST_ITEMS, MOST_ITEM_PERCENT = 20, 5
"""CIs that one run may begin to miss, or retire: the larger of the two."""

MOST_EDGES, MOST_EDGE_PERCENT = 20, 10
"""The same for dependencies, and for assignments."""

LEAST_PERCENT = 80
"""How much of what its feed knew a complete run must name."""

MOST_REKEYED, MOST_REKEYED_PERCENT = 5, 2
"""CIs that a source may call by a new key in one run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a run would do, beside what its feed knew before; numbers of CIs and of dependencies."""

    complete: bool
    named: int
    known_items: int
    known_edges: int
    known_assignments: int
    lost_items: int
    lost_edges: int
    lost_assignments: int
    rekeyed: int


def objections(figures: Figures) -> tuple[str, ...]:
    """Return why a person must approve the run, each with its figures; empty when nobody need."""
    return tuple(_objections(figures))


def _objections(run: Figures) -> Iterator[str]:
    if not run.complete:
        return
    if run.named == 0:
        yield f"it names no CI at all; its feed knows {run.known_items}"
    elif run.named * 100 < run.known_items * LEAST_PERCENT:
        yield f"it names {run.named} CIs, below {LEAST_PERCENT} % of the {run.known_items} that its feed knows"
    most_items = max(MOST_ITEMS, run.known_items * MOST_ITEM_PERCENT // 100)
    if run.lost_items > most_items:
        yield f"{run.lost_items} CIs would be missed or retired, more than {most_items} of {run.known_items}"
    most_edges = max(MOST_EDGES, run.known_edges * MOST_EDGE_PERCENT // 100)
    if run.lost_edges > most_edges:
        yield f"{run.lost_edges} dependencies would be missed or ended, more than {most_edges} of {run.known_edges}"
    most_assignments = max(MOST_EDGES, run.known_assignments * MOST_EDGE_PERCENT // 100)
    if run.lost_assignments > most_assignments:
        yield f"{run.lost_assignments} assignments would end, more than {most_assignments} of {run.known_assignments}"
    most_rekeyed = max(MOST_REKEYED, run.known_items * MOST_REKEYED_PERCENT // 100)
    if run.rekeyed > most_rekeyed:
        yield f"{run.rekeyed} CIs would get a new key from their source, more than {most_rekeyed} of {run.known_items}"
