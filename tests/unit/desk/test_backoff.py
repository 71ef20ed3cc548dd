"""Waits grow, are bounded, and are spread."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from cmdb.desk.backoff import CAP, FIRST, pause

ATTEMPTS = st.integers(0, 10_000)
CHANCES = st.floats(0, 1)


@given(ATTEMPTS, CHANCES)
def test_a_wait_lies_within_the_cap_and_another_failure_never_shortens_it(
    attempts: int, chance: float
) -> None:
    wait = pause(attempts, chance)
    assert timedelta(0) <= wait <= CAP
    assert pause(attempts + 1, chance) >= wait


@given(st.integers(0, 8))
def test_each_failure_doubles_the_wait_until_the_cap(attempts: int) -> None:
    assert pause(attempts, 1.0) == FIRST * 2**attempts < CAP
    assert pause(attempts + 1, 1.0) == 2 * pause(attempts, 1.0)


@given(ATTEMPTS)
def test_chance_spreads_a_wait_over_its_whole_span(attempts: int) -> None:
    longest = pause(attempts, 1.0)
    assert (pause(attempts, 0.0), pause(attempts, 0.5)) == (timedelta(0), longest / 2)
