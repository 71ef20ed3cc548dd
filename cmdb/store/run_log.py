"""Keeps feeds, runs and reviews, and reads the estate that a run is compared with.

They are bookkeeping beside the records: written without a revision, without history.
"""

import asyncio
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

from cmdb.errors import Conflict, ErrorCode
from cmdb.model.kinds import RecordKind
from cmdb.model.provenance import DependencySighting, Sighting
from cmdb.model.records import Dependency, Item
from cmdb.model.runs import Estate, Feed, KnownItem, Review, Run, RunState, Triple
from cmdb.store.codec import Properties, record_from, write_time
from cmdb.store.connection import Connection, Row, Transaction
from cmdb.store.head import Head
from cmdb.store.projecting import AHEAD
from cmdb.store.shape import BUCKETS, ITEM_LABEL, fill

BATCH = 32
"""Buckets read by one statement."""

# What do we know of these CIs, one list per bucket, retired ones included?
SEEN_ITEMS = f"""
UNWIND $buckets AS bucket MATCH (c:{ITEM_LABEL} {{bucket: bucket}})
RETURN bucket, collect([c.key, c.class, c.name, c.valid_to IS NOT NULL, c.sightings]) AS rows
"""

# What was recorded directly of these CIs?
RECORDED_ITEMS = f"""
UNWIND $buckets AS bucket MATCH (c:{ITEM_LABEL} {{bucket: bucket}}) WHERE c.sightings IS NULL
RETURN bucket, collect(properties(c)) AS rows
"""

# What do all present CIs hold, one list per bucket?
PRESENT_ITEMS = f"""
UNWIND $buckets AS bucket MATCH (c:{ITEM_LABEL} {{bucket: bucket}}) WHERE c.valid_to IS NULL
RETURN bucket, collect(properties(c)) AS rows
"""

# What do the CIs hold that these revisions touched?
TOUCHED_ITEMS = f"""
MATCH (c:{ITEM_LABEL}) WHERE c.revision IN range($first, $last) RETURN collect(properties(c)) AS rows
"""

# Who says what of the open dependencies of these CIs?
SEEN_DEPENDENCIES = f"""
UNWIND $buckets AS bucket MATCH (c:{ITEM_LABEL} {{bucket: bucket}})-[d:<types>]->(p:{ITEM_LABEL})
WHERE d.valid_to IS NULL RETURN bucket, collect([c.key, d.verb, p.key, d.group, d.sightings]) AS rows
"""

# Was any run ever made?
ANY_FEED = "MATCH (f:Feed) RETURN f.key AS key LIMIT 1"

# What do those of these CIs hold that sources have seen?
SIGHTED_ITEMS = f"""
UNWIND $keys AS key MATCH (c:{ITEM_LABEL} {{key: key}}) WHERE c.sightings IS NOT NULL
RETURN properties(c) AS held
"""

# What do the open dependencies between these CIs hold?
DEPENDENCIES_BETWEEN = f"""
UNWIND $rows AS row MATCH (c:{ITEM_LABEL} {{key: row.consumer}})-[d:<types>]->(p:{ITEM_LABEL})
WHERE d.valid_to IS NULL AND p.key IN row.providers RETURN properties(d) AS held
"""

# Which open dependencies touch this CI?
DEPENDENCIES_OF = f"""
MATCH (c:{ITEM_LABEL} {{key: $key}})-[d:<types>]-(:{ITEM_LABEL}) WHERE d.valid_to IS NULL
RETURN DISTINCT properties(d) AS held
"""

# Which feed is this? The lock on it makes runs queue.
TOUCH_FEED = "MERGE (f:Feed {key: $key}) SET f.touched = $touched RETURN properties(f) AS held"

# Keep what is known of this feed, run or review.
PUT = "UNWIND $rows AS row MERGE (n:<label> {key: row.key}) SET n = row"

