"""Assignments that a source no longer makes: they end, where parties and changes stay as what was once true.

Who owns a CI is said with the CI. So the assignment ends at once with a complete run that describes the CI without it,
as an attribute would change, and otherwise with the CI.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace

from cmdb.desk.run_steps import RunFrame
from cmdb.model.records import Assignment, EntryRecord
from cmdb.model.runs import Estate


def ended_assignments(
    frame: RunFrame, estate: Estate, spoken_of: Collection[str], told: Iterable[EntryRecord]
) -> list[Assignment]:
    """Return the ends of what the frame's source asserted before and does not tell now of the CIs `spoken_of`.

    What another scope of the source sees too is left alone: that scope may have told it.
    """
    if not frame.complete:
        return []
    named = {row.key for row in told if isinstance(row, Assignment)}
    return [
        replace(row, ended=True, valid_from=None)
        for row in frame.assignments
        if row.item in spoken_of and row.key not in named and not _is_seen_elsewhere(row.item, frame, estate)
    ]


def _is_seen_elsewhere(key: str, frame: RunFrame, estate: Estate) -> bool:
    item = estate.items.get(key)
    return item is not None and any(
        row.source == frame.source and row.scope != frame.scope and not row.retired for row in item.sightings
    )
