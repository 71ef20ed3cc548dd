"""Answers who said what of a record, when it was so and when it was known."""

from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from itertools import pairwise

from cmdb.application.catalogue import without_secrets
from cmdb.application.lookup import find_place, missing, shown_tickets
from cmdb.application.snapshot import Snapshot
from cmdb.desk.access import sees_secrets, sees_work_notes
from cmdb.model.access import Principal
from cmdb.model.answers import FieldChange, HistoryAnswer, HistoryEntry
from cmdb.model.kinds import RecordKind
from cmdb.model.metamodel import Metamodel
from cmdb.model.provenance import Sighting
from cmdb.model.records import Item, Record, Ticket
from cmdb.ports.graph import GraphReader, Stored

_UNTOLD = frozenset({"attributes", "valid_from", "sightings"})

_BACKGROUND = frozenset({"notes", "items", "events", "changes", "cause_item", "cause_key", "situation"})
"""Fields of a ticket by which a subscriber would learn of CIs that answers call restricted."""


class HistoryQuestion:
    """The use case behind `history`."""

    def __init__(self, reader: GraphReader, metamodel: Metamodel) -> None:
        """Versions come from the store; secret attributes are left out where the role lacks them."""
        self._reader = reader
        self._metamodel = metamodel

    async def answer(
        self, snapshot: Snapshot, principal: Principal, kind: RecordKind, key: str
    ) -> HistoryAnswer:
        """Return the versions with what each altered; a CI may be named, and a retired one by its key."""
        if kind is RecordKind.ITEM and not await self._reader.records(principal, kind, [key]):
            key = snapshot.topology.keys[find_place(snapshot, principal, key)]
        versions = await self._reader.versions(principal, kind, key)
        if not versions:
            raise missing(kind.value, key)
        shown = [self._told(snapshot, principal, row.record) for row in versions]
        altered = [_altered({}, shown[0]), *(_altered(before, after) for before, after in pairwise(shown))]
        return HistoryAnswer(
            basis=snapshot.basis,
            kind=kind,
            key=key,
            entries=tuple(_entry(row, changes) for row, changes in zip(versions, altered, strict=True)),
        )

    def _told(self, snapshot: Snapshot, principal: Principal, record: Record) -> dict[str, str]:
        if isinstance(record, Item):
            item = record if sees_secrets(principal) else without_secrets(record, self._metamodel)
            attributes = {name: _write(value) for name, value in item.attributes.items()}
            return {**_plain_fields(item), **attributes}
        if not isinstance(record, Ticket):
            return _plain_fields(record)
        (shown,) = shown_tickets(snapshot, snapshot.mask(principal), (record,))
        left_out = () if sees_work_notes(principal, record) else _BACKGROUND
        return {name: value for name, value in _plain_fields(shown).items() if name not in left_out}


def _plain_fields(record: Record) -> dict[str, str]:
    told = (
        (field.name, getattr(record, field.name)) for field in fields(record) if field.name not in _UNTOLD
    )
    written = {name: _write(value) for name, value in told if value not in (None, "", ())}
    if isinstance(record, Item) and record.sightings:
        written["sources"] = ", ".join(_write_sighting(row) for row in record.sightings)
    return written


def _write_sighting(row: Sighting) -> str:
    fate = " (given up)" if row.retired else " (missed)" if row.missed_since else ""
    return f"{row.source} '{row.key}'{fate}"


def _write(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_write, value))
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value):
        parts = ((field.name, getattr(value, field.name)) for field in fields(value))
        return " ".join(f"{name}={_write(part)}" for name, part in parts if part not in (None, "", ()))
    return str(value)


def _altered(before: dict[str, str], after: dict[str, str]) -> tuple[FieldChange, ...]:
    return tuple(
        FieldChange(field=name, before=before.get(name), after=after.get(name))
        for name in _names(before, after)
        if before.get(name) != after.get(name)
    )


def _names(*sides: Iterable[str]) -> list[str]:
    return sorted({name for side in sides for name in side})


def _entry(stored: Stored, changes: tuple[FieldChange, ...]) -> HistoryEntry:
    return HistoryEntry(
        revision=stored.revision,
        source=stored.source,
        valid_from=stored.valid_from,
        valid_to=stored.valid_to,
        recorded_at=stored.recorded_at,
        changes=changes,
    )
