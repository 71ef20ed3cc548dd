"""Whether a record fits the declarations and refers only to what exists; fields are named as records write them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from difflib import get_close_matches

from cmdb.errors import ErrorCode
from cmdb.model.metamodel import Attribute, AttributeType, CiClass, Metamodel, RelationshipType
from cmdb.model.provenance import AttributeValue
from cmdb.model.records import (
    Assignment,
    Change,
    Dependency,
    EntryRecord,
    EventTransition,
    Item,
    Party,
    Ticket,
)
from cmdb.model.windows import Window
from cmdb.ports.graph import RowProblem

KEY_LIMIT = 1000
"""Characters of a key: three of them make up a dependency's key, which the store must still be able to index."""

WEIGHT_LIMIT = 1_000_000
"""Only the ratio of weights matters, and those of a whole estate must add up within 64 bits."""

INTEGERS = range(-(2**63), 2**63)
"""What a store can keep."""

PRIORITIES = range(1, 6)

REPEATS = range(366 * 24 * 3600 + 1)
"""Seconds after which a source may promise to repeat itself; 0 promises nothing."""

ClassOf = Callable[[str], str | None]
GroupsOf = Callable[[str], frozenset[str]]

_NEEDED: Mapping[type[EntryRecord], tuple[str, ...]] = {
    Item: ("key", "ci_class", "name"),
    Dependency: ("consumer", "verb", "provider"),
    EventTransition: ("condition",),
    Change: ("key", "title"),
    Ticket: ("key", "title"),
    Party: ("key", "name"),
    Assignment: ("party", "item"),
    Window: ("key", "title"),
}
_KEYS = frozenset({"key", "consumer", "provider", "item", "party"})
_INTERVALS: Mapping[type[EntryRecord], tuple[tuple[str, str], ...]] = {
    Change: (("planned_start", "planned_end"), ("actual_start", "actual_end")),
    Ticket: (("opened_at", "resolved_at"),),
}
"""Windows are not among them: one that ends early cannot be made."""

_TYPES: Mapping[AttributeType, tuple[type, ...]] = {
    AttributeType.TEXT: (str,),
    AttributeType.INTEGER: (int,),
    AttributeType.NUMBER: (int, float),
    AttributeType.BOOLEAN: (bool,),
    AttributeType.LIST: (tuple,),
}


def problems_of(
    record: EntryRecord, metamodel: Metamodel, class_of: ClassOf, groups_of: GroupsOf
) -> list[RowProblem]:
    """Return everything that is wrong with a record.

    `class_of` gives the class of a CI key in the batch or the store, None when there is none; `groups_of` the names
    of the redundancy groups that the CI declares.
    """
    return [
        *_texts(record),
        *_intervals(record),
        *_declared(record, metamodel, class_of, groups_of),
        *_references(record, class_of),
    ]


def _texts(record: EntryRecord) -> Iterator[RowProblem]:
    about = ("item",) if isinstance(record, EventTransition) and record.subject is None else ()
    for field in (*about, *_NEEDED[type(record)]):
        value: str = getattr(record, field)
        written = "class" if field == "ci_class" else field
        if not value.strip():
            yield _problem(
                ErrorCode.MISSING_FIELD, written, f"The field '{written}' is empty.", "Give a text."
            )
        elif field in _KEYS and (len(value) > KEY_LIMIT or not value.isprintable()):
            yield _problem(
                ErrorCode.WRONG_TYPE,
                written,
                f"The key in '{written}' is too long or holds control characters.",
                f"Use at most {KEY_LIMIT} printable characters.",
            )


def _intervals(record: EntryRecord) -> Iterator[RowProblem]:
    for first, last in _INTERVALS.get(type(record), ()):
        start: datetime | None = getattr(record, first)
        end: datetime | None = getattr(record, last)
        if start is not None and end is not None and end < start:
            yield _problem(
                ErrorCode.BAD_INTERVAL,
                last,
                f"'{last}' {end.isoformat()} lies before '{first}' {start.isoformat()}.",
                "Check both times and their zones.",
            )


def _declared(
    record: EntryRecord, metamodel: Metamodel, class_of: ClassOf, groups_of: GroupsOf
) -> Iterator[RowProblem]:
    match record:
        case Item():
            yield from _item(record, metamodel)
        case Dependency():
            yield from _dependency(record, metamodel, class_of, groups_of)
        case EventTransition() if (record.repeat_seconds or 0) not in REPEATS:
            yield _problem(
                ErrorCode.WRONG_TYPE,
                "repeat_seconds",
                f"The source promises to repeat itself every {record.repeat_seconds} s.",
                f"Give at most {REPEATS[-1]} seconds, or leave it out.",
            )
        case Ticket() if record.priority not in PRIORITIES:
            yield _problem(
                ErrorCode.WRONG_TYPE,
                "priority",
                f"The priority is {record.priority}.",
                f"Give {PRIORITIES[0]} (highest) to {PRIORITIES[-1]}.",
            )


def _item(item: Item, metamodel: Metamodel) -> Iterator[RowProblem]:
    known = metamodel.classes.get(item.ci_class)
    if known is None:
        hint = _nearest(item.ci_class, metamodel.classes)
        yield _problem(
            ErrorCode.UNKNOWN_CLASS, "class", f"The class '{item.ci_class}' is not declared.", hint
        )
        return
    if known.abstract:
        heirs = (heir.name for heir in metamodel.classes.values() if known.name in heir.ancestors)
        yield _problem(
            ErrorCode.UNKNOWN_CLASS,
            "class",
            f"The class '{known.name}' is abstract.",
            f"Use one that extends it: {', '.join(sorted(heirs))}.",
        )
    yield from _attributes(item, known)
    yield from _groups(item)


