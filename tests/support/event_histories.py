"""Strategies for what a source tells about one event, and for how it arrives."""

from dataclasses import replace

from hypothesis import strategies as st

from cmdb.model.records import Direction, EventState, EventTransition
from cmdb.model.severity import Severity
from tests.support.moments import NOON, minutes

_STEPS = st.builds(
    EventTransition,
    item=st.just("r1"),
    condition=st.just("down"),
    severity=st.sampled_from([Severity.MINOR, Severity.MAJOR, Severity.CRITICAL]),
    at=st.integers(0, 9).map(lambda minute: NOON + minutes(minute)),
    state=st.sampled_from([EventState.OPEN, EventState.OPEN, EventState.CLEARED]),
    direction=st.sampled_from(Direction),
    summary=st.sampled_from(["", "down", "down for good"]),
    link=st.sampled_from(["", "https://mon.example/1"]),
    unknown=st.booleans(),
)


def _moment(step: EventTransition) -> tuple[object, ...]:
    return step.at, step.state, step.severity


TIMED = st.lists(_STEPS, min_size=1, max_size=16, unique_by=_moment)
"""Histories whose order is that of the source's clock."""

NUMBERED = st.lists(_STEPS, min_size=1, max_size=16).map(
    lambda steps: [replace(step, sequence=number, id=f"step {number}") for number, step in enumerate(steps)]
)
"""Histories whose steps the source numbers, whatever its clock says."""


@st.composite
def deliveries(draw: st.DrawFn, history: list[EventTransition]) -> list[EventTransition]:
    """Return the history as it may arrive: each step one to three times, shuffled."""
    times = draw(st.lists(st.integers(1, 3), min_size=len(history), max_size=len(history)))
    return draw(
        st.permutations([step for step, often in zip(history, times, strict=True) for _ in range(often)])
    )
