"""Columns of words become numbers: against plain loops, and refusals that name the row."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmdb.errors import ErrorCode, InvalidInput
from cmdb.impact.arrays import SINGLE, STRENGTHS
from cmdb.impact.columns import (
    MAX_WEIGHT,
    NO_PART,
    declared,
    edge_order,
    memberships,
    narrow,
    numbers,
    require_summable,
    rungs,
    starts_of,
    trip_of,
    verb_numbers,
    weights,
)
from cmdb.model.redundancy import RedundancyGroup
from cmdb.model.severity import AS_IS, MapKind, SeverityMap, Strength
from cmdb.ports.graph import DependencyColumns
from tests.support.estates import Estate, dependency_columns, estates, maps, redundancy_groups

NAMES = st.sampled_from(["a", "b", "c"])


def group(name: str) -> RedundancyGroup:
    return RedundancyGroup(name=name, need_up=1)


def refusal(call: object, *arguments: object) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        call(*arguments)  # type: ignore[operator]
    assert caught.value.hint
    assert caught.value.place is not None
    return caught.value


# --- keys -----------------------------------------------------------------------------------------------------------


def test_a_key_that_is_not_there_is_refused_by_its_name() -> None:
    assert numbers(["b", "a", "b"], {"a": 0, "b": 1}).tolist() == [1, 0, 1]
    error = refusal(numbers, ["a", "nowhere"], {"a": 0})
    assert (error.code, "'nowhere'" in error.message) == (ErrorCode.DANGLING_END, True)


# --- groups ---------------------------------------------------------------------------------------------------------


@given(
    st.lists(st.lists(NAMES, unique=True, max_size=3), min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(0, 4), st.none() | NAMES), max_size=8),
)
@settings(max_examples=60)
def test_each_dependency_finds_the_group_that_its_own_consumer_declares(
    names: list[list[str]], rows: list[tuple[int, str | None]]
) -> None:
    declaring = [tuple(group(name) for name in held) for held in names]
    known = declared(np.arange(len(names), dtype=np.int32), declaring)
    flat: list[tuple[int, str | None]] = [(owner, name) for owner, held in enumerate(names) for name in held]
    assert list(zip(known.owners.tolist(), [one.name for one in known.groups], strict=True)) == flat
    sound = [row for row in rows if row[0] < len(names) and (row[1] is None or row in flat)]
    columns = DependencyColumns(
        consumers=[f"ci-{owner}" for owner, _ in sound], groups=[name for _, name in sound]
    )
    consumer = np.array([owner for owner, _ in sound], np.int32)
    found = memberships(columns, consumer, known)
    assert found.tolist() == [SINGLE if row[1] is None else flat.index(row) for row in sound]


@pytest.mark.parametrize("wrong", ["b", "never declared"])
def test_a_group_that_only_another_ci_declares_is_refused(wrong: str) -> None:
    known = declared(np.array([0, 1], np.int32), [(group("a"),), (group("b"),)])
    columns = DependencyColumns(consumers=["x", "x"], groups=["a", wrong])
    error = refusal(memberships, columns, np.array([0, 0], np.int32), known)
    assert error.code is ErrorCode.UNKNOWN_GROUP
    assert error.message == f"'x' declares no redundancy group '{wrong}'"


# --- rungs ----------------------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(st.lists(st.tuples(maps(), st.sampled_from(Strength)), max_size=6), st.booleans())
def test_each_dependency_picks_what_its_map_makes_of_a_severity(
    rows: list[tuple[SeverityMap, Strength]],
    extended: bool,
) -> None:
    columns = DependencyColumns(maps=[kind for kind, _ in rows], strengths=[strength for _, strength in rows])
    present = np.array([[0, 1, 2, 3, 4]], np.uint8) if extended else np.empty((0, 5), np.uint8)
    picks, tables, strength = rungs(columns, present)
    assert tables[: len(present)].tolist() == present.tolist(), "rows that are there keep their numbers"
    assert len({tuple(row) for row in tables.tolist()}) == len(tables)
    for (kind, hold), pick, rank in zip(rows, picks.tolist(), strength.tolist(), strict=True):
        mapped = kind.rungs(hold)
        assert (pick == NO_PART) is (mapped is None)
        assert mapped is None or tuple(tables[pick].tolist()) == mapped
        assert STRENGTHS[rank] is hold


def test_what_is_ignored_or_only_measured_takes_no_part() -> None:
    columns = DependencyColumns(
        maps=[AS_IS, SeverityMap(MapKind.IGNORE), AS_IS],
        strengths=[Strength.HARD, Strength.HARD, Strength.TELEMETRY],
    )
    picks, _, _ = rungs(columns, np.empty((0, 5), np.uint8))
    assert (picks == NO_PART).tolist() == [False, True, True]


# --- weights --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "column",
    [[2**64], [-(2**63) - 1], [MAX_WEIGHT], [MAX_WEIGHT // 2] * 2],
    ids=["wide", "low", "max", "sum"],
)
def test_weights_whose_sum_is_not_exact_are_refused(column: Sequence[int]) -> None:
    def read(values: Sequence[int]) -> None:
        require_summable(weights(values))

    error = refusal(read, column)
    assert (error.code, "smaller numbers" in (error.hint or "")) == (ErrorCode.TOO_LARGE, True)
    read([MAX_WEIGHT // 2, 0])


@settings(max_examples=50)
@given(st.lists(st.integers(0, 2**62), max_size=6))
def test_the_least_type_that_holds_them_keeps_the_numbers(column: list[int]) -> None:
    found = narrow(np.array(column, np.int64))
    assert found.tolist() == column
    most = max(column, default=0)
    assert found.dtype.itemsize == next(size for size in (1, 2, 4, 8) if most < 256**size)


@settings(max_examples=50)
@given(redundancy_groups("g"), st.integers(0, 40))
def test_a_group_trips_at_the_least_whole_weight_that_reaches_its_share(
    held: RedundancyGroup, weight: int
) -> None:
    num, den = held.trip_fraction(weight)
    trip = trip_of(held, weight)
    assert trip * den >= num * weight
    assert trip == 0 or (trip - 1) * den < num * weight


# --- verbs, order, runs ---------------------------------------------------------------------------------------------


@settings(max_examples=50)
@given(st.lists(st.sampled_from("WXYZ")), st.lists(st.sampled_from("WXYZ"), unique=True))
def test_verbs_that_are_there_keep_their_numbers_and_new_ones_follow_in_order(
    verbs: list[str], present: list[str]
) -> None:
    names, found = verb_numbers(verbs, present)
    assert [names[number] for number in found.tolist()] == verbs
    assert list(names[: len(present)]) == present
    fresh = list(names[len(present) :])
    assert fresh == sorted(set(verbs) - set(present))


@settings(max_examples=25)
@given(estates(most_items=5))
def test_edges_that_take_part_come_first_then_by_provider_then_by_consumer(estate: Estate) -> None:
    columns, keys = dependency_columns(estate.dependencies), estate.keys
    index = {key: place for place, key in enumerate(keys)}
    consumer, provider = numbers(columns.consumers, index), numbers(columns.providers, index)
    picks, _, _ = rungs(columns, np.empty((0, 5), np.uint8))
    silent = picks == NO_PART
    order = np.argsort(edge_order(consumer, provider, silent, len(keys)), kind="stable").tolist()
    wanted = sorted(range(len(silent)), key=lambda row: (silent[row], provider[row], consumer[row]))
    assert order == wanted


def test_runs_start_where_the_ones_before_them_end() -> None:
    assert starts_of(np.array([2, 0, 3])).tolist() == [0, 2, 2, 5]
    assert starts_of(np.array([], np.int64)).tolist() == [0]
