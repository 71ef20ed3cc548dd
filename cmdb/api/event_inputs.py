"""The row of an event in a mutation."""

from datetime import datetime

import strawberry

from cmdb.api.vocabulary import Direction, EventState, Severity
from cmdb.model.records import EventTransition
from cmdb.model.subject import Subject


@strawberry.input(description="One label of a source.")
class LabelInput:
    """A name and its value."""

    name: str = strawberry.field(description="Its name.")
    value: str = strawberry.field(description="Its value.")


@strawberry.input(description="What a source says it is about; the item is found by ordered rules.")
class SubjectInput:
    """Becomes a `Subject`."""

    reference: str = strawberry.field(default="", description="Key of an item, ours or the source's own.")
    host: str = strawberry.field(default="", description="A host name.")
    address: str = strawberry.field(default="", description="An IP or MAC address.")
    part: str = strawberry.field(default="", description="What of the host is meant: an interface, a disk.")
    service: str = strawberry.field(default="", description="Name of a service or application.")
    labels: list[LabelInput] = strawberry.field(default_factory=list, description="Labels of the source.")

    def to_subject(self) -> Subject:
        """Return the subject."""
        return Subject(
            reference=self.reference,
            host=self.host,
            address=self.address,
            part=self.part,
            service=self.service,
            labels={label.name: label.value for label in self.labels},
        )


@strawberry.input(description="One step of an event: raised, repeated, changed in severity or cleared.")
class EventInput:
    """Becomes an `EventTransition`."""

    item: str = strawberry.field(default="", description="Key of the item it is on; else give the subject.")
    subject: SubjectInput | None = strawberry.field(
        default=None, description="What it is about, when the item's key is not known."
    )
    id: str = strawberry.field(default="", description="Tells a step that is sent again from a new one.")
    sequence: int | None = strawberry.field(
        default=None, description="The source's own order, if it has one."
    )
    repeat_seconds: int | None = strawberry.field(
        default=None, description="How often the source promises to repeat itself."
    )
    link: str = strawberry.field(default="", description="Its page at the source.")
    raw: str = strawberry.field(default="", description="What the source sent; its beginning is kept.")
    condition: str = strawberry.field(description="What is wrong; one word of the source.")
    severity: Severity = strawberry.field(description="How bad it is.")
    at: datetime = strawberry.field(description="When the source saw it.")
    state: EventState = strawberry.field(default=EventState.OPEN, description="CLEARED ends the episode.")
    direction: Direction = strawberry.field(
        default=Direction.ERROR, description="Which way its symptom travels."
    )
    summary: str = strawberry.field(default="", description="The source's own text.")
    key: str | None = strawberry.field(
        default=None, description="The source's key of the episode, if it has one."
    )
    unknown: bool = strawberry.field(
        default=False, description="Whether the source cannot tell how bad it is."
    )

    def to_record(self) -> EventTransition:
        """Return the transition."""
        return EventTransition(
            item=self.item,
            subject=None if self.subject is None else self.subject.to_subject(),
            id=self.id,
            sequence=self.sequence,
            repeat_seconds=self.repeat_seconds,
            link=self.link,
            raw=self.raw,
            condition=self.condition,
            severity=self.severity,
            at=self.at,
            state=self.state,
            direction=self.direction,
            summary=self.summary,
            key=self.key,
            unknown=self.unknown,
        )
