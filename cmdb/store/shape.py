"""How records lie in the graph: which label or relationship, which links to other nodes."""

from collections.abc import Callable
from dataclasses import dataclass

from cmdb.model.kinds import RecordKind
from cmdb.model.records import (
    Assignment,
    Change,
    Dependency,
    Event,
    Item,
    Record,
    Role,
    SituationRecord,
    Ticket,
)
from cmdb.model.windows import Window

ITEM_LABEL = "ConfigurationItem"
LABELS = {
    RecordKind.ITEM: ITEM_LABEL,
    RecordKind.EVENT: "Event",
    RecordKind.CHANGE: "Change",
    RecordKind.TICKET: "Ticket",
    RecordKind.PARTY: "Party",
    RecordKind.WINDOW: "Window",
    RecordKind.SITUATION: "Situation",
}
ROLE_TYPES = {Role.OWNS: "OWNS", Role.SUPPORTS: "SUPPORTS", Role.SUBSCRIBES: "SUBSCRIBES"}
ROLE_PATTERN = "|".join(ROLE_TYPES.values())
BUCKETS = 256
AHEAD_DAYS = 400
"""How far ahead of their recording records still have a day of their own."""

FAR_DAY = "far"
"""The day of records that lie further ahead."""


@dataclass(frozen=True, slots=True)
class Link:
    """A relationship that a record's node owns; `ends` names the keys at its other side."""

    type: str
    label: str
    ends: Callable[[Record], tuple[str, ...]]


def _event_item(record: Record) -> tuple[str, ...]:
    return (record.item,) if isinstance(record, Event) and record.item else ()


def _targets(record: Record) -> tuple[str, ...]:
    return record.targets if isinstance(record, Change) else ()


def _affected(record: Record) -> tuple[str, ...]:
    return record.items if isinstance(record, Ticket | Window) else ()


def _raised_from(record: Record) -> tuple[str, ...]:
    return record.events if isinstance(record, Ticket) else ()


def _parent(record: Record) -> tuple[str, ...]:
    return (record.parent,) if isinstance(record, Ticket) and record.parent else ()


def _cause(record: Record) -> tuple[str, ...]:
    return (record.cause,) if isinstance(record, SituationRecord) else ()


LINKS: dict[RecordKind, tuple[Link, ...]] = {
    RecordKind.EVENT: (Link("ON", ITEM_LABEL, _event_item),),
    RecordKind.CHANGE: (Link("CHANGES", ITEM_LABEL, _targets),),
    RecordKind.TICKET: (
        Link("AFFECTS", ITEM_LABEL, _affected),
        Link("RAISED_FROM", "Event", _raised_from),
        Link("ATTACHED_TO", "Ticket", _parent),
    ),
    RecordKind.WINDOW: (Link("COVERS", ITEM_LABEL, _affected),),
    RecordKind.SITUATION: (Link("CAUSED_BY", ITEM_LABEL, _cause),),
}

ITEM_LINK = {
    RecordKind.EVENT: "ON",
    RecordKind.CHANGE: "CHANGES",
    RecordKind.TICKET: "AFFECTS",
    RecordKind.WINDOW: "COVERS",
    RecordKind.SITUATION: "CAUSED_BY",
}


def is_closing(record: Record) -> bool:
    """Whether the record ends what it names."""
    return (isinstance(record, Item) and record.retired) or (
        isinstance(record, Dependency | Assignment) and record.ended
    )


def fill(statement: str, **words: str) -> str:
    """Put labels and relationship types into a statement's `<places>`; never anything that a caller sent."""
    for place, word in words.items():
        statement = statement.replace(f"<{place}>", word)
    return statement
