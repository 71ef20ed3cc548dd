"""The benchmarks' estate: the same each time, declared throughout, and as wide as real ones."""

from collections import Counter
from datetime import timedelta

import numpy as np
import pytest

from benchmarks.changes import DAYS, ONSET, changes
from benchmarks.estate import Estate, estate, outside_bands, reaches, samples
from benchmarks.loading import located
from cmdb import resources
from cmdb.desk.conformance import problems_of
from cmdb.impact.topology import build_topology
from cmdb.metamodel import read_metamodel
from cmdb.model.records import ChangeState, Dependency, EntryRecord, Item
from tests.support.estates import dependency_columns, item_columns


@pytest.fixture(scope="module")
def small() -> Estate:
    return estate(1, "S")


def test_equal_seeds_give_equal_estates(small: Estate) -> None:
    again, other = estate(1, "S"), estate(2, "S")
    assert again.item_columns() == small.item_columns()
    assert again.dependency_columns() == small.dependency_columns()
    assert other.dependency_columns() != small.dependency_columns()


def test_it_has_the_size_that_it_names(small: Estate) -> None:
    assert len(small) == len(set(small.keys)) == 10_000
    assert 4 <= len(small.consumers) / len(small) <= 6
    assert len({row.key for row in small.dependencies()}) == len(small.consumers)


def test_reach_lies_within_the_bands(small: Estate) -> None:
    reached = reaches(small.topology(grouped=False), samples(small, 50))
    assert outside_bands(small, reached) == []
    assert outside_bands(small, {**reached, "host": [1]}) == ["host: median reach 1 is not within 50 to 500"]


def test_records_conform_to_the_declarations(small: Estate) -> None:
    metamodel = read_metamodel(resources.folder("schema"))
    items = {item.key: item for item in small.items()}

    def class_of(key: str) -> str:
        return items[key].ci_class

    def groups_of(key: str) -> frozenset[str]:
        return frozenset(group.name for group in items[key].groups)

    records: list[EntryRecord] = [*items.values(), *small.dependencies()]
    problems = [problem for row in records for problem in problems_of(row, metamodel, class_of, groups_of)]
    assert problems == []


def test_records_and_columns_tell_the_same(small: Estate) -> None:
    told = build_topology(item_columns(tuple(small.items())), dependency_columns(tuple(small.dependencies())))
    topology = small.topology()
    assert told.keys == topology.keys
    assert (told.consumer == topology.consumer).all()
    assert (told.provider == topology.provider).all()
    assert (told.group == topology.group).all()


def test_every_twohundredth_dependency_runs_both_ways(small: Estate) -> None:
    pairs = Counter(zip(small.consumers.tolist(), small.providers.tolist(), strict=True))
    mutual = sum((provider, consumer) in pairs for consumer, provider in pairs)
    assert 0.004 <= mutual / len(small.consumers) <= 0.006


def test_shared_platforms_take_three_percent(small: Estate) -> None:
    shared = np.isin([key.split("-")[0] for key in small.keys], ["dns", "directory", "san", "bus"])
    assert 0.02 <= shared[small.providers].mean() <= 0.04


def test_changes_are_the_same_each_time_and_lie_in_the_window_that_is_asked_about(small: Estate) -> None:
    found = list(changes(small))
    assert found == list(changes(small))
    assert len(found) == len(small) // 5 == len({change.key for change in found})
    first, last = ONSET - timedelta(days=DAYS + 1), ONSET + timedelta(days=1)
    assert all(change.actual_start and first < change.actual_start < last for change in found)
    failed = sum(change.state is ChangeState.FAILED for change in found)
    assert 0.05 < failed / len(found) < 0.15


def test_a_loader_is_handed_every_ci_before_what_joins_them(small: Estate) -> None:
    rows = [row.record for row in located(small)]
    assert len(rows) == len(small) + len(small.consumers)
    assert {type(row) for row in rows[: len(small)]} == {Item}
    assert {type(row) for row in rows[len(small) :]} == {Dependency}
