"""W4 and W5: first load, unchanged re-load, beside a loader by hand; reading the graph back, the unchanged tick."""

import asyncio
import resource
import statistics
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from neo4j import Driver, GraphDatabase

from benchmarks import plain_loader
from benchmarks.changes import changes
from benchmarks.estate import Estate
from benchmarks.machine import cpu_seconds
from benchmarks.outcome import Result
from cmdb import resources
from cmdb.application.application import Application
from cmdb.application.live import LiveTopology
from cmdb.application.recording import LoadReport
from cmdb.bootstrap import spare_collector
from cmdb.desk.access import SYSTEM
from cmdb.errors import Place
from cmdb.metamodel import read_metamodel
from cmdb.ports.records import LocatedRecord
from cmdb.store.connection import StoreAddress
from cmdb.store.store import Store, open_store

SOURCE = "benchmark"
TICKS = 300
READS = 3


@dataclass
class SteppingClock:
    """A clock on which every look is a second later, so that each question asks the store for news."""

    moment: datetime

    def now(self) -> datetime:
        self.moment += timedelta(seconds=1)
        return self.moment


def open_driver(address: StoreAddress) -> Driver:
    """Return the rivals' own driver."""
    return GraphDatabase.driver(address.uri, auth=(address.user, address.password))


def fill(estate: Estate, address: StoreAddress, *, ours: bool, plain: bool) -> None:
    """Load the empty engine, unmeasured, in our form, in the rivals' or in both."""
    if ours:
        asyncio.run(_load_ours(estate, address))
    if plain:
        with open_driver(address) as driver:
            plain_loader.prepare(driver, address.database)
            plain_loader.load(driver, address.database, estate)


def measure_loading(estate: Estate, address: StoreAddress, reloads: int = 2) -> Result:
    """Load the empty engine with both loaders, then again unchanged; what they wrote is left for questions.

    Cycles are looked for as in a server, where loads are written.
    """
    spare_collector()
    with open_driver(address) as driver:
        plain_loader.prepare(driver, address.database)
        ours = asyncio.run(_load_ours(estate, address))
        rows = len(estate) + len(estate.consumers)
        plain: list[dict[str, float]] = []
        for _ in range(1 + reloads):
            start, before = time.perf_counter(), cpu_seconds()
            written = plain_loader.load(driver, address.database, estate)
            plain.append(_timed(start, before, rows) | {"properties_set": written})
        again = [asyncio.run(_reload_ours(estate, address)) for _ in range(reloads)]
    return {
        "rows": rows,
        "first": ours,
        "again": again,
        "plain_first": plain[0],
        "plain_again": plain[1:],
        "reload_speedup": round(ours["seconds"] / statistics.median(run["seconds"] for run in again), 1),
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def measure_reading(estate: Estate, address: StoreAddress) -> Result:
    """Read the whole graph that is loaded, and look for news where there is none."""
    spare_collector()
    return asyncio.run(_read_back(estate, address))


async def _load_ours(estate: Estate, address: StoreAddress) -> dict[str, float]:
    metamodel = read_metamodel(resources.folder("schema"))
    async with _open(address) as store:
        if not await store.is_empty():
            raise SystemExit("The engine is not empty; benchmarks fill a store of their own.")
        application = Application(store, store, metamodel, SteppingClock(datetime.now(UTC)), store.run_log)
        rows = located(estate)
        start, before = time.perf_counter(), cpu_seconds()
        report = await application.load(SYSTEM, SOURCE, rows)
        timed = _timed(start, before, len(rows))
        _require(report, "created", len(rows))
        news = [LocatedRecord(change, Place("estate")) for change in changes(estate)]
        _require(await application.load(SYSTEM, SOURCE, news), "created", len(news))
        return timed


async def _reload_ours(estate: Estate, address: StoreAddress) -> dict[str, float]:
    metamodel = read_metamodel(resources.folder("schema"))
    async with _open(address) as store:
        application = Application(store, store, metamodel, SteppingClock(datetime.now(UTC)), store.run_log)
        revision = await application.refresh()
        rows = located(estate)
        start, before = time.perf_counter(), cpu_seconds()
        report = await application.load(SYSTEM, SOURCE, rows)
        timed = _timed(start, before, len(rows))
        _require(report, "unchanged", len(rows))
        return timed | {"revisions_taken": await store.head() - revision}


async def _read_back(estate: Estate, address: StoreAddress) -> dict[str, Any]:
    async with _open(address) as store:
        seconds: list[float] = []
        for _ in range(READS):
            start = time.perf_counter()
            delta = await store.delta(SYSTEM, 0)
            seconds.append(time.perf_counter() - start)
            if len(delta.dependencies.consumers) != len(estate.consumers):
                raise AssertionError("not every dependency came back")
        best = statistics.median(seconds)
        return {
            "read_seconds": round(best, 3),
            "dependencies_per_second": round(len(estate.consumers) / best),
            "tick_ms": await _ticks(store),
        }


async def _ticks(store: Store) -> dict[str, float]:
    live = LiveTopology(store, SteppingClock(datetime.now(UTC)), frozenset())
    await live.current()
    times: list[float] = []
    for _ in range(TICKS):
        start = time.perf_counter()
        await live.current()
        times.append((time.perf_counter() - start) * 1000)
    times.sort()
    return {"p50": round(statistics.median(times), 2), "p99": round(times[int(TICKS * 0.99)], 2)}


def _open(address: StoreAddress) -> Any:
    verbs = sorted(read_metamodel(resources.folder("schema")).relationships)
    return open_store(address, verbs, resources.folder("schema") / "migrations")


def located(estate: Estate) -> list[LocatedRecord]:
    """Return the estate as a loader hands it over."""
    place = Place("estate")
    found = [LocatedRecord(item, place) for item in estate.items()]
    return found + [LocatedRecord(row, place) for row in estate.dependencies()]


def _require(report: LoadReport, status: str, rows: int) -> None:
    told = sum(counts.get(status, 0) for counts in report.counts.values())
    if report.problems or told != rows:
        raise AssertionError(f"{told} of {rows} rows {status}: {report.problems[:3] or report.counts}")


def _timed(start: float, before: float, rows: int) -> dict[str, float]:
    seconds = time.perf_counter() - start
    return {
        "seconds": round(seconds, 2),
        "rows_per_second": round(rows / seconds),
        "cpu_seconds": round(cpu_seconds() - before, 2),
    }
