"""What the record mutations take: rows of each kind, and how a row becomes a record."""

from datetime import datetime
from typing import Protocol

import strawberry

from cmdb.api.event_inputs import EventInput, SubjectInput
from cmdb.api.vocabulary import (
    ChangeKind,
    ChangeState,
    Evidence,
    MapKind,
    OnError,
    OnTrip,
    PartyKind,
    Risk,
    Role,
    Severity,
    Strength,
    Value,
    Wait,
    WindowKind,
)
from cmdb.model.provenance import AttributeValue
from cmdb.model.records import Assignment, Change, Dependency, EntryRecord, Item, Party
from cmdb.model.redundancy import RedundancyGroup
from cmdb.model.severity import AS_IS, SeverityMap
from cmdb.model.windows import Window

KEY = "The stable key that the source gives it."
VALID_FROM = "Since when it holds; default: now."
ENDED = "True closes it."


class RowInput(Protocol):
    """A row of a batch."""

    def to_record(self) -> EntryRecord:
        """Return the record; ValueError names the field that contradicts itself."""


@strawberry.input(description="One attribute of an item.")
class AttributeInput:
    """A name and a value."""

    name: str = strawberry.field(description="The name that the class declares.")
    value: Value = strawberry.field(description="The value.")


@strawberry.input(description="A redundancy group; give exactly one of needUp, needPercent and trip.")
class RedundancyGroupInput:
    """Becomes a `RedundancyGroup`."""

    name: str = strawberry.field(description="The name that dependencies refer to.")
    need_up: int | None = strawberry.field(default=None, description="Weight that must be up.")
    need_percent: int | None = strawberry.field(
        default=None, description="Percent of the weight that must be up."
    )
    trip: list[int] | None = strawberry.field(
        default=None, description="Fraction [num, den] of the weight whose failure trips it."
    )
    on_trip: OnTrip = strawberry.field(default=OnTrip.KTH, description="What it shows when tripped.")

    def to_group(self) -> RedundancyGroup:
        """Return the group."""
        if self.trip is not None and len(self.trip) != 2:
            raise ValueError("'trip' is a fraction [num, den] from 0 to 1")
        return RedundancyGroup(
            name=self.name,
            need_up=self.need_up,
            need_percent=self.need_percent,
            trip=None if self.trip is None else (self.trip[0], self.trip[1]),
            on_trip=self.on_trip,
        )


@strawberry.input(description="A configuration item.")
class ItemInput:
    """Becomes an `Item`."""

    key: str = strawberry.field(description=KEY)
    ci_class: str = strawberry.field(name="class", description="The name of its class.")
    name: str = strawberry.field(description="Its name.")
    description: str = strawberry.field(default="", description="Free text.")
    attributes: list[AttributeInput] = strawberry.field(default_factory=list, description="Its attributes.")
    groups: list[RedundancyGroupInput] = strawberry.field(
        default_factory=list, description="Its redundancy groups."
    )
    mention: bool = strawberry.field(
        default=False, description="True names it without describing it: another source does."
    )
    retired: bool = strawberry.field(default=False, description="True leaves only its history.")
    valid_from: datetime | None = strawberry.field(default=None, description=VALID_FROM)

    def to_record(self) -> Item:
        """Return the item."""
        return Item(
            key=self.key,
            ci_class=self.ci_class,
            name=self.name,
            description=self.description,
            attributes={entry.name: _plain(entry.value) for entry in self.attributes},
            groups=tuple(group.to_group() for group in self.groups),
            mention=self.mention,
            retired=self.retired,
            valid_from=self.valid_from,
        )


@strawberry.input(
    description="How a dependency turns its provider's severity into what reaches the consumer."
)
class SeverityMapInput:
    """Becomes a `SeverityMap`."""

    kind: MapKind = strawberry.field(description="Which mapping.")
    by: int = strawberry.field(default=0, description="How many rungs, for INCREASE and DECREASE.")
    to: Severity = strawberry.field(default=Severity.OK, description="What it becomes, for FIXED.")
    table: list[Severity] | None = strawberry.field(
        default=None,
        description="What each of the five rungs becomes, for TABLE; the first is OK, none falls.",
    )

    def to_map(self) -> SeverityMap:
        """Return the map."""
        table = None if self.table is None else tuple(self.table)
        return SeverityMap(self.kind, self.by, self.to, table)


