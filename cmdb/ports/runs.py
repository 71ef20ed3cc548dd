"""What the core asks of a store for runs: the estate to compare with, feeds, runs and reviews.

Feeds, runs and reviews are bookkeeping: they take no revision and have no history of their own.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from cmdb.model.records import Dependency, Item
from cmdb.model.runs import Estate, Feed, Review, Run, Triple


class RunLog(Protocol):
    """Keeps what is known of runs; implemented by the store beside the graph ports."""

    async def estate(self) -> Estate:
        """Return every CI, retired ones too, and every open dependency, with their sightings."""

    async def named_items(self, since: int) -> tuple[int, list[Item]]:
        """Return the CIs touched after revision `since`, retired ones too, and the revision that this holds for.

        0 asks for all present ones.
        """

    async def has_feeds(self) -> bool:
        """Whether any run was ever made: without one no record has sightings."""

    async def sighted_items(self, keys: Collection[str]) -> dict[str, Item]:
        """Return those of the CIs that have sightings, by key."""

    async def dependencies_between(self, triples: Collection[Triple]) -> dict[Triple, list[Dependency]]:
        """Return the open dependencies of these pairs of CIs."""

    async def dependencies_of(self, key: str) -> list[Dependency]:
        """Return the open dependencies at either end of a CI, by key."""

    async def take_feed(self, source: str, scope: str, now: datetime, until: datetime, holder: str) -> Feed:
        """Take the feed until then and return it with its new token; Conflict FEED_BUSY while another holds it."""

    async def renew_feed(self, feed: Feed, run: Run, until: datetime) -> None:
        """Hold the feed longer and show the run under way; Conflict FEED_BUSY when another has taken it since."""

    async def release_feed(self, feed: Feed, run: Run) -> None:
        """Let the feed go and keep the run and what the feed says of its last good ones, unless it was taken."""

    async def feeds(self) -> list[Feed]:
        """Return all feeds, by key."""

    async def runs(self, source: str | None, limit: int) -> list[Run]:
        """Return the latest runs, newest first."""

    async def reviews(self) -> list[Review]:
        """Return all reviews, by key."""

    async def put_reviews(self, reviews: Sequence[Review]) -> None:
        """Keep these reviews, each in place of the one with its key."""
