"""What people do with the outbox: see what waits or is dead, try it again, give it up."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from cmdb.application.lookup import missing
from cmdb.desk.access import require_outbox
from cmdb.model.access import Principal
from cmdb.model.outgoing import Outgoing, OutgoingState, Remote
from cmdb.ports.outbox import OutboxLog

LIMIT = 200
"""Entries that are shown at most."""


class _NoOutbox:
    """A log in which nothing ever waits."""

    async def waiting(self, channel: str, limit: int) -> list[Outgoing]:
        """Nothing waits."""
        del channel, limit
        return []

    async def entries(self, limit: int) -> list[Outgoing]:
        """Nothing is there."""
        del limit
        return []

    async def remotes(self, channel: str) -> dict[str, Remote]:
        """Nobody else keeps tickets."""
        del channel
        return {}

    async def settle(self, keys: Collection[str], remote: Remote | None, fence: int | None = None) -> None:
        """There is nothing to settle."""

    async def postpone(self, entry: Outgoing, fence: int | None = None) -> None:
        """There is nothing to postpone."""


NO_OUTBOX: OutboxLog = _NoOutbox()
"""For services that tell nobody."""


class Outbox:
    """The use cases around entries that could not be delivered."""

    def __init__(self, log: OutboxLog) -> None:
        """Look into `log`."""
        self._log = log

    async def entries(self, principal: Principal) -> list[Outgoing]:
        """Return what is still to be told, dead entries first; Forbidden for roles without that right."""
        require_outbox(principal)
        return await self._log.entries(LIMIT)

    async def retry(self, principal: Principal, key: str) -> Outgoing:
        """Let a dead entry wait again, tried at once."""
        entry = await self._find(principal, key)
        revived = replace(entry, attempts=0, due_at=entry.at, state=OutgoingState.WAITING)
        await self._log.postpone(revived)
        return revived

    async def discard(self, principal: Principal, key: str) -> Outgoing:
        """Give an entry up: the channel is never told."""
        entry = await self._find(principal, key)
        await self._log.settle([key], None)
        return entry

    async def _find(self, principal: Principal, key: str) -> Outgoing:
        entries: Sequence[Outgoing] = await self.entries(principal)
        for entry in entries:
            if entry.key == key:
                return entry
        raise missing("entry of the outbox", key)
