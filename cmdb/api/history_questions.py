"""The question `timeline`."""

from datetime import datetime
from typing import Annotated

import strawberry

from cmdb.api.arguments import AtLeast, ItemReference, PageSize, check_size
from cmdb.api.context import Info
from cmdb.api.declaring import asked
from cmdb.api.record_types import Change, Event, Ticket
from cmdb.api.state_types import Basis, ItemRef
from cmdb.application.requests import TimelineRequest
from cmdb.model.answers import TimelineAnswer


@strawberry.type(description="One thing that happened; exactly one of event, change and ticket is given.")
class TimelineEntry:
    """Mirrors `cmdb.model.answers.TimelineEntry`."""

    at: datetime = strawberry.field(description="When.")
    item: ItemRef = strawberry.field(description="The item it happened to.")
    hops: int = strawberry.field(description="Dependencies between the item asked about and this one.")
    what: str = strawberry.field(description="What happened, in one line.")
    event: Event | None = strawberry.field(description="The event.")
    change: Change | None = strawberry.field(description="The change.")
    ticket: Ticket | None = strawberry.field(description="The ticket.")


@strawberry.type(description="Events, changes and tickets of an item and of what it depends on.")
class TimelineReport:
    """Mirrors `cmdb.model.answers.TimelineAnswer`."""

    basis: Basis = strawberry.field(description="What the answer holds for.")
    item: ItemRef = strawberry.field(description="The item asked about.")
    entries: list[TimelineEntry] = strawberry.field(description="What happened, newest first.")
    has_more: bool = strawberry.field(description="Whether older entries follow.")


@strawberry.type
class HistoryQuestions:
    """Root fields about the past."""

    @asked(TimelineReport | None, "What happened to this item and to what it depends on?")
    async def timeline(
        self,
        info: Info,
        *,
        item: ItemReference,
        since: Annotated[datetime | None, strawberry.argument(description="From this time on.")] = None,
        until: Annotated[datetime | None, strawberry.argument(description="Before this time.")] = None,
        first: PageSize = 50,
        at_least_revision: AtLeast = None,
    ) -> TimelineAnswer:
        """Merge events, changes and tickets."""
        request = TimelineRequest(item=item, since=since, until=until, first=check_size(first))
        context = info.context
        return await context.questions.timeline(context.principal, request, at_least_revision or 0)
