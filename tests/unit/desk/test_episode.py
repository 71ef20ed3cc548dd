"""The plain fold: each step once and in order becomes the state of the latest episode."""

from collections.abc import Sequence
from functools import reduce

from hypothesis import given, settings
from hypothesis import strategies as st

from cmdb.desk.episode import Episode, Step, advance
from cmdb.desk.flapping import BEGINS_AT


def step(at: int, *, cleared: bool = False, severity: int = 2, **fields: object) -> Step:
    plain = Step(
        sequence=-1,
        at=at,
        cleared=cleared,
        severity=severity,
        mark=f"m{at}",
        name=f"n{at}",
        direction="error",
        unknown=False,
        repeat_seconds=None,
    )
    return plain._replace(**fields)  # type: ignore[arg-type]


def after(*steps: Step) -> Episode:
    episode = reduce(advance, steps, None)
    assert episode is not None
    return episode


STEPS = st.lists(
    st.builds(
        lambda cleared, severity, unknown, repeat: (cleared, severity, unknown, repeat),
        st.booleans(),
        st.integers(1, 4),
        st.booleans(),
        st.none() | st.integers(1, 600),
    ),
    min_size=1,
    max_size=12,
).map(
    lambda told: [
        step(place, cleared=cleared, severity=severity, unknown=unknown, repeat_seconds=repeat)
        for place, (cleared, severity, unknown, repeat) in enumerate(told)
    ]
)


@settings(max_examples=60)
@given(STEPS)
def test_the_last_step_decides_whether_it_is_open_and_when_it_was_seen(steps: list[Step]) -> None:
    episode = after(*steps)
    assert episode.is_open is not steps[-1].cleared
    assert (episode.seen, episode.unknown) == (steps[-1].at, steps[-1].unknown)


@settings(max_examples=60)
@given(STEPS)
def test_times_stand_in_order_and_what_is_open_has_no_end(steps: list[Step]) -> None:
    episode = after(*steps)
    assert episode.raised <= episode.changed <= episode.seen
    assert episode.cleared is None or episode.changed == episode.cleared
    assert (episode.cleared is None) is episode.is_open


@settings(max_examples=60)
@given(STEPS)
def test_open_steps_of_the_latest_episode_are_counted(steps: list[Step]) -> None:
    episode = after(*steps)
    assert episode.told == max(1, _latest_run(steps))


def _latest_run(steps: Sequence[Step]) -> int:
    """Return how many open steps stand together last, whatever cleared them since."""
    told = list(steps)
    while told and told[-1].cleared:
        told.pop()
    size = 0
    while told and not told[-1].cleared:
        told.pop()
        size += 1
    return size


def test_a_repeat_is_seen_and_only_another_severity_changes_it() -> None:
    episode = after(step(1), step(5), step(7))
    assert (episode.raised, episode.changed, episode.seen, episode.told) == (1, 1, 7, 3)
    worse = advance(episode, step(9, severity=4, direction="local", repeat_seconds=60))
    assert (worse.raised, worse.changed, worse.severity) == (1, 9, 4)
    assert (worse.direction, worse.repeat_seconds) == ("local", 60)


def test_a_clear_keeps_how_bad_it_was_and_another_clear_only_says_so_again() -> None:
    cleared = after(
        step(1, severity=4, direction="starvation"), step(3, cleared=True, severity=0, direction="local")
    )
    assert (cleared.severity, cleared.direction, cleared.cleared, cleared.changed) == (4, "starvation", 3, 3)
    again = advance(cleared, step(8, cleared=True, unknown=True))
    assert again == cleared._replace(seen=8, unknown=True)


def test_what_comes_back_is_a_new_episode_that_remembers_how_often_it_turned() -> None:
    turns = [step(at, cleared=bool(at % 2)) for at in range(BEGINS_AT - 2)]
    back = after(*turns, step(BEGINS_AT, repeat_seconds=30))
    assert (back.raised, back.changed, back.told, back.repeat_seconds) == (BEGINS_AT, BEGINS_AT, 1, 30)
    assert len(back.turns.times) == len(turns) + 1
    assert not back.turns.flapping
    assert advance(back, step(BEGINS_AT + 1, cleared=True)).turns.flapping


def test_of_a_clear_that_comes_first_only_the_end_is_known() -> None:
    lone = after(step(4, cleared=True, severity=0))
    assert not lone.is_open
    assert (lone.raised, lone.cleared, lone.told) == (4, 4, 1)
    assert advance(lone, step(6)).raised == 6
