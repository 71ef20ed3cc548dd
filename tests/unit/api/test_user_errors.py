from cmdb.api.user_errors import EXPECTED, describe
from cmdb.errors import Conflict, ErrorCode, Forbidden, InvalidInput, NotFound, Place, StoreError


def test_what_a_caller_can_mend_is_expected_and_a_store_that_is_gone_is_not() -> None:
    for kind in (InvalidInput, NotFound, Forbidden, Conflict):
        assert issubclass(kind, EXPECTED)
    assert not issubclass(StoreError, EXPECTED)


def test_an_error_is_told_with_its_field() -> None:
    placed = Place("request", field="caller")
    told = describe(NotFound(ErrorCode.NOT_FOUND, "There is no x.", hint="Look.", place=placed))
    assert (told.code, told.message, told.hint, told.field) == (
        ErrorCode.NOT_FOUND,
        "There is no x.",
        "Look.",
        "caller",
    )
    assert describe(Conflict(ErrorCode.CONFLICT, "No.")).field is None
