"""Says what pydantic found wrong with a record in words that fit the record stream."""

from collections.abc import Iterator, Mapping

from pydantic_core import ErrorDetails, ValidationError, to_json

from cmdb.errors import ErrorCode, Place
from cmdb.ingest.faults import Fault

_EXPECTED = {
    "string_type": "a text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "tuple_type": "a list",
    "mapping_type": "an object",
    "dict_type": "an object",
    "dataclass_type": "an object",
    "dataclass_exact_type": "an object",
    "datetime_type": "an ISO 8601 time with a zone",
    "datetime_parsing": "an ISO 8601 time with a zone",
    "datetime_from_date_parsing": "an ISO 8601 time with a zone",
    "timezone_aware": "an ISO 8601 time with a zone, for example 2026-01-31T08:00:00Z",
}
_CODES = {"missing": ErrorCode.MISSING_FIELD, "unexpected_keyword_argument": ErrorCode.UNKNOWN_FIELD}
_ATTRIBUTE = "a text, a number, true or false, or a list of texts"
_SHOWN = 60


def describe(error: ValidationError, place: Place, values: Mapping[str, object]) -> Iterator[Fault]:
    """Yield a fault per field; the five complaints about one attribute's value become one."""
    record = _record_name(values)
    seen: set[str] = set()
    for detail in error.errors(include_url=False):
        path = detail["loc"][:2] if detail["loc"][:1] == ("attributes",) else detail["loc"]
        field = ".".join(map(str, path))
        if field not in seen or not field:
            seen.add(field)
            located = Place(place.source, place.line, record, field or None)
            yield Fault(
                _code(detail),
                located,
                _message(detail, in_attribute=len(path) > 1 and path[0] == "attributes"),
            )


def _record_name(values: Mapping[str, object]) -> str | None:
    """Name a record by its key, or by the ends that make up the key of a dependency or assignment."""
    names = [values.get(field) for field in ("key", "consumer", "verb", "provider", "party", "role", "item")]
    return "|".join(name for name in names if isinstance(name, str)) or None


def _code(detail: ErrorDetails) -> ErrorCode:
    if detail["type"] == "value_error" and "'end'" in detail["msg"]:
        return ErrorCode.BAD_INTERVAL
    return _CODES.get(detail["type"], ErrorCode.WRONG_TYPE)


def _message(detail: ErrorDetails, *, in_attribute: bool) -> str:
    kind = detail["type"]
    if kind == "missing":
        return "the field is missing"
    if kind == "unexpected_keyword_argument":
        return "there is no such field"
    if kind == "value_error":
        return str(detail["ctx"]["error"])
    expected = _ATTRIBUTE if in_attribute else _expected(detail)
    return f"found {_shown(detail['input'])}, expected {expected}"


def _expected(detail: ErrorDetails) -> str:
    choices = detail.get("ctx", {}).get("expected")
    if choices is not None:
        return "one of " + str(choices).replace("'", "").replace(" or ", ", ")
    return _EXPECTED.get(detail["type"], detail["msg"].removeprefix("Input should be "))


def _shown(value: object) -> str:
    text = to_json(value).decode()
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