# What do all feeds, or all reviews, hold?
ALL = "MATCH (n:<label>) RETURN properties(n) AS held"

# Which runs came last?
LATEST_RUNS = """
MATCH (n:Run) WHERE $source IS NULL OR n.source = $source
RETURN properties(n) AS held ORDER BY n.started_at DESC, n.key DESC LIMIT $limit
"""

# Which runs of this feed never ended?
OPEN_RUNS = (
    "MATCH (n:Run {source: $source}) WHERE n.state = 'running' AND n.scope = $scope RETURN n.key AS key"
)

# Say that these runs were interrupted.
END_RUNS = "UNWIND $keys AS key MATCH (n:Run {key: key}) SET n.state = 'failed', n.problems = $problems"

INTERRUPTED = json.dumps(["interrupted: a later run took the feed"])

Kept = TypeVar("Kept", Feed, Run, Review)


class RunLogStore:
    """Implements `cmdb.ports.runs.RunLog`; `types` is the pattern of all declared verbs."""

    def __init__(self, connection: Connection, head: Head, types: str) -> None:
        """Read and write over one connection pool."""
        self._connection = connection
        self._head = head
        self._types = types

    async def estate(self) -> Estate:
        """Return every CI and every open dependency with their sightings, bucket by bucket."""
        estate = Estate()
        for start in range(0, BUCKETS, BATCH):
            buckets = list(range(start, min(BUCKETS, start + BATCH)))
            for row in await self._connection.read(SEEN_ITEMS, buckets=buckets):
                _add_items(estate, row["rows"])
            for row in await self._connection.read(RECORDED_ITEMS, buckets=buckets):
                _add_attributes(estate, row["rows"])
            statement = fill(SEEN_DEPENDENCIES, types=self._types)
            for row in await self._connection.read(statement, buckets=buckets):
                _add_dependencies(estate, row["rows"])
        return estate

    async def named_items(self, since: int) -> tuple[int, list[Item]]:
        """Return the CIs touched after `since`; a head read first means that what comes later is read again."""
        head = await self._head.read()
        found: list[Item] = []
        if since == 0:
            for start in range(0, BUCKETS, BATCH):
                buckets = list(range(start, start + BATCH))
                rows = await self._connection.read(PRESENT_ITEMS, buckets=buckets)
                # Those of a large estate take seconds to decode, which others need not wait for.
                found += await asyncio.to_thread(_items_in, rows)
        elif head > since:
            found += _items_in(await self._connection.read(TOUCHED_ITEMS, first=since + 1, last=head + AHEAD))
        return head, found

    async def has_feeds(self) -> bool:
        """Whether any run was ever made."""
        return bool(await self._connection.read(ANY_FEED))

    async def sighted_items(self, keys: Collection[str]) -> dict[str, Item]:
        """Return those of the CIs that have sightings, by key."""
        rows = await self._connection.read(SIGHTED_ITEMS, keys=sorted(keys)) if keys else []
        found = [record_from(RecordKind.ITEM, row["held"]) for row in rows]
        return {item.key: item for item in found if isinstance(item, Item)}

    async def dependencies_between(self, triples: Collection[Triple]) -> dict[Triple, list[Dependency]]:
        """Return the open dependencies of these pairs of CIs."""
        wanted: dict[str, list[str]] = {}
        for consumer, _, provider in sorted(triples):
            wanted.setdefault(consumer, []).append(provider)
        rows = [{"consumer": consumer, "providers": providers} for consumer, providers in wanted.items()]
        statement = fill(DEPENDENCIES_BETWEEN, types=self._types)
        found: dict[Triple, list[Dependency]] = {triple: [] for triple in triples}
        for row in await self._connection.read(statement, rows=rows) if rows else []:
            held = record_from(RecordKind.DEPENDENCY, row["held"])
            if isinstance(held, Dependency):
                triple = (held.consumer, held.verb, held.provider)
                if triple in found:
                    found[triple].append(held)
        return found

    async def dependencies_of(self, key: str) -> list[Dependency]:
        """Return the open dependencies at either end of a CI, by key."""
        rows = await self._connection.read(fill(DEPENDENCIES_OF, types=self._types), key=key)
        found = [record_from(RecordKind.DEPENDENCY, row["held"]) for row in rows]
        return sorted((row for row in found if isinstance(row, Dependency)), key=lambda row: row.key)

    async def take_feed(self, source: str, scope: str, now: datetime, until: datetime, holder: str) -> Feed:
        """Take the feed in one transaction, so that of two runs one waits and then sees the other."""
        wanted = Feed(source=source, scope=scope)

        async def work(transaction: Transaction) -> Feed:
            feed = await _locked(transaction, wanted.key, now) or wanted
            if feed.held_until is not None and feed.held_until > now:
                raise _busy(feed)
            taken = replace(feed, token=feed.token + 1, holder=holder, held_until=until)
            await transaction.run(fill(PUT, label="Feed"), rows=[_written(taken)])
            open_runs = await transaction.run(OPEN_RUNS, source=source, scope=scope)
            keys = [row["key"] for row in open_runs]
            if keys:
                await transaction.run(END_RUNS, keys=keys, problems=INTERRUPTED)
            return taken

        return await self._connection.write(work)

    async def renew_feed(self, feed: Feed, run: Run, until: datetime) -> None:
        """Hold the feed longer, as long as nobody has taken it since."""
        await self._keep(feed, run, lambda held: replace(held, held_until=until))

    async def release_feed(self, feed: Feed, run: Run) -> None:
        """Keep the run; what the feed says of its last good runs changes with it."""
        await self._keep(feed, run, lambda held: _released(held, run))

    async def _keep(self, feed: Feed, run: Run, alter: Callable[[Feed], Feed]) -> None:
        async def work(transaction: Transaction) -> None:
            held = await _locked(transaction, feed.key, run.started_at)
            if held is None or held.token != feed.token:
                raise _busy(held or feed)
            await transaction.run(fill(PUT, label="Feed"), rows=[_written(alter(held))])
            await transaction.run(fill(PUT, label="Run"), rows=[_written(run)])

        await self._connection.write(work)

    async def feeds(self) -> list[Feed]:
        """Return all feeds, by key."""
        rows = await self._connection.read(fill(ALL, label="Feed"))
        return sorted((_read(Feed, row["held"]) for row in rows), key=lambda feed: feed.key)

    async def runs(self, source: str | None, limit: int) -> list[Run]:
        """Return the latest runs, newest first."""
        rows = await self._connection.read(LATEST_RUNS, source=source, limit=limit)
        return [_read(Run, row["held"]) for row in rows]

    async def reviews(self) -> list[Review]:
        """Return all reviews, by key."""
        rows = await self._connection.read(fill(ALL, label="Review"))
        return sorted((_read(Review, row["held"]) for row in rows), key=lambda review: review.key)

    async def put_reviews(self, reviews: Sequence[Review]) -> None:
        """Keep these reviews in one transaction."""
        rows = [_written(review) for review in reviews]

        async def work(transaction: Transaction) -> None:
            await transaction.run(fill(PUT, label="Review"), rows=rows)

        if rows:
            await self._connection.write(work)


