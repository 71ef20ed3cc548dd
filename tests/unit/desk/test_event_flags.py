"""Flags beside an event's severity."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmdb.desk.event_flags import (
    acknowledge,
    is_acknowledged,
    is_shelved,
    is_unknown,
    shelve,
    stale_at,
    turns_of,
)
from cmdb.desk.event_life import fold
from cmdb.model.records import EventState, EventTransition
from cmdb.model.severity import Severity
from tests.support.moments import NOON, minutes

STEP = EventTransition(item="r1", condition="down", severity=Severity.MAJOR, at=NOON, repeat_seconds=60)
EVENT = fold(None, "mon", [STEP])


def test_three_promised_repeats_that_stay_out_make_an_event_unknown() -> None:
    assert stale_at(EVENT) == NOON + minutes(3)
    assert not is_unknown(EVENT, NOON + minutes(2.99))
    assert is_unknown(EVENT, NOON + minutes(3))
    repeated = fold(EVENT, "mon", [replace(STEP, at=NOON + minutes(2))])
    assert stale_at(repeated) == NOON + minutes(5)


def test_what_promised_nothing_or_has_cleared_is_never_stale() -> None:
    assert stale_at(replace(EVENT, repeat_seconds=None)) is None
    cleared = fold(EVENT, "mon", [replace(STEP, at=NOON + minutes(1), state=EventState.CLEARED)])
    assert stale_at(cleared) is None
    assert is_unknown(replace(EVENT, unknown=True), NOON)


@pytest.mark.parametrize(
    "changed",
    [
        {"last_seen_at": datetime.max.replace(tzinfo=UTC)},
        {"repeat_seconds": 10**15},
        {"repeat_seconds": 10**30},
        {"repeat_seconds": -(10**15)},
    ],
    ids=str,
)
def test_a_silence_past_the_end_of_time_never_comes(changed: dict[str, object]) -> None:
    event = replace(EVENT, **changed)  # type: ignore[arg-type]
    assert stale_at(event) is None
    assert not is_unknown(event, datetime.max.replace(tzinfo=UTC))
    assert list(turns_of(event)) == []


def test_an_acknowledgement_holds_for_its_episode_whatever_our_clock_says() -> None:
    seen = acknowledge(EVENT, "ann", NOON - minutes(99))
    assert (is_acknowledged(seen), seen.acknowledged_by) == (True, "ann")
    assert acknowledge(seen, "bob", NOON) is seen
    worse = fold(seen, "mon", [replace(STEP, at=NOON + minutes(1), severity=Severity.CRITICAL)])
    assert is_acknowledged(worse)
    cleared = fold(worse, "mon", [replace(STEP, at=NOON + minutes(2), state=EventState.CLEARED)])
    assert not is_acknowledged(cleared)
    again = fold(cleared, "mon", [replace(STEP, at=NOON + minutes(3))])
    assert not is_acknowledged(again)
    assert acknowledge(again, "bob", NOON).acknowledged_by == "bob"


def test_an_event_is_shelved_until_a_moment_or_taken_back() -> None:
    aside = shelve(EVENT, NOON + minutes(5))
    assert is_shelved(aside, NOON)
    assert not is_shelved(aside, NOON + minutes(5))
    assert not is_shelved(shelve(aside, None), NOON)
    assert is_shelved(fold(aside, "mon", [replace(STEP, at=NOON + minutes(1))]), NOON)


@settings(max_examples=60)
@given(
    st.none() | st.integers(1, 600),
    st.none() | st.integers(-60, 60).map(lambda count: NOON + minutes(count)),
    st.sampled_from(EventState),
)
def test_flags_change_by_themselves_only_at_the_turns(
    repeat: int | None, until: datetime | None, state: EventState
) -> None:
    event = replace(EVENT, repeat_seconds=repeat, shelved_until=until, state=state)

    def flags(at: datetime) -> tuple[bool, bool]:
        return is_unknown(event, at), is_shelved(event, at)

    turns = sorted(turns_of(event))
    instant = timedelta(microseconds=1)
    moments = [NOON - timedelta(days=1), *turns]
    for start, end in zip(moments, [*turns, NOON + timedelta(days=9)], strict=True):
        assert flags(start) == flags(end - instant)
    for turn in {turn for turn in turns if event.is_open and turns.count(turn) == 1}:
        assert flags(turn - instant) != flags(turn)
