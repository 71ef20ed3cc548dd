"""Binds what waits for a CI once it is there: after the writes of this process, and as a duty after those of others."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from cmdb.application.binding import Binder
from cmdb.application.live import LiveTopology
from cmdb.application.snapshot import Snapshot
from cmdb.desk.access import SYSTEM
from cmdb.errors import ErrorCode
from cmdb.model.access import Principal
from cmdb.model.kinds import RecordKind
from cmdb.model.records import Record
from cmdb.ports.graph import UNCONDITIONAL, GraphReader, Precondition, Stored, WriteOutcome

Build = Callable[[], Awaitable[Sequence[Record]]]
Revise = Callable[[Principal, str, Build, Precondition], Awaitable[WriteOutcome]]
"""Writes what is built of the present, anew when another process has written meanwhile."""


@dataclass(frozen=True)
class Rebinding:
    """Tries events and changes without their CI again whenever CIs have come or changed."""

    live: LiveTopology
    reader: GraphReader
    binder: Binder
    revise: Revise

    async def apply(self, _snapshot: Snapshot, fence: int) -> None:
        """Bind what another process brought the CIs of; Conflict (ROLE_LOST) when the tenure has ended."""
        await self.bind_waiting(Precondition(fence=fence))

    async def bind_waiting(self, condition: Precondition = UNCONDITIONAL) -> int:
        """Bind events and changes whose CI has come or is called otherwise by now; return the last revision, or 0."""
        snapshot = await self.live.current()
        if not self.binder.is_due(snapshot):
            return 0
        # Before the first step, so that writes meanwhile do not try the same once more.
        self.binder.tried(snapshot)
        done = False
        try:
            revision, done = await self._bind(snapshot, condition)
        finally:
            if not done:
                self.binder.tried(None)
        await self.live.current(revision)
        return revision

    async def _bind(self, snapshot: Snapshot, condition: Precondition) -> tuple[int, bool]:
        """Return the last revision, and whether nobody else came in between."""
        keys: dict[str, list[tuple[RecordKind, str]]] = {}
        for row in await self._waiting(snapshot):
            keys.setdefault(row.source, []).append((row.record.kind, row.record.key))
        revision, done = 0, True
        for source, named in sorted(keys.items()):
            outcome = await self.revise(SYSTEM, source, partial(self._bound_by_now, named), condition)
            revision = max(revision, outcome.revision)
            done = done and not is_overtaken(outcome)
        return revision, done

    async def _waiting(self, snapshot: Snapshot) -> list[Stored]:
        events = [event.key for event in snapshot.events.values() if not event.item]
        changes = [row.key for row in snapshot.changes.values() if len(row.targets) < len(row.subjects)]
        return [
            *(await self.reader.records(SYSTEM, RecordKind.EVENT, events) if events else ()),
            *(await self.reader.records(SYSTEM, RecordKind.CHANGE, changes) if changes else ()),
        ]

    async def _bound_by_now(self, named: Sequence[tuple[RecordKind, str]]) -> Sequence[Record]:
        snapshot = await self.live.current()
        stored = [
            row
            for kind in (RecordKind.EVENT, RecordKind.CHANGE)
            for row in await self.reader.records(SYSTEM, kind, [key for of, key in named if of is kind])
        ]
        return await self.binder.bind_again(snapshot, stored)


def is_overtaken(outcome: WriteOutcome) -> bool:
    """Whether another process has written what was to be written."""
    return any(row.problem and row.problem.code is ErrorCode.CONFLICT for row in outcome.results)
