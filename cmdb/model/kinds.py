"""The closed set of record kinds."""

from enum import StrEnum


class RecordKind(StrEnum):
    """The closed set of record kinds."""

    ITEM = "item"
    DEPENDENCY = "dependency"
    EVENT = "event"
    CHANGE = "change"
    TICKET = "ticket"
    PARTY = "party"
    ASSIGNMENT = "assignment"
    WINDOW = "window"
    SITUATION = "situation"
