"""The use cases around the inbox: take a delivery in, see what waits, decide on what could not be applied."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from cmdb.desk.access import require_assert, require_events
from cmdb.errors import CmdbError, ErrorCode
from cmdb.model.access import Principal
from cmdb.model.records import EventTransition
from cmdb.ports.clock import Clock
from cmdb.ports.intake import DeadLetter, Delivery, Inbox, InboxState, LetterState, Receipt, Translator

BIG = 1 << 16
"""Bytes above which a body is looked at beside the event loop."""

HIGH_WATER = 0.8
"""The used part of the room from which on a server asks to be spared."""


WAIT_SECONDS = 5.0
"""How long a sender that wants to see its records applied waits at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A body, the loader that reads it, who asserts it, and the sender's own key of it, if there is one."""

    loader: str
    source: str
    body: bytes
    key: str = ""


class Reception:
    """Speaks for the inbox of this process."""

    def __init__(self, inbox: Inbox, translator: Translator, clock: Clock) -> None:
        """Keep deliveries in `inbox`, those that `translator` can read at all."""
        self._clock = clock
        self._inbox = inbox
        self._translator = translator

    def require_room(self) -> None:
        """Refuse a delivery that would not be taken, before anything of it is read."""
        self._inbox.require_room()

    def trouble(self) -> CmdbError | None:
        """Return why senders should go elsewhere, if they should."""
        if self._inbox.full < HIGH_WATER:
            return None
        return CmdbError(
            ErrorCode.INBOX_FULL,
            f"The inbox is {self._inbox.full:.0%} full.",
            hint="See what waits: cmdb inbox stats. It empties by itself while the store answers.",
        )

    async def accept(self, principal: Principal, sent: Sent) -> Receipt:
        """Return once the delivery is on disk; what it says is looked at later, but for whether it can be read."""
        require_events(principal)
        delivery = Delivery(
            loader=sent.loader,
            source=sent.source,
            body=sent.body,
            key=sent.key,
            role=principal.role.value,
            received_at=self._clock.now(),
        )
        if len(delivery.body) > BIG:
            await asyncio.to_thread(self._translator.check, delivery)
        else:
            self._translator.check(delivery)
        return await self._inbox.accept(delivery)

    async def accept_events(
        self, principal: Principal, source: str, events: Sequence[EventTransition]
    ) -> Receipt:
        """Return once the steps are on disk."""
        loader, body = self._translator.encode(events)
        return await self.accept(principal, Sent(loader=loader, source=source, body=body))

    async def applied(self, number: int, seconds: float) -> int | None:
        """Return the revision at which a delivery was applied; None when it was not within that time."""
        return await self._inbox.applied(number, seconds)

    async def dead_of(self, number: int) -> int:
        """Return how many records of an applied delivery were set aside."""
        return await self._inbox.dead_of(number)

    async def state(self, principal: Principal) -> InboxState:
        """Return how the inbox stands."""
        require_events(principal)
        return await self._inbox.state()

    async def letters(
        self, principal: Principal, state: LetterState, after: int, limit: int
    ) -> Sequence[DeadLetter]:
        """Return letters in a state, oldest first."""
        require_assert(principal)
        return await self._inbox.letters(state, after, limit)

    async def letter(self, principal: Principal, number: int) -> DeadLetter:
        """Return one letter."""
        require_assert(principal)
        return await self._inbox.letter(number)

    async def replay(self, principal: Principal, number: int, text: bytes | None = None) -> Receipt:
        """Put a dead letter, or its mended text, back into the inbox."""
        require_assert(principal)
        return await self._inbox.replay(number, text)

    async def discard(self, principal: Principal, number: int) -> None:
        """Give a dead letter up."""
        require_assert(principal)
        await self._inbox.discard(number)
