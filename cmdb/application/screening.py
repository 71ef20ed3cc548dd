"""Finds the records of a batch that fit neither the declarations nor the live graph nor one another."""

from collections.abc import Sequence

from cmdb.application.live import LiveTopology
from cmdb.application.snapshot import Snapshot
from cmdb.application.writing_order import writing_order
from cmdb.desk.conformance import problems_of
from cmdb.errors import ErrorCode
from cmdb.model.metamodel import Metamodel
from cmdb.model.records import Assignment, Dependency, EntryRecord, EventTransition, Item, Party, Record
from cmdb.ports.graph import RowProblem

_Told = tuple[str | None, frozenset[str]]
"""Class of a CI, None when it is retired, and names of its redundancy groups."""


async def find_refusals(
    live: LiveTopology, metamodel: Metamodel, entries: Sequence[EntryRecord], *, skipping: bool = False
) -> dict[int, RowProblem]:
    """Return the first problem of each faulty record, by its index.

    `skipping` says that the others will be written without it, so that what refers to it is faulty too.
    """
    screening = Screening(live, await live.current(), metamodel)
    rows = sorted(enumerate(entries), key=lambda row: writing_order(row[1]))
    refused = _refusals(screening, rows)
    if refused and skipping:
        kept = [row for row in rows if row[0] not in refused]
        refused |= _refusals(screening.anew(), kept)
    return refused


def _refusals(screening: "Screening", rows: Sequence[tuple[int, EntryRecord]]) -> dict[int, RowProblem]:
    for _, entry in rows:
        screening.learn(entry)
    found = ((index, screening.problem(entry)) for index, entry in rows)
    return {index: problem for index, problem in found if problem is not None}


class Screening:
    """Records that come together, seen against the live graph and one another.

    All are learnt first; then each is asked for its problem, in writing order. Kept of a record is only what others
    may refer to, so that a load need not fit into memory.
    """

    def __init__(self, live: LiveTopology, snapshot: Snapshot, metamodel: Metamodel) -> None:
        """Know nothing of the records yet."""
        self._live = live
        self._snapshot = snapshot
        self._metamodel = metamodel
        self._items: dict[str, _Told] = {}
        self._shared: dict[_Told, _Told] = {}
        self._parties: set[str] = set()
        self._ending: set[str] = set()
        self._before: Record | None = None

    def anew(self) -> "Screening":
        """Return one that has learnt nothing, against the same graph."""
        return Screening(self._live, self._snapshot, self._metamodel)

    def learn(self, entry: EntryRecord) -> None:
        """Remember what other records may refer to."""
        match entry:
            case Item():
                told = (None if entry.retired else entry.ci_class, frozenset(g.name for g in entry.groups))
                # Most CIs of a class are alike in this.
                self._items[entry.key] = self._shared.setdefault(told, told)
            case Party():
                self._parties.add(entry.key)
            case Dependency(ended=True):
                self._ending.add(entry.key)

    def problem(self, entry: EntryRecord) -> RowProblem | None:
        """Return the first thing that is wrong with the record."""
        contradiction = self._contradiction(entry)
        if contradiction is not None:
            return contradiction
        problems = problems_of(entry, self._metamodel, self._class_of, self._groups_of)
        if problems:
            return problems[0]
        match entry:
            case Assignment(ended=False):
                return self._unknown_party(entry)
            case Item(retired=False):
                return self._group_in_use(entry)
        return None

    def _contradiction(self, entry: EntryRecord) -> RowProblem | None:
        """Two records of a kind with one key contradict each other; event transitions fold instead."""
        if isinstance(entry, EventTransition):
            return None
        first, self._before = self._before, entry
        if first is None or (first.kind, first.key) != (entry.kind, entry.key):
            return None
        self._before = first
        if first == entry:
            return None
        return RowProblem(
            code=ErrorCode.DUPLICATE_KEY,
            field="key",
            message=f"A different {entry.kind.value} '{entry.key}' stands earlier in this batch.",
            hint="Keep one of the two.",
        )

    def _class_of(self, key: str) -> str | None:
        if key in self._items:
            return self._items[key][0]
        place = self._snapshot.topology.index.get(key)
        return None if place is None else self._snapshot.topology.classes[place]

    def _groups_of(self, key: str) -> frozenset[str]:
        if key in self._items:
            return self._items[key][1]
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
