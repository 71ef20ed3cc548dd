"""Which changes are maintenance of their targets."""

from dataclasses import replace

import pytest

from cmdb.desk.change_windows import change_windows
from cmdb.desk.maintenance import is_open
from cmdb.model.records import Change, ChangeKind, ChangeState
from cmdb.model.windows import WindowKind
from tests.support.moments import NOON, minutes

RUNNING = Change(
    key="c1", title="swap", change_kind=ChangeKind.NORMAL, state=ChangeState.RUNNING, targets=("a", "b"),
    planned_start=NOON, planned_end=NOON + minutes(60), actual_start=NOON + minutes(5),
)  # fmt: skip


def test_a_running_planned_change_is_maintenance_from_its_start_to_its_planned_end() -> None:
    (window,) = change_windows([RUNNING])
    assert (window.window_kind, window.items) == (WindowKind.MAINTENANCE, ("a", "b"))
    assert not is_open(window, NOON)
    assert is_open(window, NOON + minutes(5))
    assert not is_open(window, NOON + minutes(60))


@pytest.mark.parametrize(
    "change",
    [
        replace(RUNNING, state=ChangeState.PLANNED),
        replace(RUNNING, state=ChangeState.COMPLETED),
        replace(RUNNING, change_kind=ChangeKind.DETECTED),
        replace(RUNNING, planned_end=None),
        replace(RUNNING, targets=()),
        replace(RUNNING, actual_start=NOON + minutes(61)),
    ],
)
def test_what_is_not_under_way_as_planned_is_none(change: Change) -> None:
    assert list(change_windows([change])) == []
