"""Batches of a plan: bounded, in an order in which each can be written after the ones before it."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmdb.application.run_batches import STEPS, Batch, batches_of
from cmdb.desk.run_steps import DependencyStep, ItemStep, RunPlan
from cmdb.model.kinds import RecordKind
from cmdb.model.provenance import Sighting
from cmdb.model.records import (
    Assignment,
    Change,
    ChangeKind,
    ChangeState,
    EntryRecord,
    EventTransition,
    Party,
    PartyKind,
    Role,
)
from tests.support.small_estate import raised

SEEN = Sighting(source="netbox", scope="s", key="k", ci_class="server", name="n", rule="name")
GONE = replace(SEEN, retired=True)
CHANGE = Change(key="c", title="c", change_kind=ChangeKind.NORMAL, state=ChangeState.PLANNED, targets=("a",))
OTHERS: tuple[EntryRecord, ...] = (
    raised("a"),
    CHANGE,
    Assignment(party="ann", role=Role.OWNS, item="a"),
    Party(key="ann", party_kind=PartyKind.PERSON, name="Ann"),
)


def step(key: str, *puts: Sighting, drops: int = 0, born: bool = False) -> ItemStep:
    left = {("netbox", "s", f"{key}{number}") for number in range(drops)}
    return ItemStep(key, puts=list(puts), drops=left, born=born)


def plan(*items: ItemStep, edges: int = 0, others: tuple[EntryRecord, ...] = ()) -> RunPlan:
    triples = [(f"c{number:05d}", "DEPENDS_ON", "p") for number in range(edges)]
    return RunPlan(
        items={row.key: row for row in items},
        dependencies={triple: DependencyStep(triple, "netbox", "s") for triple in triples},
        others=list(others),
    )


def told(batches: list[Batch]) -> list[str]:
    """Return the batches in words: keys of CIs, `edges`, kinds of other records."""
    words = list[str]()
    for batch in batches:
        words += [row.key for row in batch.items]
        words += ["edges"] * bool(batch.dependencies)
        words += [_kind(row).value for row in batch.others]
    return words


def _kind(row: EntryRecord) -> RecordKind:
    return RecordKind.EVENT if isinstance(row, EventTransition) else row.kind


def test_cis_come_before_what_refers_to_them_and_leave_after_it() -> None:
    made = plan(step("goes", GONE), step("comes", SEEN), step("left", drops=1), edges=2, others=OTHERS)
    assert told(list(batches_of(made))) == [
        "comes",
        "edges",
        "party",
        "assignment",
        "change",
        "event",
        "goes",
        "left",
    ]


def test_a_ci_that_is_known_only_as_gone_is_made_alive_and_leaves_at_last() -> None:
    made = plan(replace(step("i", GONE, born=True), change=CHANGE), edges=1)
    first, _, last = batches_of(made)
    (arrives,), (leaves,) = first.items, last.items
    assert [row.retired for row in arrives.puts] == [False]
    assert arrives.change is None, "drift is written once"
    assert (leaves.puts, leaves.change) == ([GONE], CHANGE)


@pytest.mark.parametrize(
    ("made", "leaves"),
    [
        (step("i", SEEN, GONE), False),
        (step("i", SEEN, drops=1), False),
        (step("i", GONE, GONE), True),
        (step("i", GONE, drops=1), True),
        (step("i", drops=1), True),
    ],
    ids=["seen and gone", "seen elsewhere", "gone", "gone and dropped", "dropped"],
)
def test_a_ci_leaves_when_no_sighting_of_the_step_sees_it(*, made: ItemStep, leaves: bool) -> None:
    assert told(list(batches_of(plan(made, edges=1)))) == (["edges", "i"] if leaves else ["i", "edges"])


@pytest.mark.parametrize(("size", "sizes"), [(0, []), (1, [1]), (STEPS, [STEPS]), (STEPS + 1, [STEPS, 1])])
def test_a_batch_is_bounded_and_holds_one_sort_of_step(size: int, sizes: list[int]) -> None:
    items = [step(f"i{number:05d}", SEEN) for number in range(size)]
    batches = list(batches_of(plan(*items, edges=size)))
    assert [len(batch.items) for batch in batches if batch.items] == sizes
    assert [len(batch.dependencies) for batch in batches if batch.dependencies] == sizes
    assert all(bool(batch.items) + bool(batch.dependencies) + bool(batch.others) == 1 for batch in batches)


@settings(max_examples=40)
@given(st.permutations(OTHERS), st.randoms(use_true_random=False))
def test_the_order_in_which_a_plan_was_made_decides_nothing(
    others: list[EntryRecord], chance: random.Random
) -> None:
    made = plan(step("a", SEEN), step("b", GONE), step("c", drops=1), edges=3, others=tuple(others))
    keys, triples = list(made.items), list(made.dependencies)
    chance.shuffle(keys)
    chance.shuffle(triples)
    shuffled = RunPlan(
        items={key: made.items[key] for key in keys},
        dependencies={triple: made.dependencies[triple] for triple in triples},
        others=others[::-1],
    )
    assert list(batches_of(shuffled)) == list(batches_of(made))
