from collections.abc import Callable

import pytest

from cmdb.api.arguments import check_depth, check_hours, check_limit, check_size, check_skip
from cmdb.errors import ErrorCode, InvalidInput

CASES: list[tuple[Callable[[int], int], int, int]] = [
    (check_size, 1, 100),
    (check_skip, 0, 1_000_000),
    (check_hours, 1, 87_840),
    (check_depth, 0, 20),
    (check_limit, 1, 2_000),
]


@pytest.mark.parametrize(("check", "least", "most"), CASES)
def test_arguments_pass_up_to_their_bounds_and_no_further(
    check: Callable[[int], int], least: int, most: int
) -> None:
    assert check(least) == least
    assert check(most) == most
    for value in (least - 1, most + 1):
        with pytest.raises(InvalidInput) as caught:
            check(value)
        assert caught.value.code is ErrorCode.BAD_ARGUMENT
