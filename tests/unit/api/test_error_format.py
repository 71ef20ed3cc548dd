import logging

import pytest
from graphql import GraphQLError

from cmdb.api.error_format import describe_error, format_error, wrap_error
from cmdb.errors import ErrorCode, NotFound, Place

MISSING = NotFound(
    ErrorCode.NOT_FOUND, "There is no x.", hint="Look again.", place=Place("request", field="ref")
)


def test_errors_of_our_own_keep_code_hint_and_place() -> None:
    told = format_error(GraphQLError("x", path=["item"], original_error=MISSING), "1")
    assert told == {
        "message": "There is no x.",
        "path": ["item"],
        "extensions": {"code": "NOT_FOUND", "hint": "Look again.", "place": "request, field ref"},
    }


def test_faults_are_masked_and_logged_under_the_request_id(caplog: pytest.LogCaptureFixture) -> None:
    fault = RuntimeError("password=secret")
    with caplog.at_level(logging.ERROR, logger="cmdb.api"):
        told = format_error(GraphQLError("password=secret", original_error=fault), "abc123")
    assert "secret" not in str(told)
    assert told["extensions"] == {
        "code": "INTERNAL",
        "hint": "Give the request id abc123 to whoever runs the service.",
        "place": None,
        "requestId": "abc123",
    }
    assert "abc123" in caplog.text
    assert "secret" in caplog.text


def test_errors_of_the_library_keep_their_code_or_mean_a_wrong_value() -> None:
    plain = format_error(GraphQLError("Variable '$a' got invalid value."), "1")
    coded = format_error(GraphQLError("x", extensions={"code": "SYNTAX"}), "1")
    assert plain["extensions"]["code"] == "WRONG_TYPE"  # type: ignore[index]
    assert coded["extensions"]["code"] == "SYNTAX"  # type: ignore[index]


def test_a_refused_request_has_errors_and_no_data() -> None:
    assert wrap_error(describe_error(MISSING)) == {
        "errors": [
            {
                "message": "There is no x.",
                "extensions": {"code": "NOT_FOUND", "hint": "Look again.", "place": "request, field ref"},
            }
        ]
    }
