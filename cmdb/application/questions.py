"""Every question and read, bound to one source of snapshots: the live one, or one of the past."""

from collections.abc import Awaitable, Callable, Sequence

from cmdb.application.catalogue import Catalogue
from cmdb.application.cause_question import answer_probable_causes
from cmdb.application.change_question import answer_upstream_changes
from cmdb.application.impact_question import ImpactQuestion
from cmdb.application.intake_question import IntakeQuestion
from cmdb.application.lookup import missing, sees_ticket, shown_tickets
from cmdb.application.neighbourhood import answer_search, answer_topology
from cmdb.application.requests import (
    ImpactRequest,
    IntakeRequest,
    ItemFilter,
    Page,
    PageRequest,
    TimelineRequest,
    TopologyRequest,
    UpstreamChangesRequest,
    WhatIfRequest,
)
from cmdb.application.service_question import answer_my_services
from cmdb.application.situation_question import answer_situations
from cmdb.application.snapshot import Snapshot
from cmdb.application.timeline_question import TimelineQuestion
from cmdb.application.what_if_question import answer_what_if
from cmdb.desk.ticket_joining import standing
from cmdb.model.access import Principal
from cmdb.model.answers import (
    Basis,
    CiRef,
    ImpactAnswer,
    IntakeAnswer,
    ItemView,
    ProbableCausesAnswer,
    SearchHit,
    ServiceStatus,
    Situation,
    TimelineAnswer,
    TopologyAnswer,
    UpstreamChangesAnswer,
    WhatIfAnswer,
)
from cmdb.model.kinds import RecordKind
from cmdb.model.metamodel import Metamodel
from cmdb.model.records import Change, Event, Party, Ticket
from cmdb.ports.graph import RecordFilter, RecordReader

Source = Callable[[int], Awaitable[Snapshot]]
"""Gives the snapshot to answer from; its argument is the least revision that the answer must have reached."""


