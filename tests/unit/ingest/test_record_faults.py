"""What is wrong with a record is said in words that fit the record stream, a fault a field."""

from typing import Any

import pytest
from pydantic_core import ValidationError, to_json

from cmdb.errors import ErrorCode, Place
from cmdb.ingest.faults import Fault
from cmdb.ingest.record_faults import describe
from cmdb.ingest.record_schema import validator_of
from cmdb.model.records import Assignment, Dependency, EventTransition, Item
from cmdb.model.windows import Window

ITEM: dict[str, object] = {"key": "a", "class": "server", "name": "A"}
EVENT: dict[str, object] = {
    "item": "a",
    "condition": "c",
    "severity": "major",
    "at": "2026-03-02T12:00:00Z",
}
DEPENDENCY: dict[str, object] = {"consumer": "a", "verb": "USES", "provider": "b"}


def faults(made: type, values: dict[str, Any]) -> list[Fault]:
    with pytest.raises(ValidationError) as caught:
        validator_of(made).validate_json(to_json(values))
    return list(describe(caught.value, Place("in", 7), values))


@pytest.mark.parametrize(
    ("made", "values", "code", "field", "message"),
    [
        (Item, {**ITEM, "name": 7}, "WRONG_TYPE", "name", "found 7, expected a text"),
        (Item, {**ITEM, "retired": "no"}, "WRONG_TYPE", "retired", 'found "no", expected true or false'),
        (Item, {"key": "a", "name": "A"}, "MISSING_FIELD", "class", "the field is missing"),
        (Item, {**ITEM, "colour": 1}, "UNKNOWN_FIELD", "colour", "there is no such field"),
        (Item, {**ITEM, "groups": {}}, "WRONG_TYPE", "groups", "found {}, expected a list"),
        (Item, {**ITEM, "groups": [3]}, "WRONG_TYPE", "groups.0", "found 3, expected an object"),
        (Item, {**ITEM, "attributes": []}, "WRONG_TYPE", "attributes", "found [], expected an object"),
        (
            EventTransition,
            {**EVENT, "severity": "bad"},
            "WRONG_TYPE",
            "severity",
            'found "bad", expected one of ok, warning, minor, major, critical',
        ),
        (
            EventTransition,
            {**EVENT, "at": "2026-03-02T12:00:00"},
            "WRONG_TYPE",
            "at",
            'found "2026-03-02T12:00:00", expected an ISO 8601 time with a zone, for example 2026-01-31T08:00:00Z',
        ),
        (
            EventTransition,
            {**EVENT, "at": 5},
            "WRONG_TYPE",
            "at",
            "found 5, expected an ISO 8601 time with a zone",
        ),
        (
            Dependency,
            {**DEPENDENCY, "weight": 1.5},
            "WRONG_TYPE",
            "weight",
            "found 1.5, expected a whole number",
        ),
    ],
)
def test_a_fault_says_where_what_was_found_and_what_was_expected(
    made: type, values: dict[str, object], code: str, field: str, message: str
) -> None:
    (fault,) = faults(made, values)
    assert (fault.code.value, fault.message) == (code, message)
    assert (fault.place.source, fault.place.line, fault.place.field) == ("in", 7, field)


@pytest.mark.parametrize("value", [None, {"b": 1}, [1, 2], 2**63, float("inf")])
def test_an_attribute_of_no_type_is_one_fault(value: object) -> None:
    (fault,) = faults(Item, {**ITEM, "attributes": {"size": value, "sound": 1}})
    assert (fault.code, fault.place.field) == (ErrorCode.WRONG_TYPE, "attributes.size")
    assert fault.message.endswith("expected a text, a number, true or false, or a list of texts")


def test_an_infinite_number_is_shown_as_what_it_is() -> None:
    (fault,) = faults(Item, {**ITEM, "attributes": {"size": float("inf")}})
    assert "null" not in fault.message


def test_every_faulty_field_is_named_and_each_once() -> None:
    found = faults(Item, {"key": 1, "name": [], "attributes": {"a": None, "b": {}}, "more": 1})
    assert [fault.place.field for fault in found] == [
        "key",
        "class",
        "name",
        "attributes.a",
        "attributes.b",
        "more",
    ]


@pytest.mark.parametrize(
    ("made", "values", "name"),
    [
        (Item, {**ITEM, "name": 1}, "a"),
        (Item, {"key": 1, "class": "server", "name": "A"}, None),
        (Dependency, {**DEPENDENCY, "note": 1}, "a|USES|b"),
        (Dependency, {"consumer": "a", "verb": 1, "provider": "b"}, "a|b"),
        (Assignment, {"party": "p", "role": "king", "item": "i"}, "p|king|i"),
    ],
)
def test_a_record_is_named_by_its_key_or_its_ends(
    made: type, values: dict[str, object], name: str | None
) -> None:
    assert {fault.place.record for fault in faults(made, values)} == {name}


def test_a_long_value_is_cut() -> None:
    (fault,) = faults(Item, {**ITEM, "name": ["x" * 500]})
    assert len(fault.message) < 100
    assert "…, expected a text" in fault.message


def test_what_a_record_itself_refuses_keeps_its_words() -> None:
    window = {
        "key": "w",
        "window_kind": "maintenance",
        "title": "W",
        "start": "2026-03-02T12:00:00Z",
        "end": "2026-03-02T11:00:00Z",
    }
    (fault,) = faults(Window, {**window, "items": ["a"]})
    assert fault.code is ErrorCode.BAD_INTERVAL
    assert "'end'" in fault.message
