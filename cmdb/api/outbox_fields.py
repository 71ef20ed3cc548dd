"""What waits to be told to other systems: the question and the mutation of the outbox."""

from collections.abc import Awaitable
from datetime import datetime
from typing import Annotated

import strawberry

from cmdb.api.context import Info, RequestContext
from cmdb.api.declaring import answered, derived
from cmdb.api.record_types import Ticket
from cmdb.api.ticket_vocabulary import OutgoingState
from cmdb.api.user_errors import EXPECTED, UserError, describe
from cmdb.model import outgoing, records


def _ticket(root: strawberry.Parent[outgoing.Outgoing]) -> records.Ticket:
    return root.ticket


@strawberry.type(description="A step of a ticket that another system is still to be told.")
class OutboxEntry:
    """Mirrors `cmdb.model.outgoing.Outgoing`."""

    key: str = strawberry.field(description="Names the entry, over all attempts.")
    channel: str = strawberry.field(description="The channel to be told.")
    ticket: Ticket = derived(_ticket, "The ticket, as it was after the step.")
    revision: int = strawberry.field(description="The revision of the step.")
    at: datetime = strawberry.field(description="When the step was taken.")
    attempts: int = strawberry.field(description="How often delivery has failed.")
    due_at: datetime | None = strawberry.field(description="Not before then is it tried again.")
    state: OutgoingState = strawberry.field(description="Whether it is tried again by itself.")
    problem: str = strawberry.field(description="What the last attempt met.")


@strawberry.type
class OutboxQuestions:
    """Root field of the outbox."""

    @answered(list[OutboxEntry] | None, "What other systems are still to be told, dead entries first.")
    async def outbox(self, info: Info) -> list[outgoing.Outgoing]:
        """List the outbox."""
        return await info.context.application.outbox.entries(info.context.principal)


@strawberry.input(description="An entry of the outbox.")
class OutboxEntryInput:
    """Names an entry."""

    key: str = strawberry.field(description="Key of the entry.")


@strawberry.type(description="What became of an entry of the outbox.")
class OutboxEntryPayload:
    """The entry."""

    entry: outgoing.Outgoing | None = strawberry.field(
        graphql_type=OutboxEntry | None, description="The entry; null when nothing was done."
    )
    revision: int = strawberry.field(description="The present revision; the outbox itself takes none.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing was done, when nothing was.")


Which = Annotated[OutboxEntryInput, strawberry.argument(description="Which entry.")]


@strawberry.type
class OutboxMutations:
    """Root fields that settle entries."""

    @answered(OutboxEntryPayload, "Try an entry of the outbox again, at once.")
    async def retry_outgoing(self, info: Info, input: Which) -> OutboxEntryPayload:
        """Let an entry wait again."""
        outbox, who = info.context.application.outbox, info.context.principal
        return await _settle(info.context, outbox.retry(who, input.key))

    @answered(OutboxEntryPayload, "Give an entry of the outbox up: its channel is never told.")
    async def discard_outgoing(self, info: Info, input: Which) -> OutboxEntryPayload:
        """Drop an entry."""
        outbox, who = info.context.application.outbox, info.context.principal
        return await _settle(info.context, outbox.discard(who, input.key))


async def _settle(context: RequestContext, step: Awaitable[outgoing.Outgoing]) -> OutboxEntryPayload:
    entry, errors = None, []
    try:
        entry = await step
    except EXPECTED as error:
        errors = [describe(error)]
    revision = await context.application.refresh()
    return OutboxEntryPayload(entry=entry, revision=revision, user_errors=errors)
