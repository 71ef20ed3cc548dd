"""What those who watch are told: only what they may see, and nothing when that did not change."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass

from cmdb.application.feed import Change, Feed
from cmdb.application.lookup import sees_ticket, shown_tickets
from cmdb.application.situation_question import describe_situation
from cmdb.desk.situations import EventGroup
from cmdb.model.access import Principal
from cmdb.model.answers import Basis, CiRef, Health, Situation
from cmdb.model.records import Ticket


@dataclass(frozen=True, slots=True)
class ServiceState:
    """A service and how it stands."""

    item: CiRef
    health: Health


@dataclass(frozen=True, slots=True)
class ServiceNews:
    """Services that became another; `reset`: those that are not told of are fine."""

    basis: Basis
    reset: bool
    services: tuple[ServiceState, ...]


@dataclass(frozen=True, slots=True)
class TicketNews:
    """Tickets that took a step; `reset`: all that are open."""

    basis: Basis
    reset: bool
    tickets: tuple[Ticket, ...]


@dataclass(frozen=True, slots=True)
class SituationNews:
    """Situations that became another, and the keys of those that ended; `reset`: all that there are."""

    basis: Basis
    reset: bool
    situations: tuple[Situation, ...]
    ended: tuple[str, ...]


class LiveNews:
    """News for one principal each; access is decided anew on every step."""

    def __init__(self, feed: Feed) -> None:
        """Tell what the feed finds."""
        self._feed = feed

    async def services(
        self, principal: Principal, since: int | None, wanted: frozenset[str] | None
    ) -> AsyncGenerator[ServiceNews, None]:
        """Yield news of services; of `wanted` ones alone when they are given, and then of all of them at a reset."""
        async with aclosing(self._feed.follow(since)) as changes:
            async for change in changes:
                keys = change.services if wanted is None else change.services & wanted
                found = _services(change, principal, wanted if change.reset and wanted is not None else keys)
                if change.reset or found:
                    yield ServiceNews(change.picture.snapshot.basis, change.reset, found)

    async def tickets(
        self, principal: Principal, since: int | None, wanted: frozenset[str] | None
    ) -> AsyncGenerator[TicketNews, None]:
        """Yield news of tickets; of `wanted` ones alone when they are given."""
        async with aclosing(self._feed.follow(since)) as changes:
            async for change in changes:
                keys = change.tickets if wanted is None else change.tickets & wanted
                snapshot = change.picture.snapshot
                known = (snapshot.tickets[key] for key in sorted(keys) if key in snapshot.tickets)
                found = tuple(ticket for ticket in known if sees_ticket(snapshot, principal, ticket))
                if change.reset or found:
                    shown = shown_tickets(snapshot, snapshot.mask(principal), found)
                    yield TicketNews(snapshot.basis, change.reset, shown)

    async def situations(
        self, principal: Principal, since: int | None
    ) -> AsyncGenerator[SituationNews, None]:
        """Yield news of situations."""
        async with aclosing(self._feed.follow(since)) as changes:
            async for change in changes:
                groups = change.picture.groups
                present = (groups[key] for key in sorted(change.situations) if key in groups)
                found = tuple(_described(change, principal, present))
                over = (change.ended[key] for key in sorted(change.ended))
                ended = tuple(situation.key for situation in _described(change, principal, over))
                if change.reset or found or ended:
                    yield SituationNews(change.picture.snapshot.basis, change.reset, found, ended)


def _services(change: Change, principal: Principal, keys: Iterable[str]) -> tuple[ServiceState, ...]:
    snapshot = change.picture.snapshot
    seen = [snapshot.topology.index[key] for key in sorted(keys) if snapshot.sees(principal, key)]
    return tuple(
        ServiceState(snapshot.ref(place), snapshot.health(place))
        for place in seen
        if snapshot.is_service[place]
    )


def _described(change: Change, principal: Principal, groups: Iterable[EventGroup]) -> Iterable[Situation]:
    snapshot = change.picture.snapshot
    mask = snapshot.mask(principal)
    known = snapshot.topology.index
    for group in groups:
        if group.cause in known and all(member.event.item in known for member in group.members):
            situation = describe_situation(snapshot, mask, group)
            if situation.members:
                yield situation
