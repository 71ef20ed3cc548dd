"""Answers to the questions: plain data with proof, the revision and the time they hold for."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from cmdb.model.evidence import CiRef, GroupVerdict, PathStep, RankedPath
from cmdb.model.kinds import RecordKind
from cmdb.model.records import Change, Event, Item, Party, Role, Ticket
from cmdb.model.severity import Severity

__all__ = ["CiRef", "GroupVerdict", "PathStep"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What an answer holds for: revision of the graph and time of the computation.

    `lag_milliseconds` before that time the store last confirmed that nothing newer was written. `verified` False: the
    store was changed past this service, and the answer may miss it. Of an answer about the past `as_of` is the time
    that it is about, `known_at` the time whose knowledge it uses.
    """

    revision: int
    computed_at: datetime
    as_of: datetime | None = None
    known_at: datetime | None = None
    verified: bool = True
    lag_milliseconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """Further provider failures that a CI survives; `next_failures` are those that alone would worsen it.

    `survives` None: it is at CRITICAL already or no provider can reach it. `exact` False: at least this many.
    Of the next failures the first ten by key are named: a service of a large estate has a hundred.
    """

    survives: int | None
    exact: bool
    next_failures: tuple[CiRef, ...]
    next_failure_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """A CI's state: own from its events, inherited from providers, effective the worse of both.

    `worst_case` counts unknown providers as down; `planned` is what maintenance windows explain.
    """

    own: Severity
    inherited: Severity
    effective: Severity
    worst_case: Severity
    planned: Severity

    @property
    def certain(self) -> bool:
        """Whether unknown providers make no difference."""
        return self.effective is self.worst_case


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseRow:
    """A failing CI that belongs to some minimal set of failures, with its open error events."""

    item: CiRef
    severity: Severity
    events: tuple[Event, ...]


def _no_paths(_: int) -> tuple[RankedPath, ...]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Why a CI is in its state: causes, smallest repairs, redundancy verdicts, a shortest path to the origin.

    `best_paths` finds the given number of simple paths when it is called: severest first, then shortest, then by key.
    """

    path: tuple[PathStep, ...]
    causes: tuple[CauseRow, ...]
    repairs: tuple[tuple[CiRef, ...], ...]
    groups: tuple[GroupVerdict, ...]
    exact: bool
    best_paths: Callable[[int], tuple[RankedPath, ...]] = field(default=_no_paths, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactRow:
    """One impacted or endangered CI.

    `severity`: with the origin failing on top of everything else that fails now (equals the present effective
    severity unless the origin's failure is assumed); `alone`: if the origin were the only failure; `without`: if it
    were healthy.
    """

    item: CiRef
    health: Health
    severity: Severity
    alone: Severity
    without: Severity
    proof: Proof
    margin: Margin
    tickets: tuple[Ticket, ...]
    owners: tuple[Party, ...]

    @property
    def impacted(self) -> bool:
        """Whether the origin harms it, by itself or together with other failures."""
        return self.alone > Severity.OK or self.severity > self.without


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactAnswer:
    """What an event, CI or change impacts.

    `rows` is the asked page, impacted ones first, by severity then name; `holding` rows stand on redundancy.
    """

    basis: Basis
    origins: tuple[CiRef, ...]
    reached: int
    impacted: int
    holding: int
    restricted: int
    rows: tuple[ImpactRow, ...]
    has_more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One term of a score: its weight, its value in 0..1 and why."""

    name: str
    weight: float
    value: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspectChange:
    """A change upstream, scored; `excluded` says why it cannot be the cause."""

    change: Change
    target: CiRef
    hops: int
    path: tuple[PathStep, ...]
    score: float
    terms: tuple[Term, ...]
    excluded: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamChangesAnswer:
    """What changed upstream of a CI before its symptom, best suspect first."""

    basis: Basis
    item: CiRef
    onset: datetime
    since: datetime
    upstream: int
    suspects: tuple[SuspectChange, ...]
    excluded: tuple[SuspectChange, ...]
    has_more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbableCause:
    """A CI that can explain the symptoms, scored; `events` are its own, empty for a silent one."""

    item: CiRef
    score: float
    terms: tuple[Term, ...]
    events: tuple[Event, ...]
    explains: tuple[Event, ...]
    path: tuple[PathStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbableCausesAnswer:
    """Why a CI is as it is, best cause first."""

    basis: Basis
    item: CiRef
    health: Health
    causes: tuple[ProbableCause, ...]
    suspects: tuple[SuspectChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfRow:
    """A CI whose severity or margin an assumed failure alters."""

    item: CiRef
    before: Severity
    after: Severity
    margin_before: int | None
    margin_after: int | None
    path: tuple[PathStep, ...]
    owners: tuple[Party, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfAnswer:
    """What would happen if the assumed CIs failed: rows that worsen first, then those that only lose margin."""

    basis: Basis
    assumed: tuple[CiRef, ...]
    worse: int
    margin_lost: int
    rows: tuple[WhatIfRow, ...]
    has_more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SituationMember:
    """An event of a situation and why it belongs there."""

    event: Event
    item: CiRef
    role: str
    reason: str
    path: tuple[PathStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Open events that share one probable cause; its key is that of the cause, its number stays when that changes.

    It has no number until the owner of the background duties has seen it.
    """

    key: str
    number: str | None
    cause: CiRef
    severity: Severity
    since: datetime
    members: tuple[SituationMember, ...]
    ticket: Ticket | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStatus:
    """A service as its subscriber sees it."""

    item: CiRef
    health: Health
    margin: Margin
    proof: Proof
    events: tuple[Event, ...]
    tickets: tuple[Ticket, ...]
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """One thing that happened: an event, change or ticket of the CI or of what it depends on."""

    at: datetime
    item: CiRef
    hops: int
    what: str
    event: Event | None = None
    change: Change | None = None
    ticket: Ticket | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineAnswer:
    """Events, changes and tickets of a CI and of what it depends on, newest first."""

    basis: Basis
    item: CiRef
    entries: tuple[TimelineEntry, ...]
    has_more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeCandidate:
    """A service that the caller may mean, with the events and the ticket that can explain the words."""

    service: CiRef
    health: Health
    score: float
    terms: tuple[Term, ...]
    causes: tuple[ProbableCause, ...]
    tickets: tuple[Ticket, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeAnswer:
    """The desk's answer to a caller's words, best service first."""

    basis: Basis
    words: str
    caller: Party | None
    candidates: tuple[IntakeCandidate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignedParty:
    """A party and how it stands to a CI."""

    party: Party
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """A CI with its state and the parties around it; secret attributes are left out where the role lacks them."""

    item: Item
    ref: CiRef
    health: Health
    parties: tuple[AssignedParty, ...]
    source: str
    recorded_at: datetime
    revision: int


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A CI that fits the words, and why."""

    item: CiRef
    score: float
    matched: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TopologyAnswer:
    """The neighbourhood of a CI, breadth first; `truncated` when a limit cut it."""

    basis: Basis
    item: CiRef
    nodes: tuple[CiRef, ...]
    steps: tuple[PathStep, ...]
    truncated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field that a version altered; None where it was not there."""

    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One version of a record: who said it, since when it was so, when it was known, and what it altered."""

    revision: int
    source: str
    valid_from: datetime
    valid_to: datetime | None
    recorded_at: datetime
    changes: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryAnswer:
    """Every recorded version of one record, oldest first."""

    basis: Basis
    kind: RecordKind
    key: str
    entries: tuple[HistoryEntry, ...]
