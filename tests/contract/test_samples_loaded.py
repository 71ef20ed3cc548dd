"""Real files of real tools, loaded as `cmdb load` does: everything of them is there, and once is enough."""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from hashlib import sha256

import pytest

from cmdb.application.application import Application
from cmdb.application.runs import RunReport, RunRequest
from cmdb.desk.access import SYSTEM
from cmdb.desk.event_life import event_key
from cmdb.model.kinds import RecordKind
from cmdb.model.records import (
    Assignment,
    Change,
    Dependency,
    EntryRecord,
    EventTransition,
    Item,
    Party,
    Record,
    Ticket,
)
from cmdb.model.runs import Estate
from cmdb.model.windows import Window
from cmdb.ports.records import LocatedRecord
from cmdb.store.store import Store
from tests.contract.test_samples import LOADERS, SAMPLES, TABLE
from tests.support.moments import StandingClock
from tests.support.small_estate import METAMODEL, Bench

FILES = [name for name, row in TABLE.items() if "refused" not in row and (SAMPLES / name).is_file()]
SOURCES = sorted({str(TABLE[name]["loader"]) for name in FILES})

pytestmark = pytest.mark.skipif(
    not FILES, reason=f"NOT CHECKED: loading real files; there is no folder {SAMPLES}, set CMDB_SAMPLES_DIR"
)


@cache
def records_of(name: str) -> tuple[LocatedRecord, ...]:
    """Return what a file maps to."""
    return tuple(LOADERS.records(str(TABLE[name]["loader"]), [str(SAMPLES / name)]))


async def load(
    application: Application, name: str, located: Sequence[LocatedRecord], *, complete: bool = False
) -> RunReport:
    """Load a file into a scope of its own."""
    source = str(TABLE[name]["loader"])
    return await application.load_run(
        SYSTEM, RunRequest(source=source, scope=name, located=located, complete=complete)
    )


@pytest.mark.parametrize("source", SOURCES)
async def test_every_real_file_is_loaded_whole_and_a_second_time_writes_nothing(
    store: Store, source: str
) -> None:
    application = Application(store, store, METAMODEL, StandingClock(), store.run_log)
    # Each load reads the whole estate, so the large files come last.
    files = sorted((name for name in FILES if TABLE[name]["loader"] == source), key=_size)
    for name in files:
        report = await load(application, name, records_of(name))
        assert (name, report.problems) == (name, ())
        head = await store.head()
        # A snapshot this time: it must find that nothing is missing either.
        again = await load(application, name, records_of(name), complete=_names_items(name))
        outcomes = {count.partition(".")[2] for count in again.counts}
        assert (name, outcomes - {"unchanged", "sent"}, await store.head()) == (name, set(), head)
    estate = await store.run_log.estate()
    reviewed = {review.native for review in await store.run_log.reviews()}
    for name in files:
        # What other files say of the same things takes nothing away.
        assert (name, _missing(name, estate, reviewed)) == (name, [])
    await _require_records(store, files)


def _size(name: str) -> int:
    return len(records_of(name))


def _names_items(name: str) -> bool:
    return any(isinstance(row.record, Item) for row in records_of(name))


def _missing(name: str, estate: Estate, reviewed: set[str]) -> list[str]:
    """Return what the file said and the estate does not know from it; what people must look at is excused."""
    feed = (str(TABLE[name]["loader"]), name)
    bound = {
        row.key: item.key
        for item in estate.items.values()
        for row in item.sightings
        if (row.source, row.scope) == feed
    }
    asserted = {
        triple
        for triple, groups in estate.dependencies.items()
        for _, rows in groups
        if any((row.source, row.scope) == feed for row in rows)
    }
    records = [row.record for row in records_of(name)]
    items = {row.key for row in records if isinstance(row, Item)}
    edges = {
        (bound.get(row.consumer, ""), row.verb, bound.get(row.provider, ""))
        for row in records
        if isinstance(row, Dependency) and not {row.consumer, row.provider} & (reviewed - set(bound))
    }
    # Two ends that turn out to be one CI need nothing of each other.
    apart = {edge for edge in edges if edge[0] != edge[2]}
    return sorted(items - set(bound) - reviewed) + sorted(map(str, apart - asserted))


async def _require_records(store: Store, files: Sequence[str]) -> None:
    """The changes, events and parties of the files are there."""
    told = [row.record for name in files for row in records_of(name)]
    for kind, counted in ((RecordKind.CHANGE, Change), (RecordKind.PARTY, Party)):
        keys = sorted({row.key for row in told if isinstance(row, counted)})
        assert len(await store.records(SYSTEM, kind, keys)) == len(keys)
    events = sorted(
        {
            event_key(str(TABLE[name]["loader"]), row.record)
            for name in files
            for row in records_of(name)
            if isinstance(row.record, EventTransition)
        }
    )
    assert len(await store.records(SYSTEM, RecordKind.EVENT, events)) == len(events)


def _facts(bench: Bench) -> Mapping[tuple[RecordKind, str], Record]:
    return {key: row.record for key, row in bench.graph.rows.items()}


@pytest.mark.parametrize("source", SOURCES)
async def test_the_order_of_a_real_files_records_changes_nothing(source: str) -> None:
    for name in (name for name in FILES if TABLE[name]["loader"] == source):
        shuffled = list(records_of(name))
        random.Random(name).shuffle(shuffled)
        found = []
        for located in (records_of(name), shuffled, shuffled[::-1]):
            bench = Bench()
            await load(bench.application, name, located)
            found.append((_facts(bench), bench.run_log.known_reviews))
        assert (name, found[1:]) == (name, found[:1] * 2)


def _renamed(key: str) -> str:
    """Return another key, of which the order says nothing."""
    return f"{sha256(key.encode()).hexdigest()[:12]}~{key}"


def _original(key: str) -> str:
    return key.partition("~")[2]


def _rekeyed(record: EntryRecord | Record, name: Callable[[str], str]) -> EntryRecord | Record:
    """Return the record with other keys of CIs."""
    match record:
        case Item():
            sightings = tuple(replace(row, key=name(row.key)) for row in record.sightings)
            return replace(record, key=name(record.key), sightings=sightings)
        case Dependency():
            return replace(record, consumer=name(record.consumer), provider=name(record.provider))
        case Change():
            return replace(record, targets=tuple(sorted(map(name, record.targets))))
        case Assignment() | EventTransition():
            return replace(record, item=name(record.item))
        case Window() | Ticket():
            return replace(record, items=tuple(sorted(map(name, record.items))))
    return record


@pytest.mark.parametrize("source", SOURCES)
async def test_other_keys_in_a_real_file_change_nothing_but_names(source: str) -> None:
    for name in (name for name in FILES if TABLE[name]["loader"] == source):
        if any(isinstance(row.record, EventTransition) for row in records_of(name)):
            continue  # The key of an event is made of that of its CI.
        plain, other = Bench(), Bench()
        await load(plain.application, name, records_of(name))
        rekeyed = [
            replace(row, record=_rekeyed(row.record, _renamed))  # type: ignore[arg-type]
            for row in records_of(name)
        ]
        await load(other.application, name, rekeyed)
        expected = Counter(repr(_rekeyed(record, str)) for record in _facts(plain).values())
        found = Counter(repr(_rekeyed(record, _original)) for record in _facts(other).values())
        assert (name, found - expected, expected - found) == (name, Counter(), Counter())
