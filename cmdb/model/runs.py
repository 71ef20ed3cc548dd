"""Runs of loaders, the feeds that they belong to, and the reviews that they leave to people."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from cmdb.model.provenance import AttributeValue, DependencySighting, Sighting


class RunState(StrEnum):
    """How a run ended; one that is still `running` after its lease was interrupted."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class ReviewState(StrEnum):
    """What a person decided; a review that nobody need decide any more is settled."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One import of a source; `counts` are numbers of records by kind and outcome, such as `items.created`.

    `complete` says that what it did not name may count as missed. `problems` are the first faulty records.
    """

    key: str
    source: str
    scope: str
    state: RunState
    complete: bool
    started_at: datetime
    ended_at: datetime | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    plan_hash: str = ""
    approved_by: str = ""
    revision: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One scope of one source over all its runs: who holds it now, and its last good runs.

    `token` counts the runs; only the run that holds the latest one may write. `complete_starts` are the starts of
    the last complete runs, oldest first.
    """

    source: str
    scope: str
    token: int = 0
    holder: str = ""
    held_until: datetime | None = None
    last_started: datetime | None = None
    last_ended: datetime | None = None
    complete_starts: tuple[datetime, ...] = ()

    @property
    def key(self) -> str:
        """One source has one feed a scope."""
        return f"{self.source}|{self.scope}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A question to people: is what a source calls `native` one of the candidates?

    `item` is the CI that it stands for in the meantime, None while it is bound to none. `rejected` holds the CIs that
    it is not, for ever.
    """

    source: str
    scope: str
    native: str
    name: str
    candidates: tuple[str, ...]
    reason: str
    opened_at: datetime
    item: str | None = None
    state: ReviewState = ReviewState.OPEN
    rejected: tuple[str, ...] = ()
    decided_by: str = ""
    decided_at: datetime | None = None

    @property
    def key(self) -> str:
        """One review a thing of a source."""
        return review_key(self.source, self.native)


def review_key(source: str, native: str) -> str:
    """Return the key of the review of what a source calls `native`."""
    return f"{source}|{native}"


@dataclass(slots=True, kw_only=True)
class KnownItem:
    """What the store holds of a CI, as far as recognising and comparing needs it; retired ones included.

    `attributes` are given only for a CI without sightings: one that was recorded directly.
    """

    key: str
    ci_class: str
    name: str
    retired: bool = False
    sightings: tuple[Sighting, ...] = ()
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)

    @property
    def is_placeholder(self) -> bool:
        """Whether sources only name it."""
        return bool(self.sightings) and all(row.mention or row.retired for row in self.sightings)


Triple = tuple[str, str, str]
"""Consumer, verb and provider of a dependency, whatever its redundancy group."""


@dataclass(slots=True)
class Estate:
    """All CIs by key and the sightings of all open dependencies; an empty tuple stands for one recorded directly."""

    items: dict[str, KnownItem] = field(default_factory=dict)
    dependencies: dict[Triple, list[tuple[str | None, tuple[DependencySighting, ...]]]] = field(
        default_factory=dict
    )
