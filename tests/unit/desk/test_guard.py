"""The guard's bounds: at the bound a run passes, one beyond it halts."""

import pytest

from cmdb.desk.guard import Figures, objections


def figures(**changed: int | bool) -> Figures:
    """Return a run over a thousand CIs and dependencies that loses nothing."""
    plain: dict[str, int | bool] = {
        "complete": True,
        "named": 1000,
        "known_items": 1000,
        "known_edges": 1000,
        "known_assignments": 1000,
        "lost_items": 0,
        "lost_edges": 0,
        "lost_assignments": 0,
        "rekeyed": 0,
    }
    return Figures(**{**plain, **changed})  # type: ignore[arg-type]


def test_a_run_that_loses_nothing_passes() -> None:
    assert objections(figures()) == ()


@pytest.mark.parametrize(
    ("within", "beyond"),
    [
        ({"named": 800}, {"named": 799}),
        ({"lost_items": 50}, {"lost_items": 51}),
        ({"lost_edges": 100}, {"lost_edges": 101}),
        ({"lost_assignments": 100}, {"lost_assignments": 101}),
        ({"rekeyed": 20}, {"rekeyed": 21}),
        (
            {"known_items": 10, "named": 10, "lost_items": 20},
            {"known_items": 10, "named": 10, "lost_items": 21},
        ),
        ({"known_edges": 10, "lost_edges": 20}, {"known_edges": 10, "lost_edges": 21}),
        ({"known_items": 10, "named": 10, "rekeyed": 5}, {"known_items": 10, "named": 10, "rekeyed": 6}),
        ({"known_items": 0, "named": 1}, {"known_items": 0, "named": 0}),
    ],
)
def test_each_bound_holds_at_the_bound_and_no_further(within: dict[str, int], beyond: dict[str, int]) -> None:
    assert objections(figures(**within)) == ()
    (told,) = objections(figures(**beyond))
    assert any(str(number) in told for number in beyond.values())


def test_a_partial_run_loses_nothing_so_it_is_not_halted() -> None:
    assert objections(figures(complete=False, named=0, lost_items=900)) == ()
