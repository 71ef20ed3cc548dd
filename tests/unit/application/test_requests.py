"""Requests refuse what no question can answer."""

import pytest

from cmdb.application.requests import PAGE_LIMIT, PageRequest
from cmdb.errors import ErrorCode, InvalidInput


@pytest.mark.parametrize("first", [1, PAGE_LIMIT])
def test_a_page_may_be_as_large_as_published(first: int) -> None:
    assert PageRequest(first).first == first


@pytest.mark.parametrize("first", [-1, 0, PAGE_LIMIT + 1])
def test_other_page_sizes_are_refused(first: int) -> None:
    with pytest.raises(InvalidInput) as caught:
        PageRequest(first)
    assert caught.value.code is ErrorCode.BAD_ARGUMENT
    assert f"'first' is {first}" in caught.value.message
    assert "endCursor" in caught.value.hint
