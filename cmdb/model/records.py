"""The record kinds, as sources assert them and as the store keeps them.

Plain frozen dataclasses: borders validate them with pydantic, the core uses them as they are.
All times are aware; intervals are half-open [start, end).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from cmdb.model.kinds import RecordKind
from cmdb.model.provenance import AttributeValue, DependencySighting, Evidence, Sighting
from cmdb.model.redundancy import RedundancyGroup
from cmdb.model.severity import AS_IS, Severity, SeverityMap, Strength
from cmdb.model.subject import Subject
from cmdb.model.windows import Window

RAW_LIMIT = 16_384
"""Characters that are kept of what a source sent."""


class Direction(StrEnum):
    """Which way a symptom travels: error to consumers, starvation to providers, local not at all."""

    ERROR = "error"
    STARVATION = "starvation"
    LOCAL = "local"


class EventState(StrEnum):
    """An episode is open until its source clears it."""

    OPEN = "open"
    CLEARED = "cleared"


class ChangeKind(StrEnum):
    """ITIL change kinds, and drift that a loader saw and no change record explains."""

    STANDARD = "standard"
    NORMAL = "normal"
    EMERGENCY = "emergency"
    DETECTED = "detected"


class ChangeState(StrEnum):
    """Where a change stands in its life."""

    PLANNED = "planned"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"
    CANCELLED = "cancelled"


class Risk(StrEnum):
    """Risk as the change record states it."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class TicketKind(StrEnum):
    """An incident, or one person's report that can be attached to an incident."""

    INCIDENT = "incident"
    REPORT = "report"


class TicketState(StrEnum):
    """Where a ticket stands; merged tickets keep resolving to the one that took them in."""

    NEW = "new"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    ON_HOLD = "on_hold"
    RESOLVED = "resolved"
    CLOSED = "closed"


class PartyKind(StrEnum):
    """A person, a support group or an organisation."""

    PERSON = "person"
    SUPPORT_GROUP = "support_group"
    ORGANISATION = "organisation"


