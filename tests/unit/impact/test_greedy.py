from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from cmdb.impact.greedy import minimal_sets


def _asks(weights: Sequence[int], trip: int) -> "object":
    def question(columns: Sequence[int], full: int) -> int:
        answers = 0
        for scenario in range(full.bit_length()):
            held = sum(
                weight for weight, column in zip(weights, columns, strict=True) if column >> scenario & 1
            )
            answers |= (held >= trip) << scenario
        return answers

    return question


@given(st.lists(st.integers(0, 9), min_size=17, max_size=30), st.integers(1, 60))
def test_sets_are_minimal_and_pivotal_things_belong_to_one(weights: list[int], trip: int) -> None:
    found = minimal_sets(_asks(weights, trip), len(weights))  # type: ignore[arg-type]
    if sum(weights) < trip:
        assert (found.pivotal, found.sets) == (frozenset(), frozenset())
        return
    assert found.pivotal
    for subset in found.sets:
        total = sum(weights[thing] for thing in subset)
        assert total >= trip
        assert all(total - weights[thing] < trip for thing in subset)
        assert subset <= found.pivotal
    assert all(weights[thing] > 0 for thing in found.pivotal)


def test_a_question_that_needs_nothing_has_no_pivotal_thing() -> None:
    found = minimal_sets(lambda _, full: full, 20)
    assert (found.pivotal, found.sets) == (frozenset(), frozenset())