KEPT_STARTS = 5
"""Starts of complete runs that a feed remembers: more than must miss a thing before it is given up."""


async def prove_feed(transaction: Transaction, key: str, token: int, now: datetime) -> None:
    """Let the transaction go on only while the feed is held under the token; nobody can take it until it has ended."""
    held = await _locked(transaction, key, now)
    if held is None or held.token != token:
        raise _busy(held or Feed(source=key, scope=""))


async def _locked(transaction: Transaction, key: str, now: datetime) -> Feed | None:
    """Return the feed while others wait for it; None for a new one."""
    (row,) = await transaction.run(TOUCH_FEED, key=key, touched=write_time(now))
    return _read(Feed, row["held"]) if "source" in row["held"] else None


def _released(held: Feed, run: Run) -> Feed:
    free = replace(held, holder="", held_until=None)
    if run.state is not RunState.DONE:
        return free
    starts = (*held.complete_starts, run.started_at) if run.complete else held.complete_starts
    return replace(
        free,
        last_started=run.started_at,
        last_ended=run.ended_at,
        complete_starts=starts[-KEPT_STARTS:],
    )


def _busy(feed: Feed) -> Conflict:
    until = f" until {feed.held_until.isoformat()}" if feed.held_until else ""
    return Conflict(
        ErrorCode.FEED_BUSY,
        f"Another run of '{feed.source}' for the scope '{feed.scope}' is under way{until}.",
        hint="Wait for it; a run that was interrupted gives its feed up by itself after some minutes.",
    )


