"""Derives strict validators for the record stream from the model's own dataclasses."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import SchemaValidator, core_schema

from cmdb.model.provenance import Sighting
from cmdb.model.records import EventTransition, Item
from cmdb.model.severity import Severity

WIRE_NAMES: Mapping[type, Mapping[str, str]] = {
    Item: {"ci_class": "class"},
    Sighting: {"ci_class": "class"},
}
"""Fields whose JSON name differs from the field's name, because Python reserves the word."""

OURS: Mapping[type, frozenset[str]] = {EventTransition: frozenset({"received_at"})}
"""Fields that no source may fill in."""

_INTEGER_BITS = 63  # the store keeps signed 64-bit integers
_SEVERITY = core_schema.no_info_after_validator_function(
    Severity, core_schema.literal_schema([str(rung) for rung in Severity])
)

_LEFT_OUT = {"schema": core_schema.with_default_schema(core_schema.none_schema(), default=None)}

# A core schema is a tree of plain dicts and lists whose node types are told apart by their key "type".
_Schema = Any


def validator_of(made: type) -> SchemaValidator:
    """Return a validator that takes a record's JSON object without its kind.

    Stricter than the dataclass by itself: no unknown field, no conversion between types, times with a zone,
    severities by name (sources disagree on which number is worst), integers that the store can keep.
    """
    return SchemaValidator(_strict(TypeAdapter(made).core_schema))


def _strict(schema: _Schema) -> _Schema:
    if isinstance(schema, list):
        return [_strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("cls") is Severity:
        return _SEVERITY
    if schema.get("type") == "float":
        return core_schema.no_info_before_validator_function(_fraction, schema)
    return {name: _strict(part) for name, part in schema.items() if name != "metadata"} | _tightened(schema)


def _fraction(value: object) -> object:
    """Refuse whole numbers: one too large for an integer would pass as a float and silently lose digits."""
    if isinstance(value, int):
        raise ValueError("whole numbers are not read as fractions")
    return value


def _tightened(schema: Mapping[str, _Schema]) -> dict[str, _Schema]:
    match schema.get("type"):
        case "dataclass":
            names, ours = WIRE_NAMES.get(schema["cls"], {}), OURS.get(schema["cls"], frozenset())
            inner = _strict(schema["schema"])
            fields = [
                field | (_LEFT_OUT if field["name"] in ours else _alias(names, field["name"]))
                for field in inner["fields"]
            ]
            return {"schema": inner | {"fields": fields}, "config": {"strict": True, "allow_inf_nan": False}}
        case "dataclass-args":
            return {"extra_behavior": "forbid"}
        case "datetime":
            return {"tz_constraint": "aware"}
        case "int":
            return {"ge": -(1 << _INTEGER_BITS), "lt": 1 << _INTEGER_BITS}
        case _:
            return {}


def _alias(names: Mapping[str, str], field: str) -> dict[str, str]:
    return {"validation_alias": names[field]} if field in names else {}
