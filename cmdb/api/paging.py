"""Relay connections over keyset positions: an insert between two pages neither repeats nor skips a row."""

import json
from typing import Generic, TypeVar

import strawberry

from cmdb.api.global_ids import decode_text, encode_text
from cmdb.application.requests import Page, PageRequest
from cmdb.errors import ErrorCode, InvalidInput, Place

VERSION = 1
Row = TypeVar("Row")
NodeType = TypeVar("NodeType")


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    """Relay page information."""

    has_next_page: bool = strawberry.field(description="Whether rows follow this page.")
    has_previous_page: bool = strawberry.field(description="Whether rows come before this page.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first row.")
    end_cursor: str | None = strawberry.field(description="Cursor of the last row; pass it as `after`.")


@strawberry.type(description="One row of a page.")
class Edge(Generic[NodeType]):
    """Relay edge."""

    node: NodeType = strawberry.field(description="The row.")
    cursor: str = strawberry.field(description="Where the row stands; valid in the same list only.")


@strawberry.type(description="One page of a list.")
class Connection(Generic[NodeType]):
    """Relay connection."""

    edges: list[Edge[NodeType]] = strawberry.field(description="The rows of the page, each with its cursor.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")
    total_count: int = strawberry.field(description="How many rows the whole list has.")


def read_page(name: str, first: int, after: str | None) -> PageRequest:
    """Check page arguments of the list `name`; BAD_ARGUMENT, or BAD_CURSOR for a cursor of another list."""
    return PageRequest(first, None if after is None else _decode(name, after))


def connect(name: str, page: Page[Row], after: str | None) -> Connection[Row]:
    """Turn a page of the list `name` into its connection."""
    cursors = [_encode(name, position) for position in page.positions]
    return Connection(
        edges=[Edge(node=row, cursor=cursor) for row, cursor in zip(page.rows, cursors, strict=True)],
        page_info=PageInfo(
            has_next_page=page.has_more,
            has_previous_page=after is not None,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        ),
        total_count=page.total,
    )


def _encode(name: str, position: tuple[str, ...]) -> str:
    return encode_text(json.dumps([VERSION, name, *position], separators=(",", ":"), ensure_ascii=False))


def _decode(name: str, cursor: str) -> tuple[str, ...]:
    try:
        version, of, *position = json.loads(decode_text(cursor))
    except (ValueError, TypeError, RecursionError):
        raise _bad_cursor(name) from None
    if (
        (version, of) != (VERSION, name)
        or not position
        or not all(isinstance(part, str) for part in position)
    ):
        raise _bad_cursor(name)
    return tuple(position)


def _bad_cursor(name: str) -> InvalidInput:
    return InvalidInput(
        ErrorCode.BAD_CURSOR,
        f"The cursor was not made for the list '{name}'.",
        hint="Pass an endCursor or cursor of the same list, or leave 'after' out to start again.",
        place=Place("request", field="after"),
    )
