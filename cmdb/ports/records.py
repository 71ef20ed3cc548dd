"""How raw record documents become records: what the API hands on and `ingest` implements."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from cmdb.errors import Place
from cmdb.model.records import EntryRecord


@dataclass(frozen=True, slots=True)
class LocatedRecord:
    """A record and the place in its source that it came from."""

    record: EntryRecord
    place: Place


class RecordParser(Protocol):
    """Parses our own record stream: one JSON object per line, `kind` first among its fields' names."""

    def parse(self, lines: Iterable[bytes], source: str) -> list[LocatedRecord]:
        """Return all records, or raise InvalidInput naming line, record and field of the first faults."""
