"""What is known of runs, in memory beside a graph in memory."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from cmdb.errors import Conflict, ErrorCode
from cmdb.model.kinds import RecordKind
from cmdb.model.records import Dependency, Item
from cmdb.model.runs import Estate, Feed, KnownItem, Review, Run, RunState, Triple
from tests.fakes.graph import FakeGraph


@dataclass
class FakeRunLog:
    """Implements `cmdb.ports.runs.RunLog`."""

    graph: FakeGraph
    known_feeds: dict[str, Feed] = field(default_factory=dict)
    known_runs: dict[str, Run] = field(default_factory=dict)
    known_reviews: dict[str, Review] = field(default_factory=dict)

    async def estate(self) -> Estate:
        """Return every CI and every open dependency."""
        estate = Estate()
        for item in self._items():
            estate.items[item.key] = KnownItem(
                key=item.key,
                ci_class=item.ci_class,
                name=item.name,
                retired=item.retired,
                sightings=item.sightings,
                attributes={} if item.sightings else item.attributes,
            )
        for row in self._dependencies():
            estate.dependencies.setdefault(_triple(row), []).append((row.group, row.sightings))
        return estate

    async def named_items(self, since: int) -> tuple[int, list[Item]]:
        """Return all CIs: what has not changed does no harm."""
        return await self.graph.head(), list(self._items())

    async def has_feeds(self) -> bool:
        """Whether any run was ever made."""
        return bool(self.known_feeds)

    async def sighted_items(self, keys: Collection[str]) -> dict[str, Item]:
        """Return those of the CIs that have sightings."""
        return {item.key: item for item in self._items() if item.sightings and item.key in keys}

    async def dependencies_between(self, triples: Collection[Triple]) -> dict[Triple, list[Dependency]]:
        """Return the open dependencies of these pairs of CIs."""
        found: dict[Triple, list[Dependency]] = {triple: [] for triple in triples}
        for row in self._dependencies():
            if _triple(row) in found:
                found[_triple(row)].append(row)
        return found

    async def dependencies_of(self, key: str) -> list[Dependency]:
        """Return the open dependencies at either end of a CI."""
        rows = (row for row in self._dependencies() if key in (row.consumer, row.provider))
        return sorted(rows, key=lambda row: row.key)

    async def take_feed(self, source: str, scope: str, now: datetime, until: datetime, holder: str) -> Feed:
        """Take the feed."""
        feed = self.known_feeds.get(f"{source}|{scope}", Feed(source=source, scope=scope))
        if feed.held_until is not None and feed.held_until > now:
            raise Conflict(ErrorCode.FEED_BUSY, "Another run is under way.")
        for key, run in self.known_runs.items():
            if (run.source, run.scope, run.state) == (source, scope, RunState.RUNNING):
                self.known_runs[key] = replace(run, state=RunState.FAILED, problems=("interrupted",))
        taken = replace(feed, token=feed.token + 1, holder=holder, held_until=until)
        self.known_feeds[taken.key] = taken
        self.graph.feeds[taken.key] = taken.token
        return taken

    async def renew_feed(self, feed: Feed, run: Run, until: datetime) -> None:
        """Hold the feed longer."""
        held = self._require(feed)
        self.known_feeds[feed.key] = replace(held, held_until=until)
        self.known_runs[run.key] = run

    async def release_feed(self, feed: Feed, run: Run) -> None:
        """Let the feed go and keep the run."""
        free = replace(self._require(feed), holder="", held_until=None)
        if run.state is RunState.DONE:
            starts = (*free.complete_starts, run.started_at) if run.complete else free.complete_starts
            free = replace(
                free, last_started=run.started_at, last_ended=run.ended_at, complete_starts=starts[-5:]
            )
        self.known_feeds[feed.key] = free
        self.known_runs[run.key] = run

    def _require(self, feed: Feed) -> Feed:
        held = self.known_feeds[feed.key]
        if held.token != feed.token:
            raise Conflict(ErrorCode.FEED_BUSY, "Another run is under way.")
        return held

    async def feeds(self) -> list[Feed]:
        """Return all feeds."""
        return [self.known_feeds[key] for key in sorted(self.known_feeds)]

    async def runs(self, source: str | None, limit: int) -> list[Run]:
        """Return the latest runs."""
        rows = [run for run in self.known_runs.values() if source in (None, run.source)]
        return sorted(rows, key=lambda run: (run.started_at, run.key), reverse=True)[:limit]

    async def reviews(self) -> list[Review]:
        """Return all reviews."""
        return [self.known_reviews[key] for key in sorted(self.known_reviews)]

    async def put_reviews(self, reviews: Sequence[Review]) -> None:
        """Keep these reviews."""
        self.known_reviews.update((review.key, review) for review in reviews)

    def _items(self) -> list[Item]:
        rows = (row.record for (kind, _), row in self.graph.rows.items() if kind is RecordKind.ITEM)
        return [row for row in rows if isinstance(row, Item)]

    def _dependencies(self) -> list[Dependency]:
        rows = (row.record for row in self.graph.rows.values())
        return [row for row in rows if isinstance(row, Dependency) and not row.ended]


def _triple(row: Dependency) -> Triple:
    return row.consumer, row.verb, row.provider
