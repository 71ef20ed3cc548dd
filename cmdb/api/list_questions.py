"""Lists of items, events, changes and tickets, and single ones by key or global id."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, TypeVar

import strawberry

from cmdb.api.arguments import After, ItemReference, PageSize
from cmdb.api.context import Batch, Info, RequestContext
from cmdb.api.declaring import asked
from cmdb.api.global_ids import NodeKind, decode_id
from cmdb.api.item_types import ConfigurationItem
from cmdb.api.paging import Connection, connect, read_page
from cmdb.api.record_types import Change, Event, Node, Ticket
from cmdb.api.vocabulary import ChangeState, EventState, Severity, TicketState
from cmdb.application import requests
from cmdb.errors import ErrorCode, InvalidInput, NotFound, Place
from cmdb.model import records
from cmdb.model.answers import ItemView
from cmdb.ports.graph import RecordFilter

MOST_IDS = 100
Row = TypeVar("Row")
AnyBatch = (
    Batch[ItemView]
    | Batch[records.Event]
    | Batch[records.Change]
    | Batch[records.Ticket]
    | Batch[records.Party]
)
Key = Annotated[str, strawberry.argument(description="The stable key.")]
ITEMS = "Only what touches one of these items, by key."
SINCE = "From this time on."
UNTIL = "Before this time."


@strawberry.input(description="Which services; what is left out does not restrict.")
class ServiceFilter:
    """Becomes an `ItemFilter` of services."""

    classes: list[str] | None = strawberry.field(
        default=None, description="Of these classes or their subclasses."
    )
    text: str | None = strawberry.field(default=None, description="Whose name or key contains this text.")
    min_severity: Severity | None = strawberry.field(default=None, description="At least this bad.")
    subscribed_by: str | None = strawberry.field(default=None, description="That this party subscribes to.")

    def to_query(self) -> requests.ItemFilter:
        """Say it in the application's words."""
        return requests.ItemFilter(
            classes=None if self.classes is None else frozenset(self.classes),
            services_only=self.only_services(),
            text=self.text,
            min_severity=self.min_severity,
            subscribed_by=self.subscribed_by,
        )

    def only_services(self) -> bool:
        """Whether other items are left out."""
        return True


@strawberry.input(description="Which items; what is left out does not restrict.")
class ItemFilter(ServiceFilter):
    """Becomes an `ItemFilter`."""

    services_only: bool = strawberry.field(default=False, description="Whether only services are listed.")

    def only_services(self) -> bool:
        """Whether other items are left out."""
        return self.services_only


@strawberry.input(description="Which events; what is left out does not restrict.")
class EventFilter:
    """Becomes a `RecordFilter` over raising times."""

    bound: bool | None = strawberry.field(
        default=None, description="false: only those whose item is not found yet; true: only the others."
    )

    items: list[str] | None = strawberry.field(default=None, description=ITEMS)
    states: list[EventState] | None = strawberry.field(default=None, description="In one of these states.")
    since: datetime | None = strawberry.field(default=None, description=SINCE)
    until: datetime | None = strawberry.field(default=None, description=UNTIL)


@strawberry.input(description="Which changes; what is left out does not restrict.")
class ChangeFilter:
    """Becomes a `RecordFilter` over starting times."""

    items: list[str] | None = strawberry.field(default=None, description=ITEMS)
    states: list[ChangeState] | None = strawberry.field(default=None, description="In one of these states.")
    since: datetime | None = strawberry.field(default=None, description=SINCE)
    until: datetime | None = strawberry.field(default=None, description=UNTIL)


@strawberry.input(description="Which tickets; what is left out does not restrict.")
class TicketFilter:
    """Becomes a `RecordFilter` over opening times."""

    items: list[str] | None = strawberry.field(default=None, description=ITEMS)
    states: list[TicketState] | None = strawberry.field(default=None, description="In one of these states.")
    since: datetime | None = strawberry.field(default=None, description=SINCE)
    until: datetime | None = strawberry.field(default=None, description=UNTIL)


ItemFilterArgument = Annotated[ItemFilter | None, strawberry.argument(description="Which items.")]
ServiceFilterArgument = Annotated[ServiceFilter | None, strawberry.argument(description="Which services.")]
EventFilterArgument = Annotated[EventFilter | None, strawberry.argument(description="Which events.")]
ChangeFilterArgument = Annotated[ChangeFilter | None, strawberry.argument(description="Which changes.")]
Follow = Annotated[
    bool, strawberry.argument(description="For a merged ticket show the incident that took it in.")
]
TicketFilterArgument = Annotated[TicketFilter | None, strawberry.argument(description="Which tickets.")]


