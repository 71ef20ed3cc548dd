"""Our own record stream: one JSON object per line, its `kind` and the fields of that record.

JSON names are the field names of `cmdb.model.records`, but for `Item.ci_class`, written `class`, and
`EventTransition`, whose kind is `event`. Times carry a zone, severities are names.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from difflib import get_close_matches
from enum import Enum

from pydantic_core import SchemaValidator, ValidationError, from_json, to_json

from cmdb.errors import ErrorCode, Place
from cmdb.ingest.document import LINE_LIMIT, Faulty, too_large
from cmdb.ingest.faults import Fault, Faults
from cmdb.ingest.record_faults import describe
from cmdb.ingest.record_schema import OURS, WIRE_NAMES, validator_of
from cmdb.ingest.redaction import scrub
from cmdb.model.kinds import RecordKind
from cmdb.model.records import (
    Assignment,
    Change,
    Dependency,
    EntryRecord,
    EventTransition,
    Item,
    Party,
    Ticket,
)
from cmdb.model.windows import Window
from cmdb.ports.records import LocatedRecord

_TYPES: Mapping[RecordKind, type[EntryRecord]] = {
    RecordKind.ITEM: Item,
    RecordKind.DEPENDENCY: Dependency,
    RecordKind.EVENT: EventTransition,
    RecordKind.CHANGE: Change,
    RecordKind.TICKET: Ticket,
    RecordKind.PARTY: Party,
    RecordKind.ASSIGNMENT: Assignment,
    RecordKind.WINDOW: Window,
}
_VALIDATORS: Mapping[str, SchemaValidator] = {kind.value: validator_of(made) for kind, made in _TYPES.items()}
_KIND_OF = {made: kind for kind, made in _TYPES.items()}


class JsonRecordParser:
    """Parses the record stream; implements `cmdb.ports.records.RecordParser`."""

    def parse(self, lines: Iterable[bytes], source: str) -> Iterator[LocatedRecord]:
        """Yield all records; InvalidInput lists up to twenty faults with line, record, field, found and expected."""
        return parse_located((Place(source, number), line) for number, line in enumerate(lines, start=1))


def parse_located(
    texts: Iterable[tuple[Place, bytes]], faulty: Faulty | None = None
) -> Iterator[LocatedRecord]:
    """Parse JSON texts that come with their place, one by one; blank texts are passed over.

    Faults are raised when twenty are found or at the end: what was yielded before counts only once all is read.
    With `faulty` they are told there and the other records stand.
    """
    faults = Faults(faulty)
    for place, text in texts:
        if len(text) > LINE_LIMIT:
            raise too_large(place, "record", LINE_LIMIT)
        if text.strip():
            record = _parse_one(text, place, faults)
            if record is not None:
                yield LocatedRecord(record, place)
    faults.settle()


def encode(record: EntryRecord) -> dict[str, object]:
    """Return the JSON object that parses back to an equal record; fields at their default are left out."""
    return {"kind": _KIND_OF[type(record)].value} | _written(record)


def _parse_one(text: bytes, place: Place, faults: Faults) -> EntryRecord | None:
    try:
        values = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        faults.add(Fault(ErrorCode.SYNTAX, place, f"This is not JSON: {error}."))
        return None
    if isinstance(values, dict):
        scrub(values, text)
    validator = _validator(values, place, faults)
    if validator is None:
        return None
    try:
        record: EntryRecord = validator.validate_json(to_json(values))
    except ValidationError as error:
        for fault in describe(error, place, values):
            faults.add(fault)
        return None
    return record


def _validator(values: object, place: Place, faults: Faults) -> SchemaValidator | None:
    """Take the kind out of the record and return the validator of its other fields."""
    if not isinstance(values, dict):
        faults.add(
            Fault(ErrorCode.WRONG_TYPE, place, f"A record is a JSON object, found {type(values).__name__}.")
        )
        return None
    kind = values.pop("kind", None)
    validator = _VALIDATORS.get(kind) if isinstance(kind, str) else None
    if validator is None:
        place = Place(place.source, place.line, field="kind")
        code = ErrorCode.MISSING_FIELD if kind is None else ErrorCode.UNKNOWN_KIND
        near = get_close_matches(str(kind), _VALIDATORS, n=1)
        advice = f"; did you mean '{near[0]}'?" if near else ""
        known = ", ".join(_VALIDATORS)
        faults.add(Fault(code, place, f"found {kind!r}, expected one of {known}{advice}"))
    return validator


def _written(made: object) -> dict[str, object]:
    names, ours = WIRE_NAMES.get(type(made), {}), OURS.get(type(made), frozenset())
    return {
        names.get(field.name, field.name): _plain(value)
        for field in fields(made)  # type: ignore[arg-type] # only dataclasses reach this
        if field.name not in ours and not _is_default(value := getattr(made, field.name), field.default)
    }


def _is_default(value: object, default: object) -> bool:
    return (value == default and type(value) is type(default)) or (isinstance(value, Mapping) and not value)


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    return _written(value) if is_dataclass(value) else value
