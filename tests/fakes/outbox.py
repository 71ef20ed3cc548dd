"""An outbox in memory, and channels that tests steer."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from cmdb.errors import Conflict, ErrorCode
from cmdb.model.outgoing import Outgoing, OutgoingState, Remote, RemoteState
from cmdb.ports.outbox import DeliveryFailed


@dataclass
class FakeOutboxLog:
    """Implements `cmdb.ports.outbox.OutboxLog`."""

    held: dict[str, Outgoing] = field(default_factory=dict)
    known: dict[str, dict[str, Remote]] = field(default_factory=dict)
    fence: int | None = None

    async def waiting(self, channel: str, limit: int) -> list[Outgoing]:
        """Return those that wait."""
        rows = [
            row for row in self._sorted() if row.channel == channel and row.state is OutgoingState.WAITING
        ]
        return rows[:limit]

    async def entries(self, limit: int) -> list[Outgoing]:
        """Return all, dead ones first."""
        return sorted(self._sorted(), key=lambda row: row.state)[:limit]

    async def remotes(self, channel: str) -> dict[str, Remote]:
        """Return what the channel keeps."""
        return dict(self.known.get(channel, {}))

    async def settle(self, keys: Collection[str], remote: Remote | None, fence: int | None = None) -> None:
        """Drop and keep."""
        self._prove(fence)
        for key in keys:
            self.held.pop(key, None)
        if remote is not None:
            self.known.setdefault(remote.channel, {})[remote.ticket] = remote

    async def postpone(self, entry: Outgoing, fence: int | None = None) -> None:
        """Keep the entry unless it was settled."""
        self._prove(fence)
        if entry.key in self.held:
            self.held[entry.key] = entry

    def put(self, *entries: Outgoing) -> None:
        """Let these wait."""
        self.held |= {entry.key: entry for entry in entries}

    def _prove(self, fence: int | None) -> None:
        if fence is not None and self.fence is not None and fence != self.fence:
            raise Conflict(ErrorCode.ROLE_LOST, "The tenure has ended.")

    def _sorted(self) -> list[Outgoing]:
        return sorted(self.held.values(), key=lambda row: (row.revision, row.key))


@dataclass
class FakeChannel:
    """A channel that fails as it is told, and remembers what it was told."""

    name: str = "other"
    latest_only: bool = False
    failures: list[Exception] = field(default_factory=list)
    told: list[Outgoing] = field(default_factory=list)
    now: list[RemoteState] = field(default_factory=list)
    asked: list[Sequence[Remote]] = field(default_factory=list)

    async def deliver(self, entry: Outgoing, remote: Remote | None) -> Remote | None:
        """Fail, or keep the entry."""
        if self.failures:
            raise self.failures.pop(0)
        self.told.append(entry)
        if remote is None:
            return Remote(channel=self.name, ticket=entry.ticket.key, remote_id=entry.ticket.key.lower())
        return replace(remote, state=entry.ticket.state.value)

    async def states(self, remotes: Sequence[Remote]) -> list[RemoteState]:
        """Return what was set."""
        self.asked.append(remotes)
        if self.failures:
            raise self.failures.pop(0)
        return self.now


def passing(wait: float | None = None) -> DeliveryFailed:
    """Return an outage."""
    return DeliveryFailed("out of order", passing=True, wait=wait)


def refused() -> DeliveryFailed:
    """Return a refusal."""
    return DeliveryFailed("no such field", passing=False)
