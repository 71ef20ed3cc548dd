"""Cuts the steps of a run into batches: what is referred to before what refers to it, what goes last."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from cmdb.desk.run_steps import DependencyStep, ItemStep, RunPlan
from cmdb.model.kinds import RecordKind
from cmdb.model.records import EntryRecord, EventTransition

STEPS = 1000
"""Steps of a batch: each is one record, some bring a change record too, and a write stays near 100 ms."""

_ORDER = (
    RecordKind.PARTY,
    RecordKind.ASSIGNMENT,
    RecordKind.WINDOW,
    RecordKind.CHANGE,
    RecordKind.EVENT,
    RecordKind.TICKET,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction writes: steps of CIs, steps of dependencies, or other records."""

    items: Sequence[ItemStep] = ()
    dependencies: Sequence[DependencyStep] = ()
    others: Sequence[EntryRecord] = ()


def batches_of(plan: RunPlan) -> Iterator[Batch]:
    """Yield the batches of a plan, the same for every order in which it was made."""
    steps = [plan.items[key] for key in sorted(plan.items)]
    arriving = [_alive(step) if step.born else step for step in steps if step.born or not _is_leaving(step)]
    for items in _cut(arriving):
        yield Batch(items=items)
    for dependencies in _cut([plan.dependencies[triple] for triple in sorted(plan.dependencies)]):
        yield Batch(dependencies=dependencies)
    others = sorted(plan.others, key=lambda entry: (_turn(entry), repr(entry)))
    for rest in _cut(others):
        yield Batch(others=rest)
    for items in _cut([step for step in steps if _is_leaving(step)]):
        yield Batch(items=items)


def _alive(step: ItemStep) -> ItemStep:
    """Return the step that makes a CI which its source knows only as gone: what happened to it must find it."""
    return replace(step, puts=[replace(row, retired=False) for row in step.puts], change=None)


def _is_leaving(step: ItemStep) -> bool:
    """Whether the CI may be retired by the step: its dependencies must be settled before."""
    return all(row.retired for row in step.puts) and bool(step.puts or step.drops)


def _turn(entry: EntryRecord) -> int:
    kind = RecordKind.EVENT if isinstance(entry, EventTransition) else entry.kind
    return _ORDER.index(kind)


def _cut(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), STEPS):
        yield rows[start : start + STEPS]
