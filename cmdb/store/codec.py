"""Records as flat property maps and back: scalars natively, nested values as canonical JSON text."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from enum import Enum
from functools import cache, lru_cache
from typing import NamedTuple, cast

from pydantic import TypeAdapter

from cmdb.model.kinds import RecordKind
from cmdb.model.records import (
    Assignment,
    Change,
    Dependency,
    Event,
    Item,
    Party,
    Record,
    SituationRecord,
    Ticket,
)
from cmdb.model.redundancy import RedundancyGroup
from cmdb.model.severity import AS_IS, Severity, SeverityMap
from cmdb.model.windows import Window
from cmdb.ports.graph import Stored

Properties = dict[str, object]
ATTRIBUTE = "a_"
"""Attributes stand beside the record's own fields under this prefix, so that no name can collide."""

_TYPES: dict[RecordKind, type[Record]] = {
    kind.kind: kind
    for kind in (Item, Dependency, Event, Change, Ticket, Party, Assignment, Window, SituationRecord)
}
_JSON = frozenset({"groups", "map", "notes", "pauses", "sightings", "subject", "subjects"})
_USUAL = frozenset({"mention", "evidence", "confidence"})
"""Left out at their default: nearly every record has it."""
_NAMES = {"ci_class": "class"}
_SCALARS = frozenset({str, int, float, bool})
_write_json = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def write_time(moment: datetime) -> str:
    """Write a time as fixed-width UTC text, so that it sorts, reads well and means the same on every engine."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def read_time(text: str) -> datetime:
    """Read what `write_time` wrote."""
    return datetime.fromisoformat(text)


class _Part(NamedTuple):
    """How one field is kept: its name here and there, what is left out because reading fills it in, as JSON or not."""

    field: str
    name: str
    left_out: object
    is_json: bool


@cache
def _layout(kind: RecordKind) -> tuple[_Part, ...]:
    """Return the parts that a record of this kind is made of, its attributes left aside."""
    return tuple(
        _Part(
            field.name,
            _NAMES.get(field.name, field.name),
            field.default if _is_left_out(field.name, field.default) else None,
            field.name in _JSON,
        )
        for field in fields(_TYPES[kind])
        if field.name != "attributes"
    )


def content_of(record: Record) -> Properties:
    """Return the record's own content: no envelope, and nothing empty that reading fills in again."""
    content: Properties = {}
    for field, name, left_out, is_json in _layout(record.kind):
        value = getattr(record, field)
        if value is None or value is left_out or value == left_out:
            continue
        content[name] = _json(value) if is_json else _plain(value)
    if isinstance(record, Item):
        for key, entry in record.attributes.items():
            content[ATTRIBUTE + key] = _plain(entry)
    return content


def _is_left_out(name: str, default: object) -> bool:
    return name in _USUAL or default in ("", (), AS_IS)


def digest_of(content: Properties) -> str:
    """Return a hash that tells unchanged content from changed."""
    return hashlib.sha256(_write_json(content).encode()).hexdigest()[:32]


def record_from(kind: RecordKind, properties: Mapping[str, object]) -> Record:
    """Return the record that these properties hold; unknown ones are left aside."""
    values: dict[str, object] = {}
    for field, name, _, is_json in _layout(kind):
        if name in properties:
            value = properties[name]
            values[field] = json.loads(str(value)) if is_json else value
    if kind is RecordKind.ITEM:
        values["attributes"] = {
            name.removeprefix(ATTRIBUTE): tuple(value) if isinstance(value, list) else value
            for name, value in properties.items()
            if name.startswith(ATTRIBUTE)
        }
    return _adapter(kind).validate_python(values)


def stored_from(kind: RecordKind, properties: Mapping[str, object]) -> Stored:
    """Return the record with its envelope."""
    valid_to = properties.get("valid_to")
    return Stored(
        record=record_from(kind, properties),
        revision=cast(int, properties["revision"]),
        valid_from=read_time(str(properties["valid_from"])),
        recorded_at=read_time(str(properties["recorded_at"])),
        source=str(properties["recorded_by"]),
        valid_to=read_time(str(valid_to)) if valid_to else None,
    )


@lru_cache(maxsize=4096)
def read_map(text: str) -> SeverityMap:
    """Read a dependency's map; equal texts share one object."""
    return TypeAdapter(SeverityMap).validate_json(text)


@lru_cache(maxsize=4096)
def read_groups(text: str) -> tuple[RedundancyGroup, ...]:
    """Read a CI's redundancy groups; equal texts share one object."""
    return TypeAdapter(tuple[RedundancyGroup, ...]).validate_json(text)


@cache
def _adapter(kind: RecordKind) -> TypeAdapter[Record]:
    return TypeAdapter(_TYPES[kind])


def _plain(value: object) -> object:
    if type(value) in _SCALARS:
        return value
    match value:
        case datetime():
            return write_time(value)
        case Severity():
            return str(value)
        case Enum():
            return value.value
        case tuple() | list():
            return [_plain(entry) for entry in value]
    return value


def _json(value: object) -> str:
    return _write_json(_nested(value))


def _nested(value: object) -> object:
    """Turn dataclasses into dicts without their absent fields."""
    if hasattr(value, "__dataclass_fields__"):
        entries = {name: getattr(value, name) for name in value.__dataclass_fields__}
        return {name: _nested(entry) for name, entry in entries.items() if entry is not None}
    if isinstance(value, Mapping):
        return {name: _nested(entry) for name, entry in value.items()}
    if isinstance(value, tuple):
        return [_nested(entry) for entry in value]
    return _plain(value)
