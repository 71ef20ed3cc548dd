import pytest

from cmdb.api.global_ids import encode_text
from cmdb.api.paging import connect, read_page
from cmdb.application.requests import Page
from cmdb.errors import ErrorCode, InvalidInput

PAGE = Page(rows=("a", "b"), positions=(("1", "a"), ("2", "b")), has_more=True, total=5)


def refused(name: str, first: int, after: str | None) -> ErrorCode:
    with pytest.raises(InvalidInput) as caught:
        read_page(name, first, after)
    return caught.value.code


def test_the_last_cursor_leads_to_its_position() -> None:
    shown = connect("events", PAGE, None)
    assert [edge.node for edge in shown.edges] == ["a", "b"]
    assert shown.total_count == 5
    assert shown.page_info.has_next_page
    assert not shown.page_info.has_previous_page
    assert read_page("events", 20, shown.page_info.end_cursor).after == ("2", "b")


def test_later_pages_have_a_previous_one_and_empty_ones_have_no_cursor() -> None:
    nothing: Page[str] = Page(rows=(), positions=(), has_more=False, total=5)
    shown = connect("events", nothing, "somewhere")
    assert shown.page_info.has_previous_page
    assert shown.page_info.start_cursor is None
    assert shown.page_info.end_cursor is None


def test_a_cursor_of_another_list_is_refused() -> None:
    cursor = connect("events", PAGE, None).page_info.end_cursor
    assert refused("changes", 20, cursor) is ErrorCode.BAD_CURSOR


@pytest.mark.parametrize(
    "after",
    [
        "",
        "x",
        "Incorrect padding",
        encode_text("7"),
        encode_text("[]"),
        encode_text('[1, "events"]'),
        encode_text('[1, "events", 5]'),
        encode_text('[2, "events", "a"]'),
        encode_text("[" * 50_000),
    ],
)
def test_forged_cursors_are_refused(after: str) -> None:
    assert refused("events", 20, after) is ErrorCode.BAD_CURSOR


@pytest.mark.parametrize("first", [0, -1, 101])
def test_page_sizes_outside_the_limit_are_refused(first: int) -> None:
    assert refused("events", first, None) is ErrorCode.BAD_ARGUMENT
