"""Finds the records of a batch that fit neither the declarations nor the live graph nor one another."""

from collections.abc import Collection, Mapping, Sequence

from cmdb.application.live import LiveTopology
from cmdb.application.snapshot import Snapshot
from cmdb.desk.conformance import problems_of
from cmdb.errors import ErrorCode
from cmdb.model.kinds import RecordKind
from cmdb.model.metamodel import Metamodel
from cmdb.model.records import Assignment, Dependency, EntryRecord, EventTransition, Item, Party
from cmdb.ports.graph import RowProblem


async def find_refusals(
    live: LiveTopology, metamodel: Metamodel, entries: Sequence[EntryRecord], *, skipping: bool = False
) -> dict[int, RowProblem]:
    """Return the first problem of each faulty record, by its index.

    `skipping` says that the others will be written without it, so that what refers to it is faulty too.
    """
    snapshot = await live.current()
    refused = _Batch(live, snapshot, metamodel, entries, ()).refusals()
    if refused and skipping:
        refused |= _Batch(live, snapshot, metamodel, entries, refused).refusals()
    return refused


class _Batch:
    """Records that come together, seen against the live graph; those at `skipped` are taken as absent."""

    def __init__(
        self,
        live: LiveTopology,
        snapshot: Snapshot,
        metamodel: Metamodel,
        entries: Sequence[EntryRecord],
        skipped: Collection[int],
    ) -> None:
        self._live = live
        self._snapshot = snapshot
        self._metamodel = metamodel
        self._entries = {index: entry for index, entry in enumerate(entries) if index not in skipped}
        kept = self._entries.values()
        self._items = {entry.key: entry for entry in kept if isinstance(entry, Item)}
        self._parties = {entry.key for entry in kept if isinstance(entry, Party)}
        self._ending = {entry.key for entry in kept if isinstance(entry, Dependency) and entry.ended}

    def refusals(self) -> dict[int, RowProblem]:
        refused = _duplicates(self._entries)
        for index, entry in self._entries.items():
            problem = self._problem(entry)
            if problem is not None:
                refused.setdefault(index, problem)
        return refused

    def _problem(self, entry: EntryRecord) -> RowProblem | None:
        problems = problems_of(entry, self._metamodel, self._class_of, self._groups_of)
        if problems:
            return problems[0]
        match entry:
            case Assignment(ended=False):
                return self._unknown_party(entry)
            case Item(retired=False):
                return self._group_in_use(entry)
        return None

    def _class_of(self, key: str) -> str | None:
        if key in self._items:
            return self._items[key].ci_class if not self._items[key].retired else None
        place = self._snapshot.topology.index.get(key)
        return None if place is None else self._snapshot.topology.classes[place]

    def _groups_of(self, key: str) -> frozenset[str]:
        if key in self._items:
            return frozenset(group.name for group in self._items[key].groups)
        return self._live.declared_groups(key)

    def _unknown_party(self, assignment: Assignment) -> RowProblem | None:
        party = assignment.party
        if party in self._parties or party in self._snapshot.parties:
            return None
        return RowProblem(
            code=ErrorCode.DANGLING_END,
            field="party",
            message=f"There is no party '{party}' in the batch or the store.",
            hint="Send the party before what refers to it, or in the same batch.",
        )

    def _group_in_use(self, item: Item) -> RowProblem | None:
        """A group that open dependencies count in must stay declared: without it they would count one by one."""
        declared = {group.name for group in item.groups}
        for key, group in sorted(self._live.group_uses(item.key).items()):
            if group not in declared and key not in self._ending:
                return RowProblem(
                    code=ErrorCode.UNKNOWN_GROUP,
                    field="groups",
                    message=f"The group '{group}' is left out, but the dependency '{key}' counts in it.",
                    hint="Keep the group, or end the dependency in the same batch.",
                )
        return None


def _duplicates(entries: Mapping[int, EntryRecord]) -> dict[int, RowProblem]:
    """Two records of a kind with one key contradict each other; event transitions fold instead."""
    seen: dict[tuple[RecordKind, str], EntryRecord] = {}
    refused: dict[int, RowProblem] = {}
    for index, entry in entries.items():
        if isinstance(entry, EventTransition):
            continue
        first = seen.setdefault((entry.kind, entry.key), entry)
        if first is not entry and first != entry:
            refused[index] = RowProblem(
                code=ErrorCode.DUPLICATE_KEY,
                field="key",
                message=f"A different {entry.kind.value} '{entry.key}' stands earlier in this batch.",
                hint="Keep one of the two.",
            )
    return refused