def _items_in(rows: Sequence[Row]) -> list[Item]:
    held = (record_from(RecordKind.ITEM, properties) for row in rows for properties in row["rows"])
    return [item for item in held if isinstance(item, Item)]


def _add_items(estate: Estate, rows: Sequence[Sequence[object]]) -> None:
    for key, ci_class, name, retired, sightings in cast(
        "Sequence[tuple[str, str, str, bool, str | None]]", rows
    ):
        seen = _item_sightings().validate_json(sightings) if sightings else ()
        estate.items[key] = KnownItem(key=key, ci_class=ci_class, name=name, retired=retired, sightings=seen)


def _add_attributes(estate: Estate, rows: Sequence[Properties]) -> None:
    for held in rows:
        item = record_from(RecordKind.ITEM, held)
        if isinstance(item, Item) and item.key in estate.items:
            estate.items[item.key].attributes = item.attributes


def _add_dependencies(estate: Estate, rows: Sequence[Sequence[object]]) -> None:
    for consumer, verb, provider, group, sightings in cast(
        "Sequence[tuple[str, str, str, str | None, str | None]]", rows
    ):
        seen = _read_dependency_sightings(sightings) if sightings else ()
        estate.dependencies.setdefault((consumer, verb, provider), []).append((group, seen))


@cache
def _item_sightings() -> TypeAdapter[tuple[Sighting, ...]]:
    return TypeAdapter(tuple[Sighting, ...])


@lru_cache(maxsize=65536)
def _read_dependency_sightings(text: str) -> tuple[DependencySighting, ...]:
    """Most dependencies of a feed are seen alike, so that equal texts share one object."""
    return _dependency_sightings().validate_json(text)


@cache
def _dependency_sightings() -> TypeAdapter[tuple[DependencySighting, ...]]:
    return TypeAdapter(tuple[DependencySighting, ...])


_JSON = frozenset({"counts", "problems", "documents", "candidates", "rejected", "complete_starts"})


def _written(kept: Feed | Run | Review) -> Properties:
    held: Properties = {"key": kept.key}
    for field in fields(kept):
        value = getattr(kept, field.name)
        if field.name in _JSON:
            held[field.name] = json.dumps(_listed(value), sort_keys=True, ensure_ascii=False)
        elif isinstance(value, datetime):
            held[field.name] = write_time(value)
        elif value is not None:
            held[field.name] = value
    return held


def _listed(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    return [
        write_time(entry) if isinstance(entry, datetime) else entry
        for entry in cast("Sequence[object]", value)
    ]


def _read(kept: type[Kept], held: Row) -> Kept:
    known = {field.name for field in fields(kept)}
    values = {
        name: json.loads(value) if name in _JSON else value for name, value in held.items() if name in known
    }
    adapter: TypeAdapter[Kept] = _ADAPTERS[kept.__name__]
    return adapter.validate_python(values)


_ADAPTERS: dict[str, TypeAdapter[Any]] = {kept.__name__: TypeAdapter(kept) for kept in (Feed, Run, Review)}
