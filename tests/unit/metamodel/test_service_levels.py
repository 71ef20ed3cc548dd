"""What is promised for tickets, as declared."""

from datetime import UTC, date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cmdb.errors import DeclarationError
from cmdb.metamodel.service_levels import read_service_levels
from cmdb.resources import folder

SHIPPED = (folder("schema") / "service-levels.yaml").read_text(encoding="utf-8")


def read(tmp_path: Path, text: str) -> object:
    path = tmp_path / "service-levels.yaml"
    path.write_text(text, encoding="utf-8")
    return read_service_levels(path)


def test_the_shipped_levels_are_read() -> None:
    levels = read_service_levels(folder("schema") / "service-levels.yaml")
    assert sorted(levels) == [1, 2, 3, 4, 5]
    assert (levels[1].response, levels[1].calendar.is_always) == (timedelta(minutes=15), True)
    office = levels[3].calendar
    assert (office.days[0], office.days[5], office.zone) == (((480, 1080),), (), UTC)


def test_zones_breaks_and_holidays_are_read(tmp_path: Path) -> None:
    text = SHIPPED.replace(
        '["08:00-18:00"]\n    holidays: []', '["13:00-24:00", "08:00-12:00"]\n    holidays: ["2026-12-25"]'
    ).replace("office:\n    zone: UTC", "office:\n    zone: Europe/Berlin")
    path = tmp_path / "service-levels.yaml"
    path.write_text(text, encoding="utf-8")
    office = read_service_levels(path)[5].calendar
    assert (office.days[4], office.zone) == (((480, 720), (780, 1440)), ZoneInfo("Europe/Berlin"))
    assert office.holidays == frozenset({date(2026, 12, 25)})


@pytest.mark.parametrize(
    ("found", "wrong", "field"),
    [
        ("calendar: always, response: 15m", "calendar: never, response: 15m", "calendar"),
        ("response: 15m", "response: soon", "response"),
        ("resolution: 4h", "resolution: 0h", "resolution"),
        ('"5":', '"6":', "priorities"),
        ("[mon, tue, wed, thu, fri]", "[mon, monday]", "days"),
        ("[mon, tue, wed, thu, fri]", "[]", "hours"),
        ('["08:00-18:00"]', '["8-18"]', "hours"),
        ('["08:00-18:00"]', '["18:00-08:00"]', "hours"),
        ('["00:00-24:00"]', '["00:00-24:30"]', "hours"),
        ("holidays: []", 'holidays: ["christmas"]', "holidays"),
        ("zone: UTC", "zone: Nowhere/Town", "zone"),
        ("zone: UTC", "zone: ../secret", "zone"),
    ],
)
def test_a_fault_names_its_field(tmp_path: Path, found: str, wrong: str, field: str) -> None:
    assert found in SHIPPED
    with pytest.raises(DeclarationError) as caught:
        read(tmp_path, SHIPPED.replace(found, wrong, 1))
    assert caught.value.place is not None
    assert caught.value.place.field == field
    assert caught.value.hint
