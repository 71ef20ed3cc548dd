"""Drift: what a source sees altered on a CI that it knew, and no change record explains."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cmdb.model.metamodel import Metamodel
from cmdb.model.provenance import AttributeValue, Sighting
from cmdb.model.records import Change, ChangeKind, ChangeState
from cmdb.model.runs import Triple

EXPLAINED_WITHIN = timedelta(days=7)
"""A change that ended this long ago still explains what is seen now: sources look rarely."""

HIDDEN = "(secret)"


@dataclass(frozen=True, slots=True)
class FieldDrift:
    """One field that altered; None where it was not there, or is gone."""

    field: str
    before: AttributeValue | None
    after: AttributeValue | None

    def __str__(self) -> str:
        """Read as `field: before -> after`, values as JSON."""
        return f"{self.field}: {_shown(self.before)} -> {_shown(self.after)}"


def _shown(value: AttributeValue | None) -> str:
    return json.dumps(value, ensure_ascii=False)


def drift_of_item(before: Sighting, after: Sighting, metamodel: Metamodel) -> list[FieldDrift]:
    """Return what altered between two looks of one source at a CI; volatile attributes may, secret ones stay hidden."""
    if before.mention or after.mention or after.weak:
        return []
    found = [
        FieldDrift(field, old, new)
        for field, old, new in (
            ("class", before.ci_class, after.ci_class),
            ("name", before.name, after.name),
        )
        if old != new
    ]
    declared = dict(metamodel.classes[after.ci_class].attributes)
    for name in sorted(before.attributes.keys() | after.attributes.keys()):
        old, new = before.attributes.get(name), after.attributes.get(name)
        attribute = declared.get(name)
        if old == new or (attribute is not None and attribute.volatile):
            continue
        hide = attribute is None or attribute.secret
        found.append(FieldDrift(name, HIDDEN if hide else old, HIDDEN if hide else new))
    return found


def drift_of_dependency(triple: Triple, *, gone: bool) -> FieldDrift:
    """Return that a source sees a dependency of a CI that it knew for the first time, or no more."""
    _, verb, provider = triple
    return FieldDrift(f"{verb} {provider}", "present" if gone else None, None if gone else "present")


def is_explained(at: datetime, changes: Iterable[Change]) -> bool:
    """Whether one of the CI's changes accounts for what is seen at that time: under way, or over not long ago."""
    return any(_explains(change, at) for change in changes)


def _explains(change: Change, at: datetime) -> bool:
    if change.change_kind is ChangeKind.DETECTED or change.state is ChangeState.CANCELLED:
        return False
    start, end = change.start, change.end
    if start is None or start > at:
        return False
    return end is None or end >= at - EXPLAINED_WITHIN


def detected_change(source: str, item: str, name: str, at: datetime, fields: Sequence[FieldDrift]) -> Change:
    """Return the change record of a drift: one a CI and run, each field with what it was and is."""
    words = ", ".join(row.field for row in fields[:3]) + (", ..." if len(fields) > 3 else "")
    return Change(
        key=f"detected/{source}/{at.strftime('%Y%m%dT%H%M%S.%fZ')}/{item}",
        title=f"{source} saw {name} altered: {words}",
        change_kind=ChangeKind.DETECTED,
        state=ChangeState.COMPLETED,
        targets=(item,),
        actual_start=at,
        actual_end=at,
        implementer="",
        description="\n".join(str(row) for row in fields),
    )