def _attributes(item: Item, known: CiClass) -> Iterator[RowProblem]:
    for name, value in item.attributes.items():
        declared = known.attributes.get(name)
        field = f"attributes.{name}"
        if declared is None:
            yield _problem(
                ErrorCode.UNKNOWN_ATTRIBUTE,
                field,
                f"The class '{known.name}' has no attribute '{name}'.",
                _nearest(name, known.attributes),
            )
        elif (complaint := _complaint(value, declared)) is not None:
            yield _problem(ErrorCode.WRONG_TYPE, field, f"Found {value!r}.", complaint)
    # A tombstone or a mention needs no more than its key and class.
    needed = () if item.retired or item.mention else (a.name for a in known.attributes.values() if a.required)
    for name in needed:
        if item.attributes.get(name) in (None, "", ()):
            yield _problem(
                ErrorCode.MISSING_FIELD,
                f"attributes.{name}",
                f"The class '{known.name}' requires '{name}'.",
                known.attributes[name].description,
            )


def _complaint(value: AttributeValue, declared: Attribute) -> str | None:
    """Return what the attribute expects when the value is something else."""
    fits = isinstance(value, _TYPES[declared.type])
    if not fits or isinstance(value, bool) is not (declared.type is AttributeType.BOOLEAN):
        return f"Give a value of type {declared.type.value}."
    if isinstance(value, int) and value not in INTEGERS:
        return "Give a number of at most 64 bits."
    parts = value if isinstance(value, tuple) else (value,)
    if declared.choices and not all(part in declared.choices for part in parts):
        return f"Choose from {', '.join(declared.choices)}."
    return None


def _groups(item: Item) -> Iterator[RowProblem]:
    names = [group.name for group in item.groups]
    for name in sorted({name for name in names if not name.strip() or names.count(name) > 1}):
        yield _problem(
            ErrorCode.WRONG_TYPE,
            "groups",
            f"The redundancy group name '{name}' is empty or stands twice.",
            "Name each group of a CI once.",
        )


def _dependency(
    dependency: Dependency, metamodel: Metamodel, class_of: ClassOf, groups_of: GroupsOf
) -> Iterator[RowProblem]:
    verb = metamodel.relationships.get(dependency.verb)
    if verb is None:
        hint = _nearest(dependency.verb, metamodel.relationships)
        yield _problem(ErrorCode.UNKNOWN_VERB, "verb", f"The verb '{dependency.verb}' is not declared.", hint)
    if dependency.weight > WEIGHT_LIMIT:
        yield _problem(
            ErrorCode.TOO_LARGE,
            "weight",
            f"The weight is {dependency.weight}.",
            f"Only ratios count: give at most {WEIGHT_LIMIT}.",
        )
    # What is being closed may have lost its ends or its group already.
    if dependency.ended:
        return
    if verb is not None:
        yield from _ends(dependency, verb, metamodel, class_of)
    groups = groups_of(dependency.consumer) if dependency.group is not None else frozenset()
    if dependency.group is not None and dependency.group not in groups:
        yield _problem(
            ErrorCode.UNKNOWN_GROUP,
            "group",
            f"'{dependency.consumer}' declares no redundancy group '{dependency.group}'.",
            _nearest(dependency.group, groups),
        )


def _ends(
    dependency: Dependency, verb: RelationshipType, metamodel: Metamodel, class_of: ClassOf
) -> Iterator[RowProblem]:
    for field, key, allowed in (
        ("consumer", dependency.consumer, verb.consumers),
        ("provider", dependency.provider, verb.providers),
    ):
        found = class_of(key)
        if allowed and found is not None and not any(metamodel.is_a(found, name) for name in allowed):
            yield _problem(
                ErrorCode.VERB_ENDS,
                field,
                f"'{verb.verb}' may not have the {field} '{key}' of class '{found}'.",
                f"Allowed: {', '.join(sorted(allowed))}; DEPENDS_ON joins any two.",
            )


def _references(record: EntryRecord, class_of: ClassOf) -> Iterator[RowProblem]:
    for field, key in _referred(record):
        if key.strip() and class_of(key) is None:
            yield _problem(
                ErrorCode.DANGLING_END,
                field,
                f"There is no CI '{key}' in the batch or the store.",
                "Send the CI before what refers to it, or in the same batch.",
            )


def _referred(record: EntryRecord) -> Iterator[tuple[str, str]]:
    """Yield the CI keys that a record refers to, with the field each stands in."""
    match record:
        case Dependency(ended=True) | Assignment(ended=True):
            return
        case Dependency():
            yield "consumer", record.consumer
            yield "provider", record.provider
        case EventTransition() | Assignment():
            yield "item", record.item
        case Change():
            yield from (("targets", key) for key in record.targets)
        case Ticket():
            yield from (("items", key) for key in record.items)
            yield from (("cause_item", key) for key in (record.cause_item,) if key is not None)
        case Window():
            yield from (("items", key) for key in record.items)


def _nearest(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    near = get_close_matches(name, names, n=1)
    if near:
        return f"Did you mean '{near[0]}'?"
    return f"Known: {', '.join(names)}." if names else "None is declared."


def _problem(code: ErrorCode, field: str, message: str, hint: str) -> RowProblem:
    return RowProblem(code=code, field=field, message=message, hint=hint)
