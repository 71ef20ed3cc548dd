"""Holds the records of a load that are read more than once: few in memory, many sorted in a temporary file."""

import pickle
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import chain, islice

import apsw

from cmdb.errors import CmdbError, ErrorCode
from cmdb.ports.records import LocatedRecord, Order, hold_in_memory

FEW = 50_000
"""Records that take about 100 MB in memory."""

_CACHE = "PRAGMA cache_size = -16384"
"""KiB of the file that stay in memory."""


@contextmanager
def hold_records(
    rows: Iterable[LocatedRecord], order: Order, few: int = FEW
) -> Iterator[Collection[LocatedRecord]]:
    """Hold up to `few` records in memory, more in a file that nobody else sees and that ends with the context.

    Implements `cmdb.ports.records.RecordHolder`.
    """
    left = iter(rows)
    first = list(islice(left, few))
    more = list(islice(left, 1))
    if not more:
        with hold_in_memory(first, order) as held:
            yield held
        return
    first += more
    try:
        # SQLite calls a database without a name a temporary one, and removes its file.
        with closing(apsw.Connection("")) as file:
            yield _Filed(file, chain(_emptied(first), left), order)
    except (apsw.FullError, apsw.IOError) as error:
        raise CmdbError(
            ErrorCode.TOO_LARGE,
            f"There is no room for the records of this load in the folder for temporary files: {error}.",
            hint="Make room, point SQLITE_TMPDIR to a larger disk, or load less at a time.",
        ) from error


def _emptied(rows: list[LocatedRecord]) -> Iterator[LocatedRecord]:
    """Let go of each row as it is passed on."""
    rows.reverse()
    while rows:
        yield rows.pop()


class _Filed(Collection[LocatedRecord]):
    """Records in a file, sorted."""

    def __init__(self, file: apsw.Connection, rows: Iterable[LocatedRecord], order: Order) -> None:
        """Read all rows."""
        self._file = file
        file.execute(_CACHE)
        with file:
            file.execute("CREATE TABLE told (turn INTEGER, owner TEXT, key TEXT, record BLOB)")
            told = ((*order(row.record), pickle.dumps(row, pickle.HIGHEST_PROTOCOL)) for row in rows)
            file.executemany("INSERT INTO told VALUES (?, ?, ?, ?)", told)
            file.execute("CREATE TABLE held AS SELECT record FROM told ORDER BY turn, owner, key, told.rowid")
            file.execute("DROP TABLE told")
        self._number: int = file.execute("SELECT count(*) FROM held").get

    def __len__(self) -> int:
        return self._number

    def __iter__(self) -> Iterator[LocatedRecord]:
        for (record,) in self._file.execute("SELECT record FROM held ORDER BY rowid"):
            row: LocatedRecord = pickle.loads(record)  # noqa: S301 - this process wrote it, and nobody else can
            yield row

    def __contains__(self, row: object) -> bool:
        return any(row == held for held in self)
