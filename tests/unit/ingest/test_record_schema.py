"""Validators of the record stream take what the model means, and convert nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import ValidationError, to_json

from cmdb.ingest.record_schema import validator_of
from cmdb.model.records import Item
from cmdb.model.severity import Severity


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Inner:
    name: str


@dataclass(frozen=True)
class Sample:
    """One field of each type that records have."""

    text: str = ""
    number: int = 0
    fraction: float = 0.0
    flag: bool = False
    at: datetime | None = None
    severity: Severity = Severity.OK
    colour: Colour = Colour.RED
    texts: tuple[str, ...] = ()
    inner: tuple[Inner, ...] = ()
    mapped: Mapping[str, str | int | float | bool | tuple[str, ...]] = field(default_factory=dict)


VALIDATOR = validator_of(Sample)


def read(**values: object) -> Any:
    return VALIDATOR.validate_json(to_json(values))


def kinds(**values: object) -> set[str]:
    with pytest.raises(ValidationError) as caught:
        read(**values)
    return {detail["type"] for detail in caught.value.errors()}


def test_what_has_its_type_is_taken() -> None:
    given_at = "2026-03-02T12:00:00+01:00"
    found = read(text="a", number=3, fraction=0.5, flag=True, at=given_at, colour="red", texts=["x"])
    assert (found.text, found.number, found.fraction, found.flag) == ("a", 3, 0.5, True)
    assert found.at == datetime.fromisoformat(given_at)
    assert (found.colour, found.texts) == (Colour.RED, ("x",))
    assert read(inner=[{"name": "a"}]).inner == (Inner("a"),)
    assert read() == Sample()


@pytest.mark.parametrize("rung", list(Severity))
def test_severities_are_named(rung: Severity) -> None:
    assert read(severity=str(rung)).severity is rung
    for other in (int(rung), str(int(rung)), str(rung).upper(), str(rung).title()):
        assert kinds(severity=other)


@pytest.mark.parametrize(
    "values",
    [
        {"text": 1},
        {"text": None},
        {"number": "1"},
        {"number": 1.0},
        {"number": True},
        {"fraction": "0.5"},
        {"fraction": 1},
        {"fraction": float("nan")},
        {"fraction": float("inf")},
        {"flag": 1},
        {"flag": "true"},
        {"at": "2026-03-02T12:00:00"},
        {"at": 1_700_000_000},
        {"at": "yesterday"},
        {"colour": "RED"},
        {"texts": "x"},
        {"texts": [1]},
        {"inner": [{}]},
        {"inner": [{"name": "a", "more": 1}]},
        {"unknown": 1},
        {"mapped": {"a": None}},
        {"mapped": {"a": [1]}},
        {"mapped": {"a": {"b": 1}}},
        {"mapped": []},
    ],
    ids=str,
)
def test_what_has_another_type_is_refused(values: dict[str, object]) -> None:
    assert kinds(**values)


@given(st.integers())
def test_whole_numbers_are_those_that_the_store_can_keep(number: int) -> None:
    if -(2**63) <= number < 2**63:
        assert read(number=number, mapped={"a": number}).mapped == {"a": number}
    else:
        assert kinds(number=number)
        assert kinds(mapped={"a": number})


@pytest.mark.parametrize("number", [-(2**63), 2**63 - 1])
def test_the_outermost_whole_numbers_are_kept(number: int) -> None:
    assert read(number=number).number == number


@pytest.mark.parametrize("number", [-(2**63) - 1, 2**63, 10**400])
def test_a_number_beyond_them_does_not_pass_as_a_fraction(number: int) -> None:
    assert kinds(mapped={"a": number})


@given(
    st.dictionaries(
        st.text(max_size=3),
        st.text(max_size=3) | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)
        | st.integers(-(2**63), 2**63 - 1) | st.lists(st.text(max_size=2), max_size=2),
    )
)  # fmt: skip
def test_attribute_values_keep_value_and_type(values: dict[str, object]) -> None:
    found = read(mapped=values).mapped
    plain = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    assert found == plain
    assert {name: type(value) for name, value in found.items()} == {
        name: type(value) for name, value in plain.items()
    }


def test_a_field_that_python_reserves_has_its_plain_name() -> None:
    validator = validator_of(Item)
    found = validator.validate_json(to_json({"key": "a", "class": "server", "name": "A"}))
    assert found == Item(key="a", ci_class="server", name="A")
    with pytest.raises(ValidationError):
        validator.validate_json(to_json({"key": "a", "ci_class": "server", "name": "A"}))
