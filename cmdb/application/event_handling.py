"""What people decide about an event: take note of it, or put it aside for a while."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cmdb.application.live import LiveTopology
from cmdb.application.lookup import missing, sees_event
from cmdb.application.recording import Recorder
from cmdb.desk.access import SYSTEM, require_tickets
from cmdb.desk.event_flags import acknowledge, shelve, withdraw
from cmdb.errors import Conflict, ErrorCode, InvalidInput
from cmdb.model.access import Principal
from cmdb.model.kinds import RecordKind
from cmdb.model.records import Event, Record
from cmdb.ports.clock import Clock
from cmdb.ports.graph import GraphReader

SOURCE = "desk"


@dataclass(frozen=True)
class EventHandling:
    """The use cases behind the mutations of events; what sources say goes on being folded beside it."""

    live: LiveTopology
    reader: GraphReader
    recorder: Recorder
    clock: Clock

    async def acknowledge(self, principal: Principal, key: str, *, undo: bool = False) -> int:
        """Take note of the present episode of an open event, or take that note back, and return the revision."""
        if undo:
            return await self._revise(principal, key, withdraw)
        now = self.clock.now()
        return await self._revise(principal, key, lambda event: acknowledge(event, principal.name, now))

    async def shelve(self, principal: Principal, key: str, until: datetime | None) -> int:
        """Leave an open event out of severities and situations until then; None takes it back."""
        if until is not None and until <= self.clock.now():
            raise InvalidInput(
                ErrorCode.BAD_ARGUMENT,
                f"'until' lies in the past: {until.isoformat()}.",
                hint="Give a time to come, or none to take the event back at once.",
            )
        return await self._revise(principal, key, lambda event: shelve(event, until))

    async def _revise(self, principal: Principal, key: str, step: Callable[[Event], Event]) -> int:
        require_tickets(principal)
        snapshot = await self.live.current()

        async def build() -> list[Record]:
            stored = await self.reader.records(SYSTEM, RecordKind.EVENT, [key])
            event = stored[0].record if stored else None
            if (
                not isinstance(event, Event)
                or not event.is_open
                or not sees_event(snapshot, principal, event)
            ):
                raise missing("open event", key)
            return [step(event)]

        outcome = await self.recorder.revise(principal, SOURCE, build)
        if outcome.refused:
            raise Conflict(
                ErrorCode.CONFLICT,
                f"The event '{key}' is being reported faster than it can be handled.",
                hint="Try again.",
            )
        await self.live.current(outcome.revision)
        return outcome.revision
