import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmdb.model.severity import AS_IS, MapKind, Severity, SeverityMap, Strength

OK, WARNING, MINOR, MAJOR, CRITICAL = Severity
MAPS = st.one_of(
    st.builds(
        SeverityMap,
        kind=st.sampled_from([MapKind.AS_IS, MapKind.INCREASE, MapKind.DECREASE]),
        by=st.integers(0, 5),
    ),
    st.builds(SeverityMap, kind=st.just(MapKind.FIXED), to=st.sampled_from(Severity)),
)


@pytest.mark.parametrize("name", ["critical", "CRITICAL", "Critical"])
def test_a_rung_is_known_by_its_name_in_any_case(name: str) -> None:
    assert Severity(name) is CRITICAL  # type: ignore[arg-type] # records bring names
    assert str(CRITICAL) == "critical"


@pytest.mark.parametrize("name", ["", "clear", "5"])
def test_other_names_are_no_rungs(name: str) -> None:
    with pytest.raises(ValueError, match="not a valid Severity"):
        Severity(name)  # type: ignore[arg-type] # records bring names


@pytest.mark.parametrize(
    ("shift", "strength", "rungs"),
    [
        (AS_IS, Strength.HARD, (0, 1, 2, 3, 4)),
        (AS_IS, Strength.SOFT, (0, 1, 1, 1, 1)),
        (AS_IS, Strength.TELEMETRY, None),
        (SeverityMap(MapKind.IGNORE), Strength.HARD, None),
        (SeverityMap(MapKind.INCREASE, by=2), Strength.HARD, (0, 3, 4, 4, 4)),
        (SeverityMap(MapKind.DECREASE, by=2), Strength.HARD, (0, 1, 1, 1, 2)),
        (SeverityMap(MapKind.FIXED, to=MAJOR), Strength.HARD, (0, 3, 3, 3, 3)),
        (SeverityMap(MapKind.FIXED, to=MAJOR), Strength.SOFT, (0, 1, 1, 1, 1)),
        (
            SeverityMap(MapKind.TABLE, table=(OK, OK, WARNING, MINOR, CRITICAL)),
            Strength.HARD,
            (0, 0, 1, 2, 4),
        ),
    ],
)
def test_strength_applies_after_the_map(
    shift: SeverityMap, strength: Strength, rungs: tuple[int, ...] | None
) -> None:
    assert shift.rungs(strength) == rungs


@given(MAPS, st.sampled_from([Strength.HARD, Strength.SOFT]))
def test_every_map_keeps_order_and_leaves_ok_alone(shift: SeverityMap, strength: Strength) -> None:
    rungs = shift.rungs(strength)
    assert rungs is not None
    assert rungs[0] == 0
    assert list(rungs) == sorted(rungs)


@pytest.mark.parametrize(
    "table",
    [None, (OK, MINOR), (WARNING,) * 5, (OK, MAJOR, MINOR, MAJOR, CRITICAL)],
)
def test_a_table_that_is_not_monotone_cannot_be_made(table: tuple[Severity, ...] | None) -> None:
    with pytest.raises(ValueError, match="five rungs"):
        SeverityMap(MapKind.TABLE, table=table)


def test_a_negative_step_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        SeverityMap(MapKind.INCREASE, by=-1)
