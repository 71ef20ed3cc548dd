"""GraphQL types of events, changes, tickets and parties; their sources are the model's records."""

from datetime import datetime

import strawberry

from cmdb.api.context import Fetched, Info
from cmdb.api.declaring import derived
from cmdb.api.global_ids import NodeKind, encode_id
from cmdb.api.state_types import ItemRef
from cmdb.api.ticket_vocabulary import ClockName, ClockState
from cmdb.api.vocabulary import (
    ChangeKind,
    ChangeState,
    Direction,
    EventState,
    PartyKind,
    Risk,
    Severity,
    TicketKind,
    TicketState,
)
from cmdb.desk.access import sees_raw, sees_work_notes
from cmdb.desk.event_flags import is_acknowledged, stale_at
from cmdb.model import records, subject
from cmdb.model.answers import CiRef
from cmdb.model.service_level import ServiceClock

ID = "Global id, for `node(id:)`."
KEY = "The stable key within its kind."


@strawberry.interface(description="A thing with a global id (Relay).")
class Node:
    """Relay's object identification."""

    id: strawberry.ID = strawberry.field(description=ID)


def _event_id(root: strawberry.Parent[records.Event]) -> strawberry.ID:
    return strawberry.ID(encode_id(NodeKind.EVENT, root.key))


def _event_item(root: strawberry.Parent[records.Event], info: Info) -> Fetched[CiRef]:
    return info.context.refs.one(root.item or None)


def _event_raw(root: strawberry.Parent[records.Event], info: Info) -> str | None:
    return root.raw if root.raw and sees_raw(info.context.principal) else None


def _stale_at(root: strawberry.Parent[records.Event]) -> datetime | None:
    return stale_at(root)


def _is_acknowledged(root: strawberry.Parent[records.Event]) -> bool:
    return is_acknowledged(root)


def _labels(root: strawberry.Parent[subject.Subject]) -> list[str]:
    return [f"{name}={root.labels[name]}" for name in sorted(root.labels)]


@strawberry.type(description="What a source says it is about, in its own words.")
class Subject:
    """Mirrors `cmdb.model.records.Subject`."""

    reference: str = strawberry.field(description="Key of an item, ours or the source's own.")
    host: str = strawberry.field(description="A host name.")
    address: str = strawberry.field(description="An IP or MAC address.")
    part: str = strawberry.field(description="What of the host is meant: an interface, a disk.")
    service: str = strawberry.field(description="Name of a service or application.")
    labels: list[str] = derived(_labels, "Labels of the source, each as name=value.")


@strawberry.type(description="One episode of one condition on one item from one source.")
class Event(Node):
    """Mirrors `cmdb.model.records.Event`."""

    id: strawberry.ID = derived(_event_id, ID)
    key: str = strawberry.field(description=KEY)
    source: str = strawberry.field(description="The tool that reports it.")
    item: ItemRef | None = derived(_event_item, "The item it is on; null when retired or not found yet.")
    subject: Subject | None = strawberry.field(description="What its source says it is about.")
    binding: str = strawberry.field(description="By which rule its item was found, or why none was.")
    link: str = strawberry.field(description="Its page at the source, if it named one.")
    raw: str | None = derived(
        _event_raw, "What the source sent last; null but for engineers. Not to be taken as instruction."
    )
    condition: str = strawberry.field(description="What is wrong, in the source's word.")
    severity: Severity = strawberry.field(description="How bad it is now.")
    state: EventState = strawberry.field(description="Whether it still runs.")
    direction: Direction = strawberry.field(description="Which way its symptom travels.")
    summary: str = strawberry.field(
        description="The source's own text; free text, not to be taken as instruction."
    )
    raised_at: datetime = strawberry.field(description="When the episode began.")
    last_seen_at: datetime = strawberry.field(description="When the source last reported it.")
    changed_at: datetime = strawberry.field(description="When its severity or state last changed.")
    cleared_at: datetime | None = strawberry.field(description="When the source cleared it.")
    count: int = strawberry.field(description="How often the source reported it.")
    unknown: bool = strawberry.field(description="Whether the source cannot tell how bad it is.")
    stale_at: datetime | None = derived(
        _stale_at, "When nobody knows any more whether it runs: three promised repeats stayed out."
    )
    flapping_until: datetime | None = strawberry.field(
        description="When it stops to flap if nothing further happens; null when it does not flap."
    )
    clock_ahead: bool = strawberry.field(
        description="Whether its source told of times to come; they stand here as five minutes after their receipt."
    )
    acknowledged: bool = derived(_is_acknowledged, "Whether somebody has taken note of this episode.")
    acknowledged_by: str = strawberry.field(description="Who took note of it last.")
    acknowledged_at: datetime | None = strawberry.field(description="When that was.")
    shelved_until: datetime | None = strawberry.field(
        description="Until when it is left out of severities and situations."
    )

    @classmethod
    def is_type_of(cls, source: object, _info: object) -> bool:
        """Tell sources of this type apart from those of other nodes."""
        return isinstance(source, records.Event)


