from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cmdb.impact.greedy import Question, minimal_sets


def _asks(weights: Sequence[int], trip: int) -> Question:
    """Ask whether the held weights reach the trip, in every scenario at once."""

    def question(columns: Sequence[int], full: int) -> int:
        held = np.zeros(8 * (full.bit_length() // 8 + 1), np.int64)
        for weight, column in zip(weights, columns, strict=True):
            packed = np.frombuffer(column.to_bytes(len(held) // 8, "little"), np.uint8)
            held += weight * np.unpackbits(packed, bitorder="little").astype(np.int64)
        return full & int.from_bytes(np.packbits(held >= trip, bitorder="little").tobytes(), "little")

    return question


@given(st.lists(st.integers(0, 9), min_size=17, max_size=30), st.integers(1, 60))
def test_sets_are_minimal_and_pivotal_things_belong_to_one(weights: list[int], trip: int) -> None:
    found = minimal_sets(_asks(weights, trip), len(weights))
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
