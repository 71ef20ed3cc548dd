import pytest

from cmdb.model.redundancy import RedundancyGroup


@pytest.mark.parametrize(
    ("group", "weight", "trip"),
    [
        (RedundancyGroup(name="g", need_up=2), 3, (2, 3)),
        (RedundancyGroup(name="g", need_up=1), 3, (3, 3)),
        (RedundancyGroup(name="g", need_up=3), 3, (1, 3)),
        (RedundancyGroup(name="g", need_up=5), 3, (0, 3)),
        (RedundancyGroup(name="g", need_up=1), 0, (0, 1)),
        (RedundancyGroup(name="g", need_percent=50), 3, (2, 3)),
        (RedundancyGroup(name="g", need_percent=100), 3, (1, 3)),
        (RedundancyGroup(name="g", need_percent=1), 3, (3, 3)),
        (RedundancyGroup(name="g", trip=(1, 2)), 7, (1, 2)),
    ],
)
def test_a_need_becomes_a_trip_fraction(group: RedundancyGroup, weight: int, trip: tuple[int, int]) -> None:
    assert group.trip_fraction(weight) == trip


@pytest.mark.parametrize(
    ("need", "says"),
    [
        ({}, "exactly one"),
        ({"need_up": 1, "need_percent": 50}, "exactly one"),
        ({"need_up": 0}, "1 or more"),
        ({"need_percent": 101}, "between 1 and 100"),
        ({"trip": (3, 2)}, "from 0 to 1"),
        ({"trip": (0, 0)}, "from 0 to 1"),
    ],
)
def test_impossible_needs_cannot_be_made(need: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        RedundancyGroup(name="g", **need)  # type: ignore[arg-type]