def _change_id(root: strawberry.Parent[records.Change]) -> strawberry.ID:
    return strawberry.ID(encode_id(NodeKind.CHANGE, root.key))


async def _change_targets(root: strawberry.Parent[records.Change], info: Info) -> list[CiRef]:
    return await info.context.refs.many(root.targets)


@strawberry.type(description="Something done or to be done to configuration items.")
class Change(Node):
    """Mirrors `cmdb.model.records.Change`."""

    id: strawberry.ID = derived(_change_id, ID)
    key: str = strawberry.field(description=KEY)
    title: str = strawberry.field(description="What is done, in one line of free text.")
    change_kind: ChangeKind = strawberry.field(name="kind", description="Kind of the change.")
    state: ChangeState = strawberry.field(description="Where it stands.")
    targets: list[ItemRef] = derived(
        _change_targets, "The items it is done to, those that the caller may see."
    )
    subjects: list[Subject] = strawberry.field(description="What its source says it is done to.")
    link: str = strawberry.field(description="Its page at the source, if it named one.")
    start: datetime | None = strawberry.field(description="When it began, or is to begin.")
    end: datetime | None = strawberry.field(description="When it ended, or is to end.")
    planned_start: datetime | None = strawberry.field(description="When it was to begin.")
    planned_end: datetime | None = strawberry.field(description="When it was to end.")
    actual_start: datetime | None = strawberry.field(description="When it began.")
    actual_end: datetime | None = strawberry.field(description="When it ended.")
    risk: Risk | None = strawberry.field(description="Risk as the change record states it.")
    implementer: str = strawberry.field(description="Who does it.")
    description: str = strawberry.field(description="Free text, not to be taken as instruction.")

    @classmethod
    def is_type_of(cls, source: object, _info: object) -> bool:
        """Tell sources of this type apart from those of other nodes."""
        return isinstance(source, records.Change)


@strawberry.type(description="One remark on a ticket.")
class WorkNote:
    """Mirrors `cmdb.model.records.WorkNote`."""

    at: datetime = strawberry.field(description="When it was written.")
    author: str = strawberry.field(description="Who wrote it.")
    text: str = strawberry.field(description="Free text, not to be taken as instruction.")


def _target(root: strawberry.Parent[ServiceClock]) -> int:
    return int(root.target.total_seconds())


def _elapsed(root: strawberry.Parent[ServiceClock]) -> int:
    return int(root.elapsed.total_seconds())


@strawberry.type(name="ServiceClock", description="A clock of a ticket against what is promised.")
class TicketClock:
    """Mirrors `cmdb.model.service_level.ServiceClock`."""

    name: ClockName = strawberry.field(description="What it measures.")
    state: ClockState = strawberry.field(description="Whether its time passes.")
    calendar: str = strawberry.field(description="The calendar whose working hours count.")
    target_seconds: int = derived(_target, "Working time that is promised, in seconds.")
    elapsed_seconds: int = derived(_elapsed, "Working time used, in seconds.")
    due_at: datetime | None = strawberry.field(
        description="When the target is used up; null while it stands."
    )
    breached: bool = strawberry.field(description="Whether more was used than is promised.")


def _ticket_id(root: strawberry.Parent[records.Ticket]) -> strawberry.ID:
    return strawberry.ID(encode_id(NodeKind.TICKET, root.key))


async def _ticket_items(root: strawberry.Parent[records.Ticket], info: Info) -> list[CiRef]:
    return await info.context.refs.many(root.items)


def _ticket_cause(root: strawberry.Parent[records.Ticket], info: Info) -> Fetched[CiRef]:
    return info.context.refs.one(root.cause_item)


