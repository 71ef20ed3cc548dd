"""What the core asks of a store: read the graph, write batches of records."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

from cmdb.errors import ErrorCode
from cmdb.model.access import Principal
from cmdb.model.kinds import RecordKind
from cmdb.model.records import Assignment, Change, Event, Party, Record, SituationRecord, Ticket
from cmdb.model.redundancy import RedundancyGroup
from cmdb.model.severity import SeverityMap, Strength
from cmdb.model.windows import Window


@dataclass(frozen=True, slots=True)
class Stored:
    """A record as the store keeps it: since when it holds, when and by whom it was recorded, at which revision."""

    record: Record
    revision: int
    valid_from: datetime
    recorded_at: datetime
    source: str
    valid_to: datetime | None = None


@dataclass(slots=True)
class ItemColumns:
    """CIs as parallel lists; `retired` ones appear only in a delta."""

    keys: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    groups: list[tuple[RedundancyGroup, ...]] = field(default_factory=list)
    retired: list[bool] = field(default_factory=list)


@dataclass(slots=True)
class DependencyColumns:
    """Open dependencies as parallel lists; ends are CI keys."""

    consumers: list[str] = field(default_factory=list)
    providers: list[str] = field(default_factory=list)
    verbs: list[str] = field(default_factory=list)
    strengths: list[Strength] = field(default_factory=list)
    maps: list[SeverityMap] = field(default_factory=list)
    weights: list[int] = field(default_factory=list)
    groups: list[str | None] = field(default_factory=list)


@dataclass(slots=True)
class GraphDelta:
    """What was written in (since, revision].

    `items` are the CIs touched; `dependencies` hold the complete open outgoing set of each of them.
    With since = 0 it is the whole present graph: no retired CIs, no closed dependencies, cleared events left out.
    """

    revision: int
    items: ItemColumns = field(default_factory=ItemColumns)
    dependencies: DependencyColumns = field(default_factory=DependencyColumns)
    events: list[Event] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    tickets: list[Ticket] = field(default_factory=list)
    parties: list[Party] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    situations: list[SituationRecord] = field(default_factory=list)

    def records_of(self, kind: RecordKind) -> list[Any]:
        """Return the list that holds the records of this kind."""
        lists: dict[RecordKind, list[Any]] = {
            RecordKind.EVENT: self.events,
            RecordKind.CHANGE: self.changes,
            RecordKind.TICKET: self.tickets,
            RecordKind.PARTY: self.parties,
            RecordKind.ASSIGNMENT: self.assignments,
            RecordKind.WINDOW: self.windows,
            RecordKind.SITUATION: self.situations,
        }
        return lists[kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFilter:
    """Which events, changes or tickets: those that touch one of `items`, in state, with time in [since, until).

    The time is raised_at, start or opened_at. `bound` tells events whose CI was found from those without.
    None does not restrict.
    """

    items: frozenset[str] | None = None
    states: frozenset[str] | None = None
    since: datetime | None = None
    until: datetime | None = None
    bound: bool | None = None


_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PageKey:
    """Where a keyset page ended: newest first by time, then by key; changes without a time come last."""

    at: datetime | None
    key: str

    @property
    def rank(self) -> tuple[bool, datetime, str]:
        """What pages are sorted by, greatest first."""
        return self.at is not None, self.at or _NEVER, self.key


@dataclass(frozen=True, slots=True)
class Moment:
    """Which past: `as_of` is the time the question is about, `known_at` the time whose knowledge counts."""

    as_of: datetime
    known_at: datetime


@dataclass(frozen=True, slots=True)
class GraphTotals:
    """How much the store holds at a revision: CIs and events, and dependencies where they were counted."""

    revision: int
    items: int
    events: int
    dependencies: int = 0

    @property
    def nodes(self) -> tuple[int, int]:
        """Return what every engine counts in no time."""
        return self.items, self.events


class RecordReader(Protocol):
    """Reads records of one moment; every call names who asks, and hidden rows never leave it."""

    async def records(self, principal: Principal, kind: RecordKind, keys: Sequence[str]) -> list[Stored]:
        """Return the records with these keys, in the order of `keys`, missing ones left out."""

    async def page(
        self, principal: Principal, kind: RecordKind, query: RecordFilter, after: PageKey | None, limit: int
    ) -> list[Stored]:
        """Return up to `limit` events, changes or tickets, newest first, that follow `after`."""

    async def count(self, principal: Principal, kind: RecordKind, query: RecordFilter) -> int:
        """Return how many events, changes or tickets fulfil the filter."""


class GraphReader(RecordReader, Protocol):
    """Reads the present, what is new in it, and the past."""

    async def head(self) -> int:
        """Return the last committed revision of which all is visible."""

    async def totals(self, principal: Principal) -> GraphTotals:
        """Return the last committed revision and the totals of CIs and events, ended ones too, in one cheap look."""

    async def count_dependencies(self, principal: Principal) -> int:
        """Return how many dependencies there are, ended ones included; some engines walk all of them."""

    async def present_totals(self, principal: Principal) -> GraphTotals:
        """Return how many CIs, dependencies and events hold now, by whatever means it takes."""

    async def settled_totals(self, principal: Principal) -> GraphTotals:
        """Return all totals, of what ended too, while no writer is at work; waits for the one that is."""

    async def delta(self, principal: Principal, since: int) -> GraphDelta:
        """Return what was written after `since`; 0 asks for the whole present."""

    async def versions(self, principal: Principal, kind: RecordKind, key: str) -> list[Stored]:
        """Return every recorded version of one record, oldest revision first, the present one last."""

    async def past(self, principal: Principal, moment: Moment) -> list[Stored]:
        """Return the state of every record that held at `as_of`, by what had been recorded at `known_at`.

        A record states what is so from its valid_from on, until a later recorded state says otherwise.
        """


class RowStatus(StrEnum):
    """What became of one row of a batch."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem:
    """Why a row was refused: stable code, field, what was found, what to do."""

    code: ErrorCode
    message: str
    hint: str = ""
    field: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResult:
    """The outcome of one row; `index` is its place in the batch."""

    index: int
    kind: RecordKind
    key: str
    status: RowStatus
    problem: RowProblem | None = None


