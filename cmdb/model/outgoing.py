"""What is to be told to other systems, and what they are known to hold of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cmdb.model.records import Ticket, TicketState


class OutgoingState(StrEnum):
    """An entry waits until it is delivered; a dead one waits for a person."""

    WAITING = "waiting"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A step of a ticket, as it was then, that one channel is still to be told; gone when it was delivered.

    `key` stays the same over all attempts, so that a receiver knows an entry that it has seen.
    """

    key: str
    channel: str
    ticket: Ticket
    opened: bool
    revision: int
    at: datetime
    attempts: int = 0
    due_at: datetime | None = None
    state: OutgoingState = OutgoingState.WAITING
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A ticket as another system keeps it: under which id, and in which of its own states when last seen."""

    channel: str
    ticket: str
    remote_id: str
    number: str = ""
    state: str = ""

    @property
    def key(self) -> str:
        """One channel keeps one ticket once."""
        return f"{self.channel}|{self.ticket}"


@dataclass(frozen=True, slots=True)
class RemoteState:
    """The state of a remote ticket now, and ours that it amounts to; None when it calls for no step of ours."""

    remote_id: str
    state: str
    means: TicketState | None