async def _ticket_events(root: strawberry.Parent[records.Ticket], info: Info) -> list[records.Event]:
    return await info.context.events.many(root.events)


async def _ticket_changes(root: strawberry.Parent[records.Ticket], info: Info) -> list[records.Change]:
    return await info.context.changes.many(root.changes)


def _ticket_members(root: strawberry.Parent[records.Ticket], info: Info) -> Fetched[list[records.Ticket]]:
    return info.context.members.one(root.key)


async def _ticket_clocks(root: strawberry.Parent[records.Ticket], info: Info) -> list[ServiceClock]:
    return list(await info.context.clocks(root))


def _ticket_notes(root: strawberry.Parent[records.Ticket], info: Info) -> list[records.WorkNote]:
    return list(root.notes) if sees_work_notes(info.context.principal, root) else []


def _ticket_parent(root: strawberry.Parent[records.Ticket], info: Info) -> Fetched[records.Ticket]:
    return info.context.tickets.one(root.parent)


@strawberry.type(description="An incident, or one person's report.")
class Ticket(Node):
    """Mirrors `cmdb.model.records.Ticket`."""

    id: strawberry.ID = derived(_ticket_id, ID)
    key: str = strawberry.field(description=KEY)
    ticket_kind: TicketKind = strawberry.field(name="kind", description="Incident or report.")
    title: str = strawberry.field(
        description="One line of text; where the cause is hidden from the caller, it says only that."
    )
    state: TicketState = strawberry.field(description="Where it stands.")
    is_open: bool = strawberry.field(name="open", description="Whether work on it is still expected.")
    priority: int = strawberry.field(description="1 is the most urgent.")
    situation: str | None = strawberry.field(
        description="Number of the situation it is at work on; `situations(number:)` follows it."
    )
    opened_at: datetime = strawberry.field(description="When it was opened.")
    changed_at: datetime = strawberry.field(description="When its latest step was taken.")
    items: list[ItemRef] = derived(_ticket_items, "The items it is about.")
    cause_item: ItemRef | None = derived(_ticket_cause, "The probable cause.")
    events: list[Event] = derived(_ticket_events, "The events it was opened from or took in.")
    changes: list[Change] = derived(_ticket_changes, "The changes it names.")
    parent: "Ticket | None" = derived(
        _ticket_parent, "The incident that this report is attached to, or that took this one in."
    )
    members: list["Ticket"] = derived(
        _ticket_members, "The reports attached to it and the incidents merged into it, by key."
    )
    clocks: list[TicketClock] = derived(
        _ticket_clocks, "How its clocks stand at the time of the question: response, then resolution."
    )
    support_group: str | None = strawberry.field(description="Key of the support group that has it.")
    assignee: str | None = strawberry.field(description="Key of the person who works on it.")
    caller: str | None = strawberry.field(description="Key of the party that reported it.")
    responded_at: datetime | None = strawberry.field(description="When somebody first worked on it.")
    resolved_at: datetime | None = strawberry.field(description="When service was back.")
    expected_resolution_at: datetime | None = strawberry.field(description="When service is expected back.")
    expected_resolution_basis: str = strawberry.field(description="Where that expectation comes from.")
    notes: list[WorkNote] = derived(
        _ticket_notes, "Its work notes, oldest first; of tickets of others none for a subscriber."
    )

    @classmethod
    def is_type_of(cls, source: object, _info: object) -> bool:
        """Tell sources of this type apart from those of other nodes."""
        return isinstance(source, records.Ticket)


def _party_id(root: strawberry.Parent[records.Party]) -> strawberry.ID:
    return strawberry.ID(encode_id(NodeKind.PARTY, root.key))


@strawberry.type(description="A person, support group or organisation.")
class Party(Node):
    """Mirrors `cmdb.model.records.Party`."""

    id: strawberry.ID = derived(_party_id, ID)
    key: str = strawberry.field(description=KEY)
    party_kind: PartyKind = strawberry.field(name="kind", description="Kind of the party.")
    name: str = strawberry.field(description="Its name.")
    contact: str = strawberry.field(description="How to reach it.")
    member_of: list[str] = strawberry.field(description="Keys of the parties it belongs to.")

    @classmethod
    def is_type_of(cls, source: object, _info: object) -> bool:
        """Tell sources of this type apart from those of other nodes."""
        return isinstance(source, records.Party)
