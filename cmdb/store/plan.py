"""Decides what a batch changes: which rows are new, altered or unchanged, and what they will hold."""

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from cmdb.model.kinds import RecordKind
from cmdb.model.records import Change, Dependency, Item, Record
from cmdb.model.reference import moment_of
from cmdb.ports.graph import RowStatus
from cmdb.store.codec import Properties, content_of, digest_of, record_from, write_time
from cmdb.store.shape import AHEAD_DAYS, BUCKETS, FAR_DAY, is_closing


@dataclass(frozen=True)
class Stamp:
    """What every row of one write carries."""

    revision: int
    source: str
    recorded_at: datetime

    @cached_property
    def recorded(self) -> str:
        """The time of recording as text, written once for all rows."""
        return write_time(self.recorded_at)


class Draft(NamedTuple):
    """What can be said of a record before the store is asked: its content and the hash of it."""

    record: Record
    content: Properties
    digest: str


def draft(record: Record) -> Draft:
    """Return the record ready to be compared; pure, so that it can be made before a writer has its turn."""
    content = content_of(record)
    return Draft(record, content, digest_of(content))


@dataclass(slots=True)
class PlannedRow:
    """One record with its content, its fate and what the store held of it."""

    record: Record
    content: Properties
    digest: str
    status: RowStatus
    held: Properties | None = None

    def new_ends(self, ends: Callable[[Record], tuple[str, ...]]) -> list[str]:
        """Return the ends that must be proven: a stored one may have gone since, unless its record was closed.

        A dependency proves its ends each time: it ends with them, so an open one cannot outlive them.
        """
        if isinstance(self.record, Dependency):
            return list(ends(self.record))
        if self.status is RowStatus.UNCHANGED:
            return []
        closed = self.held is None or "valid_to" in self.held
        known = () if closed else ends(record_from(self.record.kind, self.held or {}))
        return [end for end in ends(self.record) if end not in known]

    def properties(self, stamp: Stamp) -> Properties:
        """Return everything that the node or relationship will hold."""
        valid_from = self.valid_from(stamp)
        held: Properties = {
            **self.content,
            **_places(self.record, stamp.recorded_at),
            "key": self.record.key,
            "revision": stamp.revision,
            "recorded_in": stamp.revision,
            "recorded_by": stamp.source,
            "digest": self.digest,
            "valid_from": valid_from,
            "recorded_at": stamp.recorded,
        }
        if is_closing(self.record):
            held["valid_to"] = valid_from
        return held

    def valid_from(self, stamp: Stamp) -> str:
        """Return since when the row's state holds: as stated, else since it was recorded; a change since it began."""
        began = moment_of(self.record) if isinstance(self.record, Change) else None
        if began is None and self.record.valid_from is None:
            return stamp.recorded
        return write_time(self.record.valid_from or min(began or stamp.recorded_at, stamp.recorded_at))

    def version(self, stamp: Stamp, body: str) -> Properties:
        """Return the archived form of the state that this row supersedes."""
        held = self.held or {}
        return {
            "key": f"{self.record.kind}|{self.record.key}|{held['recorded_in']}",
            "record_kind": self.record.kind.value,
            "record_key": self.record.key,
            "revision": held["recorded_in"],
            "valid_from": held["valid_from"],
            "valid_to": self.valid_from(stamp),
            "recorded_at": held["recorded_at"],
            "superseded_at": stamp.recorded,
            "superseded_by": stamp.revision,
            "recorded_by": held["recorded_by"],
            "body": body,
        }


@dataclass(slots=True)
class Plan:
    """All rows of a batch in input order, then those that follow from them."""

    rows: list[PlannedRow] = field(default_factory=list)
    asked: int = 0

    def changed(self) -> list[PlannedRow]:
        """Return the rows that will be written."""
        return [row for row in self.rows if row.status is not RowStatus.UNCHANGED]

    def by_kind(self) -> dict[RecordKind, list[PlannedRow]]:
        """Return the rows that will be written, each kind with its own; a kind without any has none."""
        found: dict[RecordKind, list[PlannedRow]] = {kind: [] for kind in RecordKind}
        for row in self.changed():
            found[row.record.kind].append(row)
        return found

    def retiring(self) -> list[Item]:
        """Return the CIs that this batch retires."""
        items = (row.record for row in self.changed())
        return [item for item in items if isinstance(item, Item) and item.retired]


def plan_rows(drafts: Iterable[Draft], digests: Mapping[RecordKind, Mapping[str, str]]) -> list[PlannedRow]:
    """Compare each record with the stored content hash."""
    return [_plan_row(made, digests.get(made.record.kind, {}).get(made.record.key)) for made in drafts]


def _plan_row(made: Draft, stored: str | None) -> PlannedRow:
    if stored is None:
        status = RowStatus.UNCHANGED if is_closing(made.record) else RowStatus.CREATED
    else:
        status = RowStatus.UNCHANGED if stored == made.digest else RowStatus.UPDATED
    return PlannedRow(*made, status)


def closings(dependencies: Sequence[Properties], items: Sequence[Item], taken: set[str]) -> list[Record]:
    """Return what ends the open dependencies of retiring CIs, those left out that the batch speaks of itself."""
    since = {item.key: item.valid_from for item in items}
    found: list[Record] = []
    for held in dependencies:
        dependency = record_from(RecordKind.DEPENDENCY, held)
        if isinstance(dependency, Dependency) and dependency.key not in taken:
            ended_at = since.get(dependency.consumer) or since.get(dependency.provider)
            found.append(
                Dependency(
                    consumer=dependency.consumer,
                    verb=dependency.verb,
                    provider=dependency.provider,
                    strength=dependency.strength,
                    map=dependency.map,
                    weight=dependency.weight,
                    group=dependency.group,
                    note=dependency.note,
                    ended=True,
                    valid_from=ended_at,
                )
            )
    return found


def _places(record: Record, recorded_at: datetime) -> Properties:
    """Return what reads look up by equality: a bucket for whole-graph reads, a day for pages.

    All that lies far ahead of its recording shares one day, so that pages need not ask for each day to come.
    """
    if isinstance(record, Item):
        return {"bucket": zlib.crc32(record.key.encode()) % BUCKETS}
    at = moment_of(record)
    if at is None:
        return {}
    is_near = at - recorded_at < timedelta(days=AHEAD_DAYS)
    return {"at": write_time(at), "day": write_time(at)[:10] if is_near else FAR_DAY}