@strawberry.input(description="A dependency: the consumer needs the provider.")
class DependencyInput:
    """Becomes a `Dependency`."""

    consumer: str = strawberry.field(description="Key of the item that needs.")
    verb: str = strawberry.field(description="The relationship type, read from consumer to provider.")
    provider: str = strawberry.field(description="Key of the item that is needed.")
    strength: Strength | None = strawberry.field(default=None, description="Default: that of the verb.")
    map: SeverityMapInput | None = strawberry.field(default=None, description="Default: AS_IS.")
    weight: int = strawberry.field(default=1, description="Its weight in the redundancy group.")
    group: str | None = strawberry.field(default=None, description="The consumer's redundancy group.")
    note: str = strawberry.field(default="", description="Free text.")
    evidence: Evidence = strawberry.field(default=Evidence.DECLARED, description="How its source knows it.")
    confidence: int = strawberry.field(default=100, description="How sure its source is, in percent.")
    ended: bool = strawberry.field(default=False, description=ENDED)
    valid_from: datetime | None = strawberry.field(default=None, description=VALID_FROM)

    def to_record(self) -> Dependency:
        """Return the dependency."""
        return Dependency(
            consumer=self.consumer,
            verb=self.verb,
            provider=self.provider,
            strength=self.strength,
            map=AS_IS if self.map is None else self.map.to_map(),
            weight=self.weight,
            group=self.group,
            note=self.note,
            evidence=self.evidence,
            confidence=self.confidence,
            ended=self.ended,
            valid_from=self.valid_from,
        )


@strawberry.input(description="Something done or to be done to items.")
class ChangeInput:
    """Becomes a `Change`."""

    key: str = strawberry.field(description=KEY)
    title: str = strawberry.field(description="What is done, in one line.")
    kind: ChangeKind = strawberry.field(description="Kind of the change.")
    state: ChangeState = strawberry.field(description="Where it stands.")
    targets: list[str] = strawberry.field(
        default_factory=list, description="Keys of the items it is done to."
    )
    subjects: list[SubjectInput] = strawberry.field(
        default_factory=list, description="What it is done to, where keys of items are not known."
    )
    link: str = strawberry.field(default="", description="Its page at the source.")
    planned_start: datetime | None = strawberry.field(default=None, description="When it is to begin.")
    planned_end: datetime | None = strawberry.field(default=None, description="When it is to end.")
    actual_start: datetime | None = strawberry.field(default=None, description="When it began.")
    actual_end: datetime | None = strawberry.field(default=None, description="When it ended.")
    risk: Risk | None = strawberry.field(default=None, description="Its risk.")
    implementer: str = strawberry.field(default="", description="Who does it.")
    description: str = strawberry.field(default="", description="Free text.")
    valid_from: datetime | None = strawberry.field(default=None, description=VALID_FROM)

    def to_record(self) -> Change:
        """Return the change."""
        return Change(
            key=self.key,
            title=self.title,
            change_kind=self.kind,
            state=self.state,
            targets=tuple(self.targets),
            subjects=tuple(subject.to_subject() for subject in self.subjects),
            link=self.link,
            planned_start=self.planned_start,
            planned_end=self.planned_end,
            actual_start=self.actual_start,
            actual_end=self.actual_end,
            risk=self.risk,
            implementer=self.implementer,
            description=self.description,
            valid_from=self.valid_from,
        )


@strawberry.input(description="A person, support group or organisation.")
class PartyInput:
    """Becomes a `Party`."""

    key: str = strawberry.field(description=KEY)
    kind: PartyKind = strawberry.field(description="Kind of the party.")
    name: str = strawberry.field(description="Its name.")
    contact: str = strawberry.field(default="", description="How to reach it.")
    member_of: list[str] = strawberry.field(
        default_factory=list, description="Keys of parties it belongs to."
    )
    valid_from: datetime | None = strawberry.field(default=None, description=VALID_FROM)

    def to_record(self) -> Party:
        """Return the party."""
        return Party(
            key=self.key,
            party_kind=self.kind,
            name=self.name,
            contact=self.contact,
            member_of=tuple(self.member_of),
            valid_from=self.valid_from,
        )


