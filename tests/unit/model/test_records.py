from dataclasses import replace

import pytest

from cmdb.model.records import Assignment, Change, ChangeKind, ChangeState, Dependency, Role
from cmdb.model.windows import Window, WindowKind
from tests.support.moments import NOON, minutes

CHANGE = Change(
    key="c",
    title="Patch",
    change_kind=ChangeKind.NORMAL,
    state=ChangeState.PLANNED,
    targets=(),
    planned_start=NOON,
    planned_end=NOON + minutes(30),
)


def test_one_consumer_may_use_a_provider_twice_in_different_groups() -> None:
    keys = {
        Dependency(consumer="a", verb="USES", provider="b", group=group).key for group in (None, "g", "h")
    }
    assert keys == {"a|USES|b|", "a|USES|b|g", "a|USES|b|h"}
    assert Assignment(party="p", role=Role.OWNS, item="a").key == "p|owns|a"


def test_a_negative_weight_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        Dependency(consumer="a", verb="USES", provider="b", weight=-1)


def test_actual_times_of_a_change_win_over_planned_ones() -> None:
    assert (CHANGE.start, CHANGE.end) == (NOON, NOON + minutes(30))
    done = replace(CHANGE, actual_start=NOON + minutes(5), actual_end=NOON + minutes(50))
    assert (done.start, done.end) == (NOON + minutes(5), NOON + minutes(50))


def test_a_running_change_has_no_end_yet() -> None:
    assert replace(CHANGE, state=ChangeState.RUNNING, actual_start=NOON).end is None


def test_a_window_ends_after_its_start_and_recurs_by_a_rule_that_is_understood() -> None:
    window = Window(
        key="w", window_kind=WindowKind.BLACKOUT, title="W", items=(), start=NOON, end=NOON + minutes(5)
    )
    with pytest.raises(ValueError, match="'end' lies after 'start'"):
        replace(window, end=NOON)
    with pytest.raises(ValueError, match="needs a FREQ of DAILY"):
        replace(window, rule="FREQ=YEARLY")
    with pytest.raises(ValueError, match="Europe/Atlantis"):
        replace(window, rule="FREQ=DAILY", zone="Europe/Atlantis")
