"""Expected failures of mutations, answered as data beside what was done."""

import strawberry

from cmdb.api.vocabulary import ErrorCode
from cmdb.errors import CmdbError, Conflict, Forbidden, InvalidInput, NotFound

EXPECTED = (InvalidInput, NotFound, Forbidden, Conflict)
"""What a caller can cause and mend; all other errors fail the field."""


@strawberry.type(description="Why a mutation did nothing.")
class UserError:
    """One expected failure."""

    code: ErrorCode = strawberry.field(description="Stable code.")
    message: str = strawberry.field(description="What was found.")
    hint: str = strawberry.field(description="What to do next.")
    field: str | None = strawberry.field(description="The input field at fault, when one is.")


def describe(error: CmdbError) -> UserError:
    """Return the error as data."""
    return UserError(
        code=error.code,
        message=error.message,
        hint=error.hint,
        field=error.place.field if error.place else None,
    )