@strawberry.type
class ListQuestions:
    """Root fields that list."""

    @asked(Connection[ConfigurationItem] | None, "Configuration items, sorted by key.")
    async def items(
        self, info: Info, filter: ItemFilterArgument = None, first: PageSize = 20, after: After = None
    ) -> Connection[ItemView]:
        """Page through items."""
        return await _page_items(info.context, "items", (filter or ItemFilter()).to_query(), first, after)

    @asked(Connection[ConfigurationItem] | None, "Services, sorted by key.")
    async def services(
        self, info: Info, filter: ServiceFilterArgument = None, first: PageSize = 20, after: After = None
    ) -> Connection[ItemView]:
        """Page through services."""
        return await _page_items(
            info.context, "services", (filter or ServiceFilter()).to_query(), first, after
        )

    @asked(Connection[Event] | None, "Events, newest first.")
    async def events(
        self, info: Info, filter: EventFilterArgument = None, first: PageSize = 20, after: After = None
    ) -> Connection[records.Event]:
        """Page through events."""
        context, page = info.context, read_page("events", first, after)
        query = _record_filter(filter or EventFilter())
        return connect("events", await context.questions.events(context.principal, query, page), after)

    @asked(Connection[Change] | None, "Changes, newest first; those that have no time yet come last.")
    async def changes(
        self, info: Info, filter: ChangeFilterArgument = None, first: PageSize = 20, after: After = None
    ) -> Connection[records.Change]:
        """Page through changes."""
        context, page = info.context, read_page("changes", first, after)
        query = _record_filter(filter or ChangeFilter())
        return connect("changes", await context.questions.changes(context.principal, query, page), after)

    @asked(Connection[Ticket] | None, "Tickets, newest first.")
    async def tickets(
        self, info: Info, filter: TicketFilterArgument = None, first: PageSize = 20, after: After = None
    ) -> Connection[records.Ticket]:
        """Page through tickets."""
        context, page = info.context, read_page("tickets", first, after)
        query = _record_filter(filter or TicketFilter())
        return connect("tickets", await context.questions.tickets(context.principal, query, page), after)


@strawberry.type
class ReferenceQuestions:
    """Root fields that show one thing."""

    @asked(Node | None, "The thing with this global id; null when gone or hidden.")
    async def node(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="A global id.")]
    ) -> object:
        """Resolve one id."""
        return (await _nodes(info.context, [id]))[0]

    @asked(
        list[Node | None] | None,
        f"The things with these global ids, at most {MOST_IDS}, in order; null when gone or hidden.",
    )
    async def nodes(
        self, info: Info, ids: Annotated[list[strawberry.ID], strawberry.argument(description="Global ids.")]
    ) -> list[object]:
        """Resolve many ids, one call a kind."""
        return await _nodes(info.context, ids)

    @asked(ConfigurationItem | None, "The item with this key or unique name.")
    async def item(self, info: Info, ref: ItemReference) -> ItemView:
        """Find one item."""
        return await info.context.questions.find_item(info.context.principal, ref)

    @asked(ConfigurationItem | None, "The service with this key or unique name.")
    async def service(self, info: Info, ref: ItemReference) -> ItemView:
        """Find one service."""
        application = info.context.questions
        found = await application.find_item(info.context.principal, ref)
        if found.ref.ci_class not in application.metamodel.service_classes():
            raise _missing("service", ref, "It is an item of another kind: ask item(ref:).")
        return found

    @asked(Event | None, "The event with this key.")
    async def event(self, info: Info, key: Key) -> records.Event:
        """Find one event."""
        return await _one(info.context.events, "event", key)

    @asked(Change | None, "The change with this key.")
    async def change(self, info: Info, key: Key) -> records.Change:
        """Find one change."""
        return await _one(info.context.changes, "change", key)

    @asked(Ticket | None, "The ticket with this key.")
    async def ticket(self, info: Info, key: Key, follow: Follow = True) -> records.Ticket:
        """Find one ticket."""
        context = info.context
        if follow:
            found = await context.questions.standing_ticket(context.principal, key)
            if found is not None:
                return found
        return await _one(context.tickets, "ticket", key)


async def _page_items(
    context: RequestContext, name: str, query: requests.ItemFilter, first: int, after: str | None
) -> Connection[ItemView]:
    page = read_page(name, first, after)
    return connect(name, await context.questions.items(context.principal, query, page), after)


def _record_filter(given: EventFilter | ChangeFilter | TicketFilter) -> RecordFilter:
    return RecordFilter(
        items=None if given.items is None else frozenset(given.items),
        states=None if given.states is None else frozenset(state.value for state in given.states),
        since=given.since,
        until=given.until,
        bound=given.bound if isinstance(given, EventFilter) else None,
    )


async def _nodes(context: RequestContext, ids: Sequence[str]) -> list[object]:
    if len(ids) > MOST_IDS:
        raise InvalidInput(
            ErrorCode.BAD_ARGUMENT,
            f"{len(ids)} ids were given, more than {MOST_IDS}.",
            hint="Ask in several requests.",
            place=Place("request", field="ids"),
        )
    wanted = [decode_id(text) for text in ids]
    batches: dict[NodeKind, AnyBatch] = {
        NodeKind.ITEM: context.items,
        NodeKind.EVENT: context.events,
        NodeKind.CHANGE: context.changes,
        NodeKind.TICKET: context.tickets,
        NodeKind.PARTY: context.parties,
    }
    for kind, batch in batches.items():
        await batch.many([key for of, key in wanted if of is kind])
    return [batches[kind].known(key) for kind, key in wanted]


async def _one(batch: Batch[Row], kind: str, key: str) -> Row:
    found = await batch.many([key])
    if not found:
        raise _missing(kind, key, "Check the key.")
    return found[0]


def _missing(kind: str, key: str, hint: str) -> NotFound:
    return NotFound(
        ErrorCode.NOT_FOUND,
        f"There is no {kind} '{key}' that you may see.",
        hint=hint,
        place=Place("request"),
    )
