"""What changed since a revision: services, situations and tickets, remembered for a while, for those who watch.

A watcher keeps only a position. What it is told is how things stand now that have changed since, so that a slow one
is told less often instead of being queued for, and one that was away too long is told everything once.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass

import numpy as np

from cmdb.application.live import LiveTopology
from cmdb.application.situation_question import incident_of
from cmdb.application.snapshot import Snapshot
from cmdb.desk.situations import EventGroup
from cmdb.errors import CmdbError

LOOK_SECONDS = 0.2
"""How often the feed looks for what is new while somebody watches."""

MEMORY = 2_000
"""Steps that are remembered; who comes from before them is told everything."""

LOG = logging.getLogger("cmdb.feed")
State = tuple[int, int, int]
"""Effective, worst case and planned severity."""

Shape = tuple[object, ...]
"""What of a situation calls for news: its events, their roles and severities, its incident; no repeats."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What the feed compares: services that are not plainly fine, and situations with their incidents."""

    snapshot: Snapshot
    services: Mapping[str, State]
    groups: Mapping[str, EventGroup]
    shapes: Mapping[str, Shape]


@dataclass(frozen=True, slots=True)
class Step:
    """Keys of what became another up to a revision; `by_time`: a window opened or closed, without a new revision."""

    place: int
    revision: int
    by_time: bool
    services: frozenset[str]
    tickets: frozenset[str]
    situations: Mapping[str, EventGroup]


@dataclass(frozen=True, slots=True)
class Change:
    """What became another since a position; `reset` when that is not known, and everything counts.

    Of situations that ended their last events are told.
    """

    picture: Picture
    place: int
    reset: bool
    services: frozenset[str]
    tickets: frozenset[str]
    situations: Mapping[str, EventGroup]

    @property
    def ended(self) -> dict[str, EventGroup]:
        """The situations that are no more."""
        return {key: group for key, group in self.situations.items() if key not in self.picture.groups}


class Feed:
    """Watches the live projection from the first watcher on, and lets any number follow."""

    def __init__(self, live: LiveTopology, memory: int = MEMORY) -> None:
        """Remember that many steps."""
        self._live = live
        self._steps: deque[Step] = deque(maxlen=memory)
        self._picture: Picture | None = None
        self._place = 0
        self._first = 0
        self._floor = 0
        self._news = asyncio.Event()
        self._turn = asyncio.Lock()
        self._looking: asyncio.Task[None] | None = None

    async def follow(self, since: int | None) -> AsyncGenerator[Change, None]:
        """Yield what changed after revision `since`, then what changes; None begins with all there is.

        It also begins with all there is when `since` lies before what is remembered, or ahead of the store.
        """
        await self._start()
        place = self._position(since)
        while True:
            news = self._news
            change = self._after(place)
            if change is None:
                await news.wait()
            else:
                place = change.place
                yield change

    async def close(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait({self._looking})

    async def look(self) -> None:
        """Take in what is new, and wake those who follow."""
        async with self._turn:
            snapshot, before = await self._live.current(), self._picture
            if before is None or snapshot.revision < before.snapshot.revision:
                # At first, or when another store stands in its place: nothing from before counts.
                await self._begin(snapshot)
                return
            seen = before.snapshot
            passed = seen.turns_by(snapshot.at)
            if snapshot.revision > seen.revision or passed:
                picture = await asyncio.to_thread(_picture, snapshot)
                step = await asyncio.to_thread(_compare, before, picture, self._place + 1)
                self._remember(step, picture)

    async def _begin(self, snapshot: Snapshot) -> None:
        self._picture = await asyncio.to_thread(_picture, snapshot)
        self._steps.clear()
        self._floor = snapshot.revision
        self._place += 1
        self._first = self._place
        self._wake()

    def _remember(self, step: Step, picture: Picture) -> None:
        if len(self._steps) == self._steps.maxlen:
            self._first, self._floor = self._steps[0].place, self._steps[0].revision
        self._picture, self._place = picture, step.place
        self._steps.append(step)
        self._wake()

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def _start(self) -> None:
        if self._picture is None:
            await self.look()
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._keep_looking())

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except CmdbError as error:
                LOG.info("the feed must wait: %s", error)
            except Exception:
                LOG.exception("the feed failed")

    def _position(self, since: int | None) -> int:
        """Return the place after which to tell; one before all that is known tells everything."""
        revision = self._present().snapshot.revision
        if since is None or not self._floor <= since <= revision:
            return self._first - 1
        for step in self._steps:
            if step.revision > since or (step.revision == since and step.by_time):
                return step.place - 1
        return self._place

    def _after(self, place: int) -> Change | None:
        picture = self._present()
        if place < self._first:
            tickets = frozenset(key for key, ticket in picture.snapshot.tickets.items() if ticket.is_open)
            return Change(
                picture=picture,
                place=self._place,
                reset=True,
                services=frozenset(picture.services),
                tickets=tickets,
                situations=picture.groups,
            )
        steps = [step for step in self._steps if step.place > place]
        if not steps:
            return None
        return Change(
            picture=picture,
            place=self._place,
            reset=False,
            services=frozenset().union(*(step.services for step in steps)),
            tickets=frozenset().union(*(step.tickets for step in steps)),
            situations={key: group for step in steps for key, group in step.situations.items()},
        )

    def _present(self) -> Picture:
        if self._picture is None:
            raise AssertionError("a look leaves a picture")
        return self._picture


def _picture(snapshot: Snapshot) -> Picture:
    states = np.stack([snapshot.effective, snapshot.worst_case, snapshot.planned])
    places = np.flatnonzero(snapshot.is_service & states.any(axis=0)).tolist()
    keys, index = snapshot.topology.keys, snapshot.topology.index
    # What does not travel hurts the service itself all the same.
    local = (index[key] for key in snapshot.own.local if key in index)
    wanted = {*places, *(place for place in local if snapshot.is_service[place])}
    services: dict[str, State] = {}
    for place in wanted:
        health = snapshot.health(place)
        services[keys[place]] = (int(health.effective), int(health.worst_case), int(health.planned))
    groups = {group.key: group for group in snapshot.event_groups}
    shapes = {key: _shape(snapshot, group) for key, group in groups.items()}
    return Picture(snapshot, services, groups, shapes)


def _shape(snapshot: Snapshot, group: EventGroup) -> Shape:
    incident = incident_of(snapshot, group)
    members = tuple((member.event.key, member.event.severity, member.role) for member in group.members)
    return group.severity, group.since, members, incident and incident.key


def _compare(before: Picture, after: Picture, place: int) -> Step:
    """Return the keys of what is not the same in both."""
    old, new = before.snapshot.tickets, after.snapshot.tickets
    groups = {**before.groups, **after.groups}
    return Step(
        place=place,
        revision=after.snapshot.revision,
        by_time=after.snapshot.revision == before.snapshot.revision,
        services=frozenset(_different(before.services, after.services)),
        tickets=frozenset(key for key, ticket in new.items() if old.get(key) is not ticket),
        situations={key: groups[key] for key in _different(before.shapes, after.shapes)},
    )


def _different(before: Mapping[str, object], after: Mapping[str, object]) -> set[str]:
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
