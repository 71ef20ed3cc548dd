"""In which order the records of a load are written."""

from collections.abc import Mapping

from cmdb.model.kinds import RecordKind
from cmdb.model.records import Dependency, EntryRecord, EventTransition

_TURNS: Mapping[RecordKind, int] = {
    kind: turn
    for turn, kind in enumerate(
        (
            RecordKind.ITEM,
            RecordKind.PARTY,
            RecordKind.DEPENDENCY,
            RecordKind.ASSIGNMENT,
            RecordKind.WINDOW,
            RecordKind.CHANGE,
            RecordKind.EVENT,
            RecordKind.TICKET,
        )
    )
}


def kind_of(entry: EntryRecord) -> RecordKind:
    """Return the kind of record that the entry becomes."""
    return RecordKind.EVENT if isinstance(entry, EventTransition) else entry.kind


def writing_order(entry: EntryRecord) -> tuple[int, str, str]:
    """Sort ends before what joins them, a consumer's dependencies together, records of one key side by side.

    A consumer's dependencies are compared together. Steps of events keep the order in which they came.
    """
    turn = _TURNS[kind_of(entry)]
    if isinstance(entry, EventTransition):
        return turn, "", ""
    return turn, entry.consumer if isinstance(entry, Dependency) else "", entry.key
