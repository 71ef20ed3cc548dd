"""The questions `timeline` and `history`."""

from datetime import datetime
from typing import Annotated

import strawberry

from cmdb.api.arguments import AtLeast, ItemReference, PageSize, check_size
from cmdb.api.context import Info
from cmdb.api.declaring import answered, asked
from cmdb.api.record_types import Change, Event, Ticket
from cmdb.api.state_types import Basis, ItemRef
from cmdb.api.vocabulary import RecordKind
from cmdb.application.requests import TimelineRequest
from cmdb.model.answers import HistoryAnswer, TimelineAnswer


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


@strawberry.type(description="One field that a version altered.")
class FieldChange:
    """Mirrors `cmdb.model.answers.FieldChange`."""

    field: str = strawberry.field(description="Name of the field or attribute.")
    before: str | None = strawberry.field(description="What it held; null where it was not there.")
    after: str | None = strawberry.field(description="What it holds from then on; null where it is gone.")


@strawberry.type(description="One version of a record: who said it, since when it was so, when it was known.")
class HistoryEntry:
    """Mirrors `cmdb.model.answers.HistoryEntry`."""

    revision: int = strawberry.field(description="The write that last touched it.")
    source: str = strawberry.field(description="Who said it.")
    valid_from: datetime = strawberry.field(description="Since when it was so.")
    valid_to: datetime | None = strawberry.field(description="Until when it was so; null while it is.")
    recorded_at: datetime = strawberry.field(description="When it was known.")
    changes: list[FieldChange] = strawberry.field(description="What it altered, by field.")


@strawberry.type(description="Every recorded version of one record, oldest first.")
class HistoryReport:
    """Mirrors `cmdb.model.answers.HistoryAnswer`."""

    basis: Basis = strawberry.field(description="What the answer holds for.")
    kind: RecordKind = strawberry.field(description="The kind of record.")
    key: str = strawberry.field(description="Its key.")
    entries: list[HistoryEntry] = strawberry.field(description="Its versions, oldest first.")


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

    @answered(HistoryReport | None, "Who said what of this record, when was it so and when was it known?")
    async def history(
        self,
        info: Info,
        *,
        key: Annotated[str, strawberry.argument(description="Key of the record; of an item also its name.")],
        kind: Annotated[RecordKind, strawberry.argument(description="What kind it is.")] = RecordKind.ITEM,
        at_least_revision: AtLeast = None,
    ) -> HistoryAnswer:
        """List the versions."""
        context = info.context
        return await context.application.history(context.principal, kind, key, at_least_revision or 0)
