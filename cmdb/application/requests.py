"""What callers ask: plain request data with defaults, checked once."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from cmdb.errors import ErrorCode, InvalidInput
from cmdb.model.records import EntryRecord, TicketState
from cmdb.model.severity import Severity

PAGE_LIMIT = 100
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A keyset page: `first` rows (1 to 100) after an opaque position."""

    first: int = 20
    after: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Refuse sizes outside the published limit."""
        if not 1 <= self.first <= PAGE_LIMIT:
            raise InvalidInput(
                ErrorCode.BAD_ARGUMENT,
                f"'first' is {self.first}, outside 1 to {PAGE_LIMIT}.",
                hint="Ask for fewer rows and follow endCursor.",
            )


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows with the position of each, whether more follow, and the number of all."""

    rows: tuple[Row, ...]
    positions: tuple[tuple[str, ...], ...]
    has_more: bool
    total: int


class OnError(StrEnum):
    """What a refused row does to its batch."""

    REFUSE_BATCH = "refuse_batch"
    SKIP_ROW = "skip_row"


class Wait(StrEnum):
    """What the sender of events waits for when they go through the inbox."""

    ACCEPTED = "accepted"
    APPLIED = "applied"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordBatch:
    """Records asserted by one source; one transaction, one revision."""

    source: str
    records: tuple[EntryRecord, ...]
    on_error: OnError = OnError.REFUSE_BATCH


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFilter:
    """Which CIs: of these classes (subclasses included), service classes only, name or key containing `text`.

    `min_severity` keeps CIs whose effective severity is at least that; `subscribed_by` those of one party.
    """

    classes: frozenset[str] | None = None
    services_only: bool = False
    text: str | None = None
    min_severity: Severity | None = None
    subscribed_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactRequest:
    """Exactly one of event, item or change; `services_only` False lists every CI reached.

    `include_holding` adds rows that redundancy protects; `as_if` is the severity assumed for an item without events
    or a change's targets (default CRITICAL).
    """

    event: str | None = None
    item: str | None = None
    change: str | None = None
    as_if: Severity = Severity.CRITICAL
    services_only: bool = True
    include_holding: bool = True
    first: int = 20
    skip: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamChangesRequest:
    """Changes upstream of `item` in the `hours` before `onset` (default: its oldest open event upstream, else now)."""

    item: str
    onset: datetime | None = None
    hours: int = 168
    words: str = ""
    first: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfRequest:
    """Assume that these CIs are at `severity`."""

    items: tuple[str, ...]
    severity: Severity = Severity.CRITICAL
    services_only: bool = True
    first: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineRequest:
    """What happened to `item` and upstream of it in [since, until)."""

    item: str
    since: datetime | None = None
    until: datetime | None = None
    first: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeRequest:
    """A caller's words; `caller` is the key of the calling party."""

    words: str
    caller: str | None = None
    first: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class TopologyRequest:
    """Walk `depth` hops from `item`; direction is 'upstream', 'downstream' or 'both'."""

    item: str
    direction: str = "both"
    depth: int = 2
    limit: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTicketRequest:
    """Open an incident from an event, or a report from a caller; an open incident of the same cause takes it in."""

    event: str | None = None
    item: str | None = None
    title: str | None = None
    caller: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateTicketRequest:
    """One step of a ticket; None leaves a field as it is, `changes` are added to those it names."""

    ticket: str
    state: TicketState | None = None
    support_group: str | None = None
    assignee: str | None = None
    expected_resolution_at: datetime | None = None
    note: str | None = None
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeTicketsRequest:
    """Let the open incident `into` take in `tickets`, open incidents too."""

    into: str
    tickets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetachTicketRequest:
    """Let a report leave its incident, or a merged incident the one that took it in."""

    ticket: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachReportRequest:
    """Attach a caller's report to an open incident in one step; the report is made when it does not exist yet."""

    incident: str
    caller: str | None = None
    words: str = ""
    item: str | None = None
    report: str | None = None


@dataclass(frozen=True, slots=True)
class TicketReceipt:
    """The ticket after a step; `opened` False when an open one took the request in."""

    ticket: str
    opened: bool
    revision: int
    attached: tuple[str, ...] = field(default_factory=tuple)
