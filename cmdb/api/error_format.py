"""Turns errors into what clients read: a stable code, the observed fact, a hint and a place; never a trace."""

import logging
from collections.abc import Mapping

from graphql import GraphQLError
from strawberry.exceptions import StrawberryInputCoercionError

from cmdb.errors import CmdbError, ErrorCode, Overloaded, StoreError

LOG = logging.getLogger("cmdb.api")
Json = dict[str, object]
_ASK_LESS = "Ask for less in one document: fewer fields, smaller pages, fewer aliases."
_LOOK_UP = "Look it up in graphql/schema.graphql, or ask for it by introspection."


_STATUS = {
    ErrorCode.TOO_LARGE: 413,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.UNKNOWN_LOADER: 404,
    ErrorCode.CONFLICT: 409,
    ErrorCode.FEED_BUSY: 409,
    ErrorCode.RUN_OVERTAKEN: 409,
    ErrorCode.PLAN_REFUSED: 409,
    ErrorCode.PLAN_CHANGED: 409,
}


def http_status(error: CmdbError) -> int:
    """Return the status of a plain HTTP answer that carries this error."""
    if isinstance(error, StoreError | Overloaded) or error.code is ErrorCode.INBOX_BROKEN:
        return 503
    if error.place is not None and error.place.field == "Content-Type":
        return 415
    return _STATUS.get(error.code, 400)


def describe_error(error: CmdbError) -> Json:
    """Return the error as the body of a plain HTTP answer."""
    told: Json = {
        "code": error.code.value,
        "message": error.message,
        "hint": error.hint,
        "place": str(error.place) if error.place else None,
    }
    return told | {"retryAfterSeconds": error.retry_after} if isinstance(error, Overloaded) else told


def retry_headers(error: CmdbError) -> dict[str, str]:
    """Return the header that tells a refused writer when to come back."""
    return {"retry-after": str(error.retry_after)} if isinstance(error, Overloaded) else {}


def describe_fault(error: BaseException, request_id: str) -> Json:
    """Log a fault of our own under the request id, and return what the client may know of it."""
    LOG.error("request %s failed", request_id, exc_info=error)
    return {
        "code": ErrorCode.INTERNAL.value,
        "message": "The service failed.",
        "hint": f"Give the request id {request_id} to whoever runs the service.",
        "place": None,
        "requestId": request_id,
    }


def format_error(error: GraphQLError, request_id: str) -> Json:
    """Return an error of a GraphQL response with `extensions.code`, hint and place."""
    cause = error.original_error
    if isinstance(cause, CmdbError):
        told = describe_error(cause)
    elif cause is None or isinstance(cause, GraphQLError | StrawberryInputCoercionError):
        # graphql-core's own errors: validation has coded them, what is left are values of variables and arguments.
        known = error.extensions or {}
        costly = known.get("code") == ErrorCode.TOO_COSTLY.value
        told = {
            "code": ErrorCode.WRONG_TYPE.value,
            "hint": _ASK_LESS if costly else _LOOK_UP,
            "place": None,
            **known,
        }
    else:
        told = describe_fault(cause, request_id)
    formatted: Json = {"message": told.pop("message", error.message)}
    if error.locations:
        formatted["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.path is not None:
        formatted["path"] = error.path
    return formatted | {"extensions": told}


def wrap_error(told: Mapping[str, object]) -> Json:
    """Return what `describe_error` or `describe_fault` told as a GraphQL response without data."""
    extensions = {name: value for name, value in told.items() if name != "message"}
    return {"errors": [{"message": told["message"], "extensions": extensions}]}
