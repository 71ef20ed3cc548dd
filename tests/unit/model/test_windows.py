"""Which windows can be."""

from datetime import timedelta

import pytest

from cmdb.model.windows import Window, WindowKind
from tests.support.moments import NOON, minutes

HALF_AN_HOUR = minutes(30)


def window(end: timedelta = HALF_AN_HOUR, rule: str = "", zone: str = "") -> Window:
    return Window(
        key="w",
        window_kind=WindowKind.MAINTENANCE,
        title="patch night",
        start=NOON,
        end=NOON + end,
        rule=rule,
        zone=zone,
    )


@pytest.mark.parametrize("end", [timedelta(0), timedelta(microseconds=-1), timedelta(days=-1)])
def test_a_window_ends_after_it_starts(end: timedelta) -> None:
    with pytest.raises(ValueError, match="'end' lies after 'start'"):
        window(end)
    assert window(timedelta(microseconds=1)).end > NOON


@pytest.mark.parametrize(
    ("rule", "zone", "says"),
    [
        ("every sunday", "", "rule"),
        ("FREQ=WEEKLY;BYDAY=XX", "", "BYDAY"),
        ("FREQ=WEEKLY;BYDAY=SU", "Nowhere/Town", "zone"),
    ],
)
def test_a_time_that_nobody_can_tell_is_refused(rule: str, zone: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        window(rule=rule, zone=zone)


def test_a_rule_that_is_understood_is_kept_as_it_was_written() -> None:
    held = window(rule="FREQ=WEEKLY;BYDAY=SU", zone="Europe/Berlin")
    assert (held.rule, held.zone) == ("FREQ=WEEKLY;BYDAY=SU", "Europe/Berlin")
