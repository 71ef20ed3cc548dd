"""Delivers the outbox to one channel, in order per ticket and at least once, and brings back what changed there."""

import logging
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cmdb.application.requests import UpdateTicketRequest
from cmdb.application.ticketing import Ticketing
from cmdb.desk.backoff import pause
from cmdb.errors import Conflict, ErrorCode, NotFound
from cmdb.model.access import Principal, PrincipalRole
from cmdb.model.outgoing import Outgoing, OutgoingState, Remote, RemoteState
from cmdb.model.records import Ticket, TicketState
from cmdb.ports.clock import Clock
from cmdb.ports.outbox import Channel, DeliveryFailed, OutboxLog

BATCH = 200
"""Entries looked at in one step."""

PAGE = 50
"""Remote tickets asked about at once."""

TRIES = 5
"""After so many refusals an entry is set aside; an outage of the channel is no refusal."""

POLL = timedelta(seconds=60)
"""How often a channel is asked what changed there."""

LOG = logging.getLogger("cmdb.outbox")
_NEVER = datetime.min.replace(tzinfo=UTC)

Tickets = Callable[[], Awaitable[Mapping[str, Ticket]]]


class Courier:
    """Works for one channel in steps that may be repeated: the channel knows what it has been told."""

    def __init__(
        self,
        channel: Channel,
        log: OutboxLog,
        clock: Clock,
        tickets: Tickets,
        ticketing: Callable[[int], Ticketing],
        chance: Callable[[], float] = random.random,
    ) -> None:
        """What comes back is applied through the use case that `ticketing` returns for a tenure."""
        self._channel = channel
        self._log = log
        self._clock = clock
        self._tickets = tickets
        self._ticketing = ticketing
        self._chance = chance
        self._failures = 0
        self._open_at = _NEVER
        self._poll_at = _NEVER

    @property
    def name(self) -> str:
        """The name of its channel."""
        return self._channel.name

    async def step(self, fence: int) -> None:
        """Deliver what waits and ask for what changed, unless the channel has just failed."""
        if self._clock.now() < self._open_at:
            return
        waiting = await self._log.waiting(self.name, BATCH)
        if waiting and not await self._deliver(waiting, fence):
            return
        if self._clock.now() >= self._poll_at:
            self._poll_at = self._clock.now() + POLL
            await self._poll({entry.ticket.key for entry in waiting}, fence)

    async def _deliver(self, waiting: Sequence[Outgoing], fence: int) -> bool:
        """Deliver in order per ticket; False when the channel itself is out of order."""
        remotes = await self._log.remotes(self.name)
        by_ticket: dict[str, list[Outgoing]] = {}
        for entry in waiting:
            by_ticket.setdefault(entry.ticket.key, []).append(entry)
        for ticket, entries in by_ticket.items():
            for entry, covered in self._turns(entries):
                if entry.due_at is not None and entry.due_at > self._clock.now():
                    break
                try:
                    remote = await self._send(entry, remotes.get(ticket))
                except DeliveryFailed as failure:
                    await self._failed(entry, covered, failure, fence)
                    if failure.passing:
                        return False
                    break
                self._failures = 0
                await self._log.settle([one.key for one in covered], remote, fence)
                if remote is not None:
                    remotes[ticket] = remote
        return True

    def _turns(self, entries: Sequence[Outgoing]) -> Iterator[tuple[Outgoing, Sequence[Outgoing]]]:
        """Yield what to tell of one ticket, with the entries that this settles."""
        if self._channel.latest_only:
            yield entries[-1], entries
        else:
            yield from ((entry, [entry]) for entry in entries)

    async def _send(self, entry: Outgoing, remote: Remote | None) -> Remote | None:
        try:
            return await self._channel.deliver(entry, remote)
        except DeliveryFailed:
            raise
        except Exception as error:
            # One entry that a channel stumbles over must not keep the others waiting.
            LOG.exception("%s stumbled over %s", self.name, entry.key)
            raise DeliveryFailed(f"{type(error).__name__}: {error}", passing=False) from error

    async def _failed(
        self, entry: Outgoing, covered: Sequence[Outgoing], failure: DeliveryFailed, fence: int
    ) -> None:
        attempts = entry.attempts + 1
        is_dead = not failure.passing and attempts >= TRIES
        wait = max(pause(attempts, self._chance()), timedelta(seconds=failure.wait or 0))
        LOG.warning("%s: attempt %d on %s: %s", self.name, attempts, entry.key, failure.reason)
        if failure.passing:
            self._failures += 1
            wait = max(wait, pause(self._failures, self._chance()))
            self._open_at = self._clock.now() + wait
        if is_dead:
            await self._log.settle([one.key for one in covered if one is not entry], None, fence)
        await self._log.postpone(
            replace(
                entry,
                attempts=attempts,
                due_at=self._clock.now() + wait,
                state=OutgoingState.DEAD if is_dead else OutgoingState.WAITING,
                problem=failure.reason[:500],
            ),
            fence,
        )

    async def _poll(self, untold: set[str], fence: int) -> None:
        """Bring back what changed there; where our own news still wait, they go first."""
        tickets = await self._tickets()
        remotes = [
            remote
            for remote in (await self._log.remotes(self.name)).values()
            if remote.ticket not in untold and _is_at_work(tickets.get(remote.ticket))
        ]
        for start in range(0, len(remotes), PAGE):
            page = {remote.remote_id: remote for remote in remotes[start : start + PAGE]}
            try:
                states = await self._channel.states(list(page.values()))
            except DeliveryFailed as failure:
                LOG.warning("%s does not tell what changed: %s", self.name, failure.reason)
                return
            for told in states:
                remote = page[told.remote_id]
                if told.state != remote.state:
                    await self._bring_back(tickets[remote.ticket], remote, told, fence)

    async def _bring_back(self, ticket: Ticket, remote: Remote, told: RemoteState, fence: int) -> None:
        who = Principal(name=self.name, role=PrincipalRole.DESK)
        for state in _steps(ticket.state, told.means):
            note = f"{remote.number or remote.remote_id} at {self.name} is {state.value}."
            request = UpdateTicketRequest(ticket=ticket.key, state=state, note=note)
            try:
                await self._ticketing(fence).update(who, request)
            except (Conflict, NotFound) as error:
                if error.code is ErrorCode.ROLE_LOST:
                    raise
                LOG.info("%s: %s does not follow: %s", self.name, ticket.key, error.message)
        await self._log.settle([], replace(remote, state=told.state), fence)


def _is_at_work(ticket: Ticket | None) -> bool:
    return ticket is not None and ticket.state is not TicketState.CLOSED and ticket.parent is None


def _steps(present: TicketState, wanted: TicketState | None) -> list[TicketState]:
    """Return the legal steps there: what was closed elsewhere is resolved first."""
    if wanted is None or wanted is present:
        return []
    if wanted is TicketState.CLOSED and present is not TicketState.RESOLVED:
        return [TicketState.RESOLVED, wanted]
    return [wanted]
