"""How raw record documents become records, and how many of them are held: what `ingest` implements."""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
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

    def parse(self, lines: Iterable[bytes], source: str) -> Iterator[LocatedRecord]:
        """Yield all records; InvalidInput names line, record and field of the first faults.

        It may be raised after sound records, which count only once all is read.
        """


Order = Callable[[EntryRecord], tuple[int, str, str]]


class RecordHolder(Protocol):
    """Holds the records of one load, however many, so that they can be read more than once."""

    def __call__(
        self, rows: Iterable[LocatedRecord], order: Order
    ) -> AbstractContextManager[Collection[LocatedRecord]]:
        """Read all rows; give them in their order, those of equal order as they came, until the context ends.

        TOO_LARGE when there is no room for them.
        """


def hold_in_memory(
    rows: Iterable[LocatedRecord], order: Order
) -> AbstractContextManager[Collection[LocatedRecord]]:
    """Hold a few."""
    return nullcontext(sorted(rows, key=lambda row: order(row.record)))
