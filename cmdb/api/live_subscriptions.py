"""The subscriptions: news of services, tickets and situations, from a revision on."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, TypeVar

import strawberry

from cmdb.api.cause_questions import Situation
from cmdb.api.context import Info
from cmdb.api.declaring import subscribed
from cmdb.api.record_types import Ticket
from cmdb.api.state_types import Basis, Health, ItemRef
from cmdb.application import news

RESET = "True at first, and when it is not known what changed since; then {}."
Since = Annotated[
    int | None,
    strawberry.argument(
        description="Begin with what changed after this revision, the last that you were told of; "
        "null begins with all there is."
    ),
]
Keys = Annotated[list[str] | None, strawberry.argument(description="Only these, by key; null: all.")]
News = TypeVar("News")


@strawberry.type(description="A service and how it stands.")
class ServiceState:
    """Mirrors `cmdb.application.news.ServiceState`."""

    item: ItemRef = strawberry.field(description="The service.")
    health: Health = strawberry.field(description="Its state.")


@strawberry.type(description="Services whose state became another.")
class ServiceNews:
    """Mirrors `cmdb.application.news.ServiceNews`."""

    basis: Basis = strawberry.field(description="What the news hold for; ask on with its revision.")
    reset: bool = strawberry.field(
        description=RESET.format("services that are not named are fine, unless `services` was given")
    )
    services: list[ServiceState] = strawberry.field(description="The services, by key.")


@strawberry.type(description="Tickets that took a step.")
class TicketNews:
    """Mirrors `cmdb.application.news.TicketNews`."""

    basis: Basis = strawberry.field(description="What the news hold for; ask on with its revision.")
    reset: bool = strawberry.field(description=RESET.format("these are all open tickets"))
    tickets: list[Ticket] = strawberry.field(description="The tickets as they are now, by key.")


@strawberry.type(description="Situations that began, changed or ended.")
class SituationNews:
    """Mirrors `cmdb.application.news.SituationNews`."""

    basis: Basis = strawberry.field(description="What the news hold for; ask on with its revision.")
    reset: bool = strawberry.field(description=RESET.format("these are all situations"))
    situations: list[Situation] = strawberry.field(description="The situations as they are now, by key.")
    ended: list[str] = strawberry.field(description="Keys of situations that are no more.")


@strawberry.type
class LiveSubscriptions:
    """Root fields that last."""

    @subscribed(ServiceNews, "News of services, as far as the caller sees them.")
    async def service_news(
        self, info: Info, since: Since = None, services: Keys = None
    ) -> AsyncGenerator[news.ServiceNews, None]:
        """Watch services."""
        source = info.context.application.news.services(info.context.principal, since, _chosen(services))
        async for told in _told(info, source):
            yield told

    @subscribed(TicketNews, "News of tickets, as far as the caller sees them.")
    async def ticket_news(
        self, info: Info, since: Since = None, tickets: Keys = None
    ) -> AsyncGenerator[news.TicketNews, None]:
        """Watch tickets."""
        source = info.context.application.news.tickets(info.context.principal, since, _chosen(tickets))
        async for told in _told(info, source):
            yield told

    @subscribed(SituationNews, "News of situations, as far as the caller sees them.")
    async def situation_news(
        self, info: Info, since: Since = None
    ) -> AsyncGenerator[news.SituationNews, None]:
        """Watch situations."""
        source = info.context.application.news.situations(info.context.principal, since)
        async for told in _told(info, source):
            yield told


def _chosen(keys: list[str] | None) -> frozenset[str] | None:
    return None if keys is None else frozenset(keys)


async def _told(info: Info, source: AsyncGenerator[News, None]) -> AsyncGenerator[News, None]:
    """Pass news on; what was fetched for the last ones may be another by now."""
    async with aclosing(source):
        async for told in source:
            info.context.forget()
            yield told