@dataclass(frozen=True, slots=True)
class WriteOutcome:
    """The revision after the write (the present head when nothing changed) and a result per record, in order."""

    revision: int
    results: tuple[RowResult, ...]

    @property
    def refused(self) -> bool:
        """Whether any row was refused."""
        return any(row.status is RowStatus.REFUSED for row in self.results)


@dataclass(frozen=True, slots=True, kw_only=True)
class Precondition:
    """What must still be so inside the write transaction, or nothing is written.

    `seen`: rows whose record was written after this revision are REFUSED (CONFLICT). `fence`: the writer's tenure of
    the owner role; when a later one has begun, Conflict (ROLE_LOST) is raised. `feed`: key and token of the feed of the
    run that writes; when a later run has taken it, Conflict (FEED_BUSY) is raised. With `retired_ends` all but
    dependencies may name CIs that are retired: a source tells what happened to what is gone.
    """

    seen: int | None = None
    fence: int | None = None
    feed: tuple[str, int] | None = None
    retired_ends: bool = False


UNCONDITIONAL = Precondition()


class GraphWriter(Protocol):
    """Writes; one call is one transaction and takes one revision, or none when nothing changed."""

    async def write(
        self,
        principal: Principal,
        source: str,
        records: Sequence[Record],
        recorded_at: datetime,
        condition: Precondition = UNCONDITIONAL,
    ) -> WriteOutcome:
        """Upsert the records atomically.

        Rows with an end that exists neither in the batch nor in the store are REFUSED (DANGLING_END) and then
        nothing at all is written. A second open incident with the same cause key is REFUSED (CONFLICT).
        """