class Questions:
    """What adapters ask. `at_least` is a revision that the answer must have reached, else BEHIND is raised."""

    def __init__(self, source: Source, reader: RecordReader, metamodel: Metamodel) -> None:
        """Details come from the reader, everything else from the snapshot."""
        self.metamodel = metamodel
        self._source = source
        self._catalogue = Catalogue(reader, metamodel)
        self._impact = ImpactQuestion(reader)
        self._timeline = TimelineQuestion(reader)
        self._intake = IntakeQuestion(reader)

    async def basis(self, at_least: int = 0) -> Basis:
        """Say what answers hold for."""
        return (await self._source(at_least)).basis

    async def items(self, principal: Principal, query: ItemFilter, page: PageRequest) -> Page[ItemView]:
        """Return a page of CIs, sorted by key."""
        return await self._catalogue.items(await self._source(0), principal, query, page)

    async def items_by_key(self, principal: Principal, keys: Sequence[str]) -> list[ItemView | None]:
        """Return CIs in the order of the keys, None for hidden or absent ones."""
        return await self._catalogue.items_by_key(await self._source(0), principal, keys)

    async def find_item(self, principal: Principal, reference: str) -> ItemView:
        """Return the CI with this key or unique name."""
        found = await self._catalogue.find_item(await self._source(0), principal, reference)
        if found is None:
            raise missing("CI", reference)
        return found

    async def refs(self, principal: Principal, keys: Sequence[str]) -> list[CiRef | None]:
        """Return key, name and class of CIs from memory, None for hidden or absent ones."""
        snapshot = await self._source(0)
        index = snapshot.topology.index
        return [snapshot.ref(index[key]) if snapshot.sees(principal, key) else None for key in keys]

    async def events(self, principal: Principal, query: RecordFilter, page: PageRequest) -> Page[Event]:
        """Return a page of events, newest first."""
        return await self._catalogue.events(principal, query, page)

    async def changes(self, principal: Principal, query: RecordFilter, page: PageRequest) -> Page[Change]:
        """Return a page of changes, newest first."""
        return await self._catalogue.changes(principal, query, page)

    async def tickets(self, principal: Principal, query: RecordFilter, page: PageRequest) -> Page[Ticket]:
        """Return a page of tickets, newest first."""
        return await self._catalogue.tickets(principal, query, page)

    async def events_by_key(self, principal: Principal, keys: Sequence[str]) -> list[Event | None]:
        """Return events in the order of the keys."""
        return await self._catalogue.by_key(principal, RecordKind.EVENT, Event, keys)

    async def changes_by_key(self, principal: Principal, keys: Sequence[str]) -> list[Change | None]:
        """Return changes in the order of the keys."""
        return await self._catalogue.by_key(principal, RecordKind.CHANGE, Change, keys)

    async def tickets_by_key(self, principal: Principal, keys: Sequence[str]) -> list[Ticket | None]:
        """Return tickets in the order of the keys."""
        return await self._catalogue.by_key(principal, RecordKind.TICKET, Ticket, keys)

    async def standing_ticket(self, principal: Principal, key: str) -> Ticket | None:
        """Return the ticket that this number leads to: for a merged one the incident that took it in."""
        snapshot = await self._source(0)
        found = standing(snapshot.tickets, key)
        (ticket,) = await self.tickets_by_key(principal, [key if found is None else found.key])
        return ticket

    async def members(self, principal: Principal, keys: Sequence[str]) -> list[list[Ticket] | None]:
        """Return per ticket the visible ones that name it as their parent, by key."""
        snapshot = await self._source(0)
        found: dict[str | None, list[Ticket]] = {key: [] for key in keys}
        for ticket in sorted(snapshot.tickets.values(), key=lambda ticket: ticket.key):
            if ticket.parent in found and sees_ticket(snapshot, principal, ticket):
                found[ticket.parent].append(ticket)
        mask = snapshot.mask(principal)
        return [list(shown_tickets(snapshot, mask, tuple(found[key]))) for key in keys]

    async def parties_by_key(self, principal: Principal, keys: Sequence[str]) -> list[Party | None]:
        """Return parties in the order of the keys."""
        return await self._catalogue.by_key(principal, RecordKind.PARTY, Party, keys)

    async def impact(self, principal: Principal, request: ImpactRequest, at_least: int = 0) -> ImpactAnswer:
        """Answer what an event, CI or change impacts."""
        return await self._impact.answer(await self._source(at_least), principal, request)

    async def upstream_changes(
        self, principal: Principal, request: UpstreamChangesRequest, at_least: int = 0
    ) -> UpstreamChangesAnswer:
        """Answer what changed upstream, best suspect first."""
        return answer_upstream_changes(await self._source(at_least), principal, request)

    async def probable_causes(
        self, principal: Principal, item: str, first: int = 5, at_least: int = 0
    ) -> ProbableCausesAnswer:
        """Answer why a CI is as it is."""
        return answer_probable_causes(await self._source(at_least), principal, item, first)

    async def what_if(self, principal: Principal, request: WhatIfRequest, at_least: int = 0) -> WhatIfAnswer:
        """Answer what would happen if CIs failed; nothing is written."""
        return answer_what_if(await self._source(at_least), principal, request)

    async def symptom_intake(
        self, principal: Principal, request: IntakeRequest, at_least: int = 0
    ) -> IntakeAnswer:
        """Find the service that a caller means and what explains their words."""
        return await self._intake.answer(await self._source(at_least), principal, request)

    async def timeline(
        self, principal: Principal, request: TimelineRequest, at_least: int = 0
    ) -> TimelineAnswer:
        """Answer what happened to a CI and upstream of it."""
        return await self._timeline.answer(await self._source(at_least), principal, request)

    async def search(self, principal: Principal, words: str, first: int = 10) -> tuple[SearchHit, ...]:
        """Find CIs by words."""
        return answer_search(await self._source(0), principal, words, first)

    async def topology(
        self, principal: Principal, request: TopologyRequest, at_least: int = 0
    ) -> TopologyAnswer:
        """Walk the neighbourhood of a CI."""
        return answer_topology(await self._source(at_least), principal, request)

    async def situations(
        self, principal: Principal, at_least: int = 0, number: str | None = None
    ) -> tuple[Situation, ...]:
        """Return what is open now, grouped by probable cause."""
        return answer_situations(await self._source(at_least), principal, number)

    async def my_services(
        self, principal: Principal, party: str, at_least: int = 0
    ) -> tuple[ServiceStatus, ...]:
        """Return the state of the services that a party subscribes to."""
        return answer_my_services(await self._source(at_least), principal, party)