@strawberry.input(description="A party owns, supports or subscribes to an item.")
class AssignmentInput:
    """Becomes an `Assignment`."""

    party: str = strawberry.field(description="Key of the party.")
    role: Role = strawberry.field(description="How it stands to the item.")
    item: str = strawberry.field(description="Key of the item.")
    ended: bool = strawberry.field(default=False, description=ENDED)
    valid_from: datetime | None = strawberry.field(default=None, description=VALID_FROM)

    def to_record(self) -> Assignment:
        """Return the assignment."""
        return Assignment(
            party=self.party, role=self.role, item=self.item, ended=self.ended, valid_from=self.valid_from
        )


@strawberry.input(description="A maintenance or blackout time of items.")
class WindowInput:
    """Becomes a `Window`."""

    key: str = strawberry.field(description=KEY)
    kind: WindowKind = strawberry.field(description="Maintenance or blackout.")
    title: str = strawberry.field(description="What it is for.")
    items: list[str] = strawberry.field(default_factory=list, description="Keys of the items.")
    start: datetime = strawberry.field(description="From this time on.")
    end: datetime = strawberry.field(description="Before this time.")
    classes: list[str] = strawberry.field(default_factory=list, description="Classes, with all their items.")
    services: list[str] = strawberry.field(
        default_factory=list, description="Keys of services, with all that serves no other one."
    )
    rule: str = strawberry.field(
        default="", description="When it comes again, as in RFC 5545: FREQ=MONTHLY;BYDAY=2TU."
    )
    zone: str = strawberry.field(
        default="", description="The time zone of the rule, as in Europe/Berlin; default UTC."
    )
    valid_from: datetime | None = strawberry.field(default=None, description=VALID_FROM)

    def to_record(self) -> Window:
        """Return the window."""
        return Window(
            key=self.key,
            window_kind=self.kind,
            title=self.title,
            items=tuple(self.items),
            start=self.start,
            end=self.end,
            classes=tuple(self.classes),
            services=tuple(self.services),
            rule=self.rule,
            zone=self.zone,
            valid_from=self.valid_from,
        )


@strawberry.input(description="What every batch says.")
class BatchInput:
    """Who asserts, and what a refused row does."""

    source: str = strawberry.field(description="The tool that asserts the rows.")
    on_error: OnError = strawberry.field(
        default=OnError.REFUSE_BATCH, description="What a refused row does to the batch."
    )


@strawberry.input(description="A batch of items.")
class RecordItemsInput(BatchInput):
    """Items of one source."""

    rows: list[ItemInput] = strawberry.field(description="The items.")


@strawberry.input(description="A batch of dependencies.")
class RecordDependenciesInput(BatchInput):
    """Dependencies of one source."""

    rows: list[DependencyInput] = strawberry.field(description="The dependencies.")


@strawberry.input(description="A batch of event steps.")
class RecordEventsInput(BatchInput):
    """Event transitions of one source."""

    rows: list[EventInput] = strawberry.field(description="The steps.")
    wait: Wait | None = strawberry.field(
        default=None,
        description="Send them through the inbox and wait for this; else they are written at once, or not at all.",
    )


@strawberry.input(description="A batch of changes.")
class RecordChangesInput(BatchInput):
    """Changes of one source."""

    rows: list[ChangeInput] = strawberry.field(description="The changes.")


@strawberry.input(description="A batch of parties.")
class RecordPartiesInput(BatchInput):
    """Parties of one source."""

    rows: list[PartyInput] = strawberry.field(description="The parties.")


@strawberry.input(description="A batch of assignments.")
class RecordAssignmentsInput(BatchInput):
    """Assignments of one source."""

    rows: list[AssignmentInput] = strawberry.field(description="The assignments.")


@strawberry.input(description="A batch of windows.")
class RecordWindowsInput(BatchInput):
    """Windows of one source."""

    rows: list[WindowInput] = strawberry.field(description="The windows.")


def _plain(value: object) -> AttributeValue:
    # The scalar has checked it already; this tells the type checker so.
    if isinstance(value, str | bool | int | float | tuple):
        return value
    raise ValueError("'value' is text, a number, a boolean or a list of texts")
