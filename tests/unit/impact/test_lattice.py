from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmdb.impact import lattice

Subset = frozenset[int]


def _subsets(size: int) -> list[Subset]:
    return [frozenset(found) for count in range(size + 1) for found in combinations(range(size), count)]


def _number(subset: Subset) -> int:
    return sum(1 << thing for thing in subset)


@st.composite
def questions(draw: st.DrawFn) -> tuple[int, set[Subset], int]:
    """A monotone question: its number of things, the subsets that say yes, and these as a truth table."""
    size = draw(st.integers(1, 5))
    seeds = draw(st.lists(st.frozensets(st.integers(0, size - 1))))
    yes = {subset for subset in _subsets(size) if any(seed <= subset for seed in seeds)}
    return size, yes, sum(1 << _number(subset) for subset in yes)


@given(questions())
def test_minimal_and_maximal_subsets_are_those_of_the_definition(
    question: tuple[int, set[Subset], int],
) -> None:
    size, yes, truth = question
    found = lattice.members(lattice.minimal(truth, size), size, 100)
    assert {frozenset(subset) for subset in found} == {s for s in yes if not any(other < s for other in yes)}
    no = set(_subsets(size)) - yes
    largest = {s for s in no if not any(other > s for other in no)}
    left_out = lattice.members(lattice.maximal_no(truth, size), size, 100, left_out=True)
    assert {frozenset(range(size)) - set(subset) for subset in left_out} == largest
    assert found == sorted(found, key=lambda subset: (len(subset), subset))


@given(questions())
def test_pivotal_things_turn_some_no_into_yes(question: tuple[int, set[Subset], int]) -> None:
    size, yes, truth = question
    expected = {thing for subset in yes for thing in subset if subset - {thing} not in yes}
    assert lattice.pivotal(truth, size) == sorted(expected)


@pytest.mark.parametrize("size", [0, 1, 4])
def test_columns_hold_each_thing_in_half_of_the_subsets(size: int) -> None:
    for thing, column in enumerate(lattice.columns(size)):
        assert column == sum(1 << _number(subset) for subset in _subsets(size) if thing in subset)