class Role(StrEnum):
    """How a party stands to a CI."""

    OWNS = "owns"
    SUPPORTS = "supports"
    SUBSCRIBES = "subscribes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A configuration item of a declared class; `retired` leaves a tombstone, history stays.

    A `mention` names a CI that another source describes: it is bound to that CI and writes nothing to it.
    """

    kind: ClassVar[RecordKind] = RecordKind.ITEM
    key: str
    ci_class: str
    name: str
    description: str = ""
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    groups: tuple[RedundancyGroup, ...] = ()
    mention: bool = False
    sightings: tuple[Sighting, ...] = ()
    retired: bool = False
    valid_from: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """`consumer -[verb]-> provider`; strength None means the verb's default; `ended` closes it."""

    kind: ClassVar[RecordKind] = RecordKind.DEPENDENCY
    consumer: str
    verb: str
    provider: str
    strength: Strength | None = None
    map: SeverityMap = AS_IS
    weight: int = 1
    group: str | None = None
    note: str = ""
    evidence: Evidence = Evidence.DECLARED
    confidence: int = 100
    sightings: tuple[DependencySighting, ...] = ()
    ended: bool = False
    valid_from: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse negative weights, which the order statistic needs at 0 or above, and impossible percentages."""
        if self.weight < 0:
            raise ValueError("'weight' is a whole number, 0 or more")
        if not 0 <= self.confidence <= 100:
            raise ValueError("'confidence' is a whole number from 0 to 100")

    @property
    def key(self) -> str:
        """One consumer may use one provider several times, in different groups."""
        return f"{self.consumer}|{self.verb}|{self.provider}|{self.group or ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTransition:
    """One step of an event as its source reported it: raised, repeated, changed in severity or cleared.

    It is about the CI `item`, or about a `subject` for which the CI must be found. `id` tells a step that is sent
    again from a new one, `sequence` is the source's own order where it has one, `repeat_seconds` how often the source
    promises to repeat itself, `link` leads to its page at the source, `raw` is what the source sent. `received_at` is
    ours, never the source's: when we got it.
    """

    item: str = ""
    condition: str
    severity: Severity
    at: datetime
    subject: Subject | None = None
    id: str = ""
    sequence: int | None = None
    repeat_seconds: int | None = None
    link: str = ""
    state: EventState = EventState.OPEN
    direction: Direction = Direction.ERROR
    summary: str = ""
    key: str | None = None
    unknown: bool = False
    raw: str = ""
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One episode of one condition on one CI from one source: the fold of its transitions.

    While no CI is found for its `subject` it is unbound: `item` is empty, and no question but its own list shows it.
    `binding` says by which rule its CI was found, or why none was. `raw` is what the source sent last, cut to
    `RAW_LIMIT`, for engineers.
    `memory` is what the fold keeps of the steps, `flapping_until` when it stops to flap if nothing further happens.
    `clock_ahead` says that its source told of times to come; they stand here as a little after their receipt.
    `acknowledged_seen` is the latest step, by the source's clock, of which `acknowledged_by` has taken note.
    """

    kind: ClassVar[RecordKind] = RecordKind.EVENT
    key: str
    source: str
    item: str
    condition: str
    severity: Severity
    state: EventState
    direction: Direction
    raised_at: datetime
    last_seen_at: datetime
    changed_at: datetime
    summary: str = ""
    cleared_at: datetime | None = None
    count: int = 1
    unknown: bool = False
    subject: Subject | None = None
    binding: str = ""
    link: str = ""
    raw: str = ""
    repeat_seconds: int | None = None
    flapping_until: datetime | None = None
    clock_ahead: bool = False
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None
    acknowledged_seen: datetime | None = None
    shelved_until: datetime | None = None
    memory: str = ""

    @property
    def valid_from(self) -> datetime:
        """The state holds from its latest transition on."""
        return self.changed_at

    @property
    def is_open(self) -> bool:
        """Whether the episode still runs."""
        return self.state is EventState.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something done or to be done to CIs; actual times win over planned ones.

    `targets` are keys of CIs; `subjects` are what a source says it is done to, and each whose CI is found stands
    among the targets too. `link` leads to its page at the source.
    """

    kind: ClassVar[RecordKind] = RecordKind.CHANGE
    key: str
    title: str
    change_kind: ChangeKind
    state: ChangeState
    targets: tuple[str, ...] = ()
    subjects: tuple[Subject, ...] = ()
    link: str = ""
    planned_start: datetime | None = None
    planned_end: datetime | None = None
    actual_start: datetime | None = None
    actual_end: datetime | None = None
    risk: Risk | None = None
    implementer: str = ""
    description: str = ""
    valid_from: datetime | None = None

    @property
    def start(self) -> datetime | None:
        """When it began, or is to begin."""
        return self.actual_start or self.planned_start

    @property
    def end(self) -> datetime | None:
        """When it ended, or is to end; a running change has no end yet."""
        if self.state is ChangeState.RUNNING:
            return None
        return (
            self.actual_end or (self.planned_end if self.actual_start is None else None) or self.actual_start
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkNote:
    """One remark on a ticket."""

    at: datetime
    author: str
    text: str


@dataclass(frozen=True, slots=True)
class Pause:
    """A time in which a ticket's resolution clock stands, [start, end); without an end it still does."""

    start: datetime
    end: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """An incident or a report; an open incident's `cause_key` is unique, so two openers make one.

    `parent` is the incident that a report is attached to, or that an incident was merged into.
    """

    kind: ClassVar[RecordKind] = RecordKind.TICKET
    key: str
    ticket_kind: TicketKind
    title: str
    state: TicketState
    opened_at: datetime
    changed_at: datetime
    priority: int = 3
    items: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    cause_key: str | None = None
    cause_item: str | None = None
    situation: str | None = None
    parent: str | None = None
    support_group: str | None = None
    assignee: str | None = None
    caller: str | None = None
    responded_at: datetime | None = None
    pauses: tuple[Pause, ...] = ()
    resolved_at: datetime | None = None
    expected_resolution_at: datetime | None = None
    expected_resolution_basis: str = ""
    notes: tuple[WorkNote, ...] = ()

    @property
    def valid_from(self) -> datetime:
        """The state holds from its latest step on."""
        return self.changed_at

    @property
    def is_open(self) -> bool:
        """Whether work on it is still expected."""
        return self.state not in (TicketState.RESOLVED, TicketState.CLOSED)

    @property
    def is_merged(self) -> bool:
        """Whether another incident has taken this one in: closed by that, it never was resolved."""
        is_over = self.state is TicketState.CLOSED and self.resolved_at is None
        return self.ticket_kind is TicketKind.INCIDENT and self.parent is not None and is_over


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A person, support group or organisation."""

    kind: ClassVar[RecordKind] = RecordKind.PARTY
    key: str
    party_kind: PartyKind
    name: str
    contact: str = ""
    member_of: tuple[str, ...] = ()
    valid_from: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A party owns, supports or subscribes to a CI; `ended` closes it."""

    kind: ClassVar[RecordKind] = RecordKind.ASSIGNMENT
    party: str
    role: Role
    item: str
    ended: bool = False
    valid_from: datetime | None = None

    @property
    def key(self) -> str:
        """One party holds one role on one CI once."""
        return f"{self.party}|{self.role}|{self.item}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SituationRecord:
    """The number of a situation and what it stands for; one that joined an older one resolves by `merged_into`."""

    kind: ClassVar[RecordKind] = RecordKind.SITUATION
    key: str
    cause: str
    events: tuple[str, ...]
    opened_at: datetime
    changed_at: datetime
    ended_at: datetime | None = None
    merged_into: str | None = None

    @property
    def valid_from(self) -> datetime:
        """The state holds from its latest change on."""
        return self.changed_at


Record = Item | Dependency | Event | Change | Ticket | Party | Assignment | Window | SituationRecord
EntryRecord = Item | Dependency | EventTransition | Change | Ticket | Party | Assignment | Window
