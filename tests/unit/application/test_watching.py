"""Totals that change without a revision are somebody else's doing; those of a commit under way are not."""

import pytest

from cmdb.application.watching import TotalsWatch

Look = tuple[int, int]


@pytest.mark.parametrize(
    ("looks", "told"),
    [
        ([(1, 5), (1, 5), (1, 6)], [False, False, True]),
        ([(1, 5), (1, 6), (1, 6), (1, 5)], [False, False, False, True]),
        ([(1, 5), (1, 5), (2, 6), (2, 6)], [False] * 4),
        ([(1, 5), (1, 5), (2, 5), (2, 6), (2, 6)], [False] * 5),
        ([(1, 5), (1, 5), (1, 6), (1, 6)], [False, False, True, True]),
    ],
)
def test_totals_count_once_seen_twice(looks: list[Look], told: list[bool]) -> None:
    watch = TotalsWatch()
    assert [watch.differs(revision, (total,)) for revision, total in looks] == told


def test_after_a_rebuild_it_starts_again() -> None:
    watch = TotalsWatch()
    for _ in range(2):
        watch.differs(1, (5,))
    watch.forget()
    assert not watch.differs(1, (6,))
