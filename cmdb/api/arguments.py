"""Arguments that many root fields share, and the limits on them."""

from typing import Annotated

import strawberry

from cmdb.application.requests import PAGE_LIMIT
from cmdb.errors import ErrorCode, InvalidInput, Place

DEEPEST_WALK = 20
MOST_PATHS = 10
LARGEST_WALK = 2_000
LARGEST_SKIP = 1_000_000
LONGEST_LOOK_BACK = 24 * 366 * 10

AtLeast = Annotated[
    int | None,
    strawberry.argument(
        description="Answer only from this revision of the graph on; BEHIND when not reached."
    ),
]
PageSize = Annotated[int, strawberry.argument(description=f"How many rows, 1 to {PAGE_LIMIT}.")]
BestPaths = Annotated[int, strawberry.argument(description=f"How many paths, 1 to {MOST_PATHS}.")]
ServicesOnly = Annotated[bool, strawberry.argument(description="Whether only services are listed.")]
ItemReference = Annotated[str, strawberry.argument(description="Key or unique name of an item.")]
After = Annotated[str | None, strawberry.argument(description="The cursor after which the page begins.")]


def check_size(first: int) -> int:
    """Return `first` when it lies within the published limit, else raise BAD_ARGUMENT."""
    return _within("first", first, 1, PAGE_LIMIT)


def check_best(best: int) -> int:
    """Return `best` when so many paths may be asked for, else raise BAD_ARGUMENT."""
    return _within("best", best, 1, MOST_PATHS)


def check_skip(skip: int) -> int:
    """Return `skip` when it is a sensible distance, else raise BAD_ARGUMENT."""
    return _within("skip", skip, 0, LARGEST_SKIP)


def check_hours(hours: int) -> int:
    """Return `hours` when it lies between an hour and ten years, else raise BAD_ARGUMENT."""
    return _within("hours", hours, 1, LONGEST_LOOK_BACK)


def check_depth(depth: int) -> int:
    """Return `depth` when a walk may go that far, else raise BAD_ARGUMENT."""
    return _within("depth", depth, 0, DEEPEST_WALK)


def check_limit(limit: int) -> int:
    """Return `limit` when a walk may list that many items, else raise BAD_ARGUMENT."""
    return _within("limit", limit, 1, LARGEST_WALK)


def _within(name: str, value: int, least: int, most: int) -> int:
    if least <= value <= most:
        return value
    raise InvalidInput(
        ErrorCode.BAD_ARGUMENT,
        f"'{name}' is {value}, outside {least} to {most}.",
        hint=f"Give a whole number from {least} to {most}.",
        place=Place("request", field=name),
    )
