"""Feeds of several sources about one small estate, and the running of them."""

from collections.abc import Sequence
from datetime import timedelta

from cmdb.application.runs import RunReport, RunRequest
from cmdb.desk.access import SYSTEM
from cmdb.errors import Place
from cmdb.model.kinds import RecordKind
from cmdb.model.records import Dependency, EntryRecord, Item
from cmdb.ports.records import LocatedRecord
from tests.support.small_estate import Bench

DAY = timedelta(days=1)


def seen(key: str, ci_class: str = "server", name: str | None = None, **attributes: object) -> Item:
    """Return a description in a source's own key; its name is none that another source would use."""
    return Item(key=key, ci_class=ci_class, name=name or key, attributes=attributes)  # type: ignore[arg-type]


def named(key: str, ci_class: str = "server", name: str | None = None, **attributes: object) -> Item:
    """Return a mention."""
    return Item(key=key, ci_class=ci_class, name=name or key, attributes=attributes, mention=True)  # type: ignore[arg-type]


def runs_on(consumer: str, provider: str, **fields: object) -> Dependency:
    """Return a dependency in a source's own keys."""
    return Dependency(consumer=consumer, verb="DEPENDS_ON", provider=provider, **fields)  # type: ignore[arg-type]


def located(entries: Sequence[EntryRecord], file: str = "feed.json") -> list[LocatedRecord]:
    """Return the entries as if read from lines of a file."""
    return [LocatedRecord(entry, Place(file, line)) for line, entry in enumerate(entries, start=1)]


async def run(
    bench: Bench, source: str, *entries: EntryRecord, complete: bool = True, **asked: object
) -> RunReport:
    """Make one run and return its report."""
    request = RunRequest(source=source, located=located(entries), complete=complete, **asked)  # type: ignore[arg-type]
    return await bench.application.runs.load(SYSTEM, request)


async def ci(bench: Bench, key: str) -> Item:
    """Return a CI as the store holds it, retired or not."""
    (stored,) = await bench.graph.records(SYSTEM, RecordKind.ITEM, [key])
    assert isinstance(stored.record, Item)
    return stored.record


def living(bench: Bench) -> set[str]:
    """Return the keys of all CIs that are not retired."""
    rows = (row.record for row in bench.graph.rows.values())
    return {row.key for row in rows if isinstance(row, Item) and not row.retired}


def open_dependencies(bench: Bench) -> dict[str, Dependency]:
    """Return all open dependencies by key."""
    rows = (row.record for row in bench.graph.rows.values())
    return {row.key: row for row in rows if isinstance(row, Dependency) and not row.ended}
