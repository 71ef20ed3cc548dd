"""What a run claims: its records by what they speak of, in the source's own keys, faulty ones set aside."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cmdb.desk.conformance import problems_of
from cmdb.errors import ErrorCode
from cmdb.model.metamodel import Metamodel
from cmdb.model.records import Assignment, Dependency, EntryRecord, EventTransition, Item, Party
from cmdb.model.runs import Estate, KnownItem
from cmdb.ports.graph import RowProblem


@dataclass(slots=True)
class Claims:
    """Items by native key, dependencies, and all other records; `faulty` holds the first problem by record's index."""

    items: dict[str, Item] = field(default_factory=dict)
    dependencies: list[Dependency] = field(default_factory=list)
    others: list[EntryRecord] = field(default_factory=list)
    faulty: dict[int, RowProblem] = field(default_factory=dict)


def read_claims(
    entries: Sequence[EntryRecord],
    source: str,
    estate: Estate,
    metamodel: Metamodel,
    parties: Collection[str] = (),
) -> Claims:
    """Sort the records out; an item's description wins over its mentions, of several mentions the fullest counts.

    `parties` are the keys of those that are there already.
    """
    claims = Claims()
    for index, entry in enumerate(entries):
        if isinstance(entry, Item):
            problem = _first(problems_of(entry, metamodel, _no_class, _no_groups))
            _set_aside(claims, index, problem or _take(claims.items, entry))
    ends = _Ends(claims.items, source, estate)
    known = {entry.key for entry in entries if isinstance(entry, Party)}.union(parties)
    seen: dict[str, EntryRecord] = {}
    for index, entry in enumerate(entries):
        if isinstance(entry, Item):
            continue
        problem = ends.problem_of(entry, metamodel) or _repeated(entry, seen) or _unknown_party(entry, known)
        if _set_aside(claims, index, problem):
            continue
        if isinstance(entry, Dependency):
            claims.dependencies.append(entry)
        else:
            claims.others.append(entry)
    return claims


def _set_aside(claims: Claims, index: int, problem: RowProblem | None) -> bool:
    if problem is not None:
        claims.faulty[index] = problem
    return problem is not None


def native_items(source: str, estate: Estate) -> Mapping[str, KnownItem]:
    """Return the CIs that the source has seen, by its own keys."""
    return {row.key: item for item in estate.items.values() for row in item.sightings if row.source == source}


class _Ends:
    """What the records' references mean: items of the run, else what the source has seen before."""

    def __init__(self, items: Mapping[str, Item], source: str, estate: Estate) -> None:
        self._items = items
        self._source = source
        self._estate = estate
        self._native: Mapping[str, KnownItem] | None = None
        self._sound: set[tuple[str, str, str]] = set()

    def problem_of(self, entry: EntryRecord, metamodel: Metamodel) -> RowProblem | None:
        """Return the first problem; a plain dependency that joins what a sound one joined is not looked at again."""
        if not isinstance(entry, Dependency):
            return _first(problems_of(entry, metamodel, self.class_of, self.groups_of))
        ends = self._plain(entry)
        if ends is not None and ends in self._sound:
            return None
        problem = _first(problems_of(entry, metamodel, self.class_of, self.groups_of))
        if problem is None and ends is not None:
            self._sound.add(ends)
        return problem

    def _plain(self, dependency: Dependency) -> tuple[str, str, str] | None:
        """Return verb and classes of a dependency that only its ends can make faulty; most are, and there are many."""
        consumer = self._items.get(dependency.consumer)
        provider = self._items.get(dependency.provider)
        if consumer is None or provider is None or dependency.group is not None or dependency.weight != 1:
            return None
        return None if dependency.ended else (dependency.verb, consumer.ci_class, provider.ci_class)

    def _known(self, native: str) -> KnownItem | None:
        # Most runs name all that they refer to, so what was seen before is looked through only when needed.
        if self._native is None:
            self._native = native_items(self._source, self._estate)
        return self._native.get(native)

    def class_of(self, native: str) -> str | None:
        if native in self._items:
            return self._items[native].ci_class
        known = self._known(native)
        return known.ci_class if known is not None else None

    def groups_of(self, native: str) -> frozenset[str]:
        return frozenset(self._groups(native))

    def _groups(self, native: str) -> Iterator[str]:
        if native in self._items:
            yield from (group.name for group in self._items[native].groups)
            if not self._items[native].mention:
                return
        known = self._known(native)
        for row in known.sightings if known is not None else ():
            yield from (group.name for group in row.groups)


def _take(items: dict[str, Item], item: Item) -> RowProblem | None:
    held = items.setdefault(item.key, item)
    if held == item:
        return None
    if held.mention:
        items[item.key] = item if not item.mention else max(held, item, key=_fullness)
    elif not item.mention:
        return _contradiction(item)
    return None


def _fullness(item: Item) -> tuple[int, str]:
    return len(item.attributes), repr((item.ci_class, item.name, sorted(item.attributes.items())))


def _repeated(entry: EntryRecord, seen: dict[str, EntryRecord]) -> RowProblem | None:
    """Two records of a kind with one key contradict each other; event transitions fold instead."""
    if isinstance(entry, EventTransition):
        return None
    first = seen.setdefault(f"{entry.kind}|{entry.key}", entry)
    return _contradiction(entry) if first is not entry and first != entry else None


def _unknown_party(entry: EntryRecord, known: Collection[str]) -> RowProblem | None:
    if not isinstance(entry, Assignment) or entry.ended or entry.party in known:
        return None
    return RowProblem(
        code=ErrorCode.DANGLING_END,
        field="party",
        message=f"There is no party '{entry.party}' in the run or the store.",
        hint="Send the party in the same run.",
    )


def _contradiction(entry: EntryRecord) -> RowProblem:
    return RowProblem(
        code=ErrorCode.DUPLICATE_KEY,
        field="key",
        message=f"A different record '{entry.key}' of the same kind stands earlier in this run.",
        hint="Keep one of the two.",
    )


def _first(problems: Sequence[RowProblem]) -> RowProblem | None:
    return problems[0] if problems else None


def _no_class(_: str) -> str | None:
    return None


def _no_groups(_: str) -> frozenset[str]:
    return frozenset()
