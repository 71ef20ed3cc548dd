"""What the core asks of the outbox: entries are written with the tickets themselves, channels deliver them."""

from collections.abc import Collection, Sequence
from typing import Protocol

from cmdb.model.outgoing import Outgoing, Remote, RemoteState


class DeliveryFailed(Exception):
    """A channel could not deliver; `passing` when the same may succeed later, after `wait` seconds if it says so."""

    def __init__(self, reason: str, *, passing: bool, wait: float | None = None) -> None:
        """Keep what was met, in words for people."""
        super().__init__(reason)
        self.reason = reason
        self.passing = passing
        self.wait = wait


class Channel(Protocol):
    """One outside system. Delivering the same entry again must leave it as delivering it once."""

    @property
    def name(self) -> str:
        """The name of the channel, unique."""

    @property
    def latest_only(self) -> bool:
        """Whether it is told how a ticket is now, not each step on the way."""

    async def deliver(self, entry: Outgoing, remote: Remote | None) -> Remote | None:
        """Tell it, and return what it keeps since; raises DeliveryFailed. `remote` is what is known of that."""

    async def states(self, remotes: Sequence[Remote]) -> list[RemoteState]:
        """Return how these stand there now, those left out that it no longer knows; raises DeliveryFailed."""


class OutboxLog(Protocol):
    """Keeps entries and remotes; bookkeeping without a revision.

    Writes with a `fence` raise Conflict (ROLE_LOST) when that tenure has ended.
    """

    async def waiting(self, channel: str, limit: int) -> list[Outgoing]:
        """Return the entries of a channel that wait, oldest revision first."""

    async def entries(self, limit: int) -> list[Outgoing]:
        """Return entries of all channels, dead ones first, then the oldest."""

    async def remotes(self, channel: str) -> dict[str, Remote]:
        """Return what the channel keeps of tickets, by ticket."""

    async def settle(self, keys: Collection[str], remote: Remote | None, fence: int | None = None) -> None:
        """Drop entries that were delivered or given up, and keep what the channel holds since."""

    async def postpone(self, entry: Outgoing, fence: int | None = None) -> None:
        """Keep the entry's attempts, time, state and problem; one that was settled since stays so."""
