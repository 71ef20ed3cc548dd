"""The mutations of events: acknowledge and shelve."""

from collections.abc import Awaitable
from datetime import datetime
from typing import Annotated

import strawberry

from cmdb.api.context import Info, RequestContext
from cmdb.api.declaring import answered
from cmdb.api.record_types import Event
from cmdb.api.user_errors import EXPECTED, UserError, describe
from cmdb.model import records


@strawberry.input(description="The event to take note of.")
class AcknowledgeEventInput:
    """Names an event."""

    event: str = strawberry.field(description="Key of the open event.")
    undo: bool = strawberry.field(
        default=False, description="Take the note back: nobody has taken note of it."
    )


@strawberry.input(description="The event to put aside, and for how long.")
class ShelveEventInput:
    """Names an event and a time."""

    event: str = strawberry.field(description="Key of the open event.")
    until: datetime | None = strawberry.field(
        default=None, description="Until when it is left out; left out itself, the event is taken back."
    )


@strawberry.type(description="The event after a step.")
class EventPayload:
    """The event, or why nothing was done."""

    event: records.Event | None = strawberry.field(
        graphql_type=Event | None, description="The event; null when nothing was done."
    )
    revision: int = strawberry.field(description="The revision after the step; ask with `atLeastRevision`.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing was done, when nothing was.")


@strawberry.type
class EventMutations:
    """Root fields that work on events."""

    @answered(
        EventPayload, "Take note of the present episode of an open event; its next one is to be noted anew."
    )
    async def acknowledge_event(
        self,
        info: Info,
        input: Annotated[AcknowledgeEventInput, strawberry.argument(description="Which event.")],
    ) -> EventPayload:
        """Acknowledge."""
        context = info.context
        step = context.application.acknowledge_event(context.principal, input.event, undo=input.undo)
        return await _settle(context, input.event, step)

    @answered(
        EventPayload, "Leave an open event out of severities and situations for a while, or take it back."
    )
    async def shelve_event(
        self,
        info: Info,
        input: Annotated[ShelveEventInput, strawberry.argument(description="Which event, until when.")],
    ) -> EventPayload:
        """Shelve."""
        context = info.context
        step = context.application.shelve_event(context.principal, input.event, input.until)
        return await _settle(context, input.event, step)


async def _settle(context: RequestContext, key: str, step: Awaitable[int]) -> EventPayload:
    """Take the step and show the event as it is afterwards."""
    try:
        revision = await step
    except EXPECTED as error:
        revision = await context.application.refresh()
        return EventPayload(event=None, revision=revision, user_errors=[describe(error)])
    context.forget()
    found = await context.application.events_by_key(context.principal, [key])
    return EventPayload(event=found[0], revision=revision, user_errors=[])
