"""The durable inbox: what was sent is kept on disk before it is acknowledged, and applied afterwards."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from cmdb.errors import CmdbError
from cmdb.model.records import EventTransition
from cmdb.ports.records import LocatedRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A body as a source sent it.

    `loader` names the folder whose program reads it, with the program's arguments as an address has them
    (`syslog?level=4`); `source` who asserts it. `key` tells a repetition from something
    new, empty where the sender gives none. `role` is that of the sender, who may be gone when it is applied.
    """

    loader: str
    source: str
    body: bytes
    received_at: datetime
    key: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What is safe on disk; a repetition has the `number` of the first. `revision` None: not applied yet."""

    number: int
    is_duplicate: bool = False
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A delivery that is not applied yet, by its receipt."""

    number: int
    delivery: Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A record, or a delivery that yields none, that cannot be applied; `loader` reads `text` once it is mended."""

    delivery: int
    loader: str
    text: bytes
    error: CmdbError


class LetterState(StrEnum):
    """What became of a dead letter."""

    DEAD = "dead"
    REPLAYED = "replayed"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A rejected record as it is kept: since when, and why."""

    number: int
    delivery: int
    loader: str
    source: str
    at: datetime
    code: str
    message: str
    hint: str
    place: str
    text: bytes
    state: LetterState = LetterState.DEAD


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What one source has waiting: deliveries, bytes, and since when the first has."""

    source: str
    deliveries: int
    size: int
    oldest: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxState:
    """How the inbox stands; `full` is the used part of its room, 0 to 1."""

    waiting: int
    size: int
    full: float
    accepted: int
    duplicates: int
    applied: int
    dead: int
    backlogs: tuple[Backlog, ...] = field(default_factory=tuple)


class Intake(Protocol):
    """Takes deliveries in; what `accept` returned for survives the end of this process and of the machine."""

    @property
    def full(self) -> float:
        """The used part of the room, 0 to 1."""

    def require_room(self) -> None:
        """Raise Overloaded above the high-water mark, before a body is read."""

    async def accept(self, delivery: Delivery) -> Receipt:
        """Return when the delivery is on disk. Overloaded above the high-water mark, INBOX_BROKEN on a disk fault."""

    async def applied(self, number: int, seconds: float) -> int | None:
        """Return the revision at which the delivery was applied; None when it was not within that time."""

    async def dead_of(self, number: int) -> int:
        """Return how many records of the delivery could not be applied and wait for a decision."""


class DeadLetters(Protocol):
    """How the inbox stands, and what could not be applied, which is kept until somebody decides."""

    async def state(self) -> InboxState:
        """Return how the inbox stands."""

    async def letters(self, state: LetterState, after: int, limit: int) -> Sequence[DeadLetter]:
        """Return the letters in that state whose number is greater than `after`, oldest first."""

    async def letter(self, number: int) -> DeadLetter:
        """Return one letter; NotFound."""

    async def replay(self, number: int, text: bytes | None = None) -> Receipt:
        """Put a dead letter, or its mended text, back into the inbox; Conflict when it is not dead any more."""

    async def discard(self, number: int) -> None:
        """Give a dead letter up; Conflict when it is not dead any more."""


class Inbox(Intake, DeadLetters, Protocol):
    """What whoever sends and whoever runs the service meet."""


class Spool(Protocol):
    """The other end of the inbox, for the one who applies."""

    async def arrival(self, seconds: float) -> None:
        """Return when something may be waiting, or after that time."""

    async def lull(self, seconds: float) -> None:
        """Return when senders post but little, or one waits for what it sent to be applied; else after that time."""

    async def sources(self) -> Sequence[str]:
        """Return the sources that have something waiting, in the order in which their turns come."""

    async def waiting(self, source: str, limit: int, size: int) -> Sequence[Waiting]:
        """Return a source's first waiting deliveries, about `size` bytes at most but at least one."""

    async def settle(self, settled: Sequence[Waiting], rejected: Sequence[Rejected], revision: int) -> None:
        """Mark deliveries as applied and keep what was rejected of them, in one step."""

    async def tidy(self, before: datetime) -> int:
        """Forget the keys of what was applied, and letters decided on, before that time; return how many."""


class Translator(Protocol):
    """Makes records of a delivery with the program of its source."""

    def check(self, delivery: Delivery) -> None:
        """Refuse what cannot be read at all, cheaply: NotFound UNKNOWN_LOADER, InvalidInput SYNTAX."""

    def encode(self, events: Sequence[EventTransition]) -> tuple[str, bytes]:
        """Return the steps as a body, and the loader that reads it."""

    def translate(self, waiting: Waiting) -> Iterator[LocatedRecord | Rejected]:
        """Yield records, and what is none; the sound ones count although others are rejected."""

    def reject(self, number: int, row: LocatedRecord, error: CmdbError) -> Rejected:
        """Return a record of that delivery that could not be applied, in the form in which it can be sent again."""
