"""The ticket mutations: open, move, attach a report."""

from collections.abc import Awaitable
from datetime import datetime
from typing import Annotated

import strawberry

from cmdb.api.context import Info, RequestContext
from cmdb.api.declaring import answered
from cmdb.api.record_types import Ticket
from cmdb.api.user_errors import EXPECTED, UserError, describe
from cmdb.api.vocabulary import TicketState
from cmdb.application.requests import (
    AttachReportRequest,
    DetachTicketRequest,
    MergeTicketsRequest,
    OpenTicketRequest,
    TicketReceipt,
    UpdateTicketRequest,
)
from cmdb.model import records


@strawberry.input(description="What to open a ticket from: an event, or an item or a caller's words.")
class OpenTicketInput:
    """Becomes an `OpenTicketRequest`."""

    event: str | None = strawberry.field(default=None, description="Key of an event; makes an incident.")
    item: str | None = strawberry.field(default=None, description="Key or unique name of an item.")
    title: str | None = strawberry.field(default=None, description="Default: from the event or the text.")
    caller: str | None = strawberry.field(default=None, description="Key of the party that reports.")
    text: str = strawberry.field(default="", description="The caller's words.")


@strawberry.input(description="One step of a ticket; what is left out stays as it is.")
class UpdateTicketInput:
    """Becomes an `UpdateTicketRequest`."""

    ticket: str = strawberry.field(description="Key of the ticket.")
    state: TicketState | None = strawberry.field(default=None, description="Its new state.")
    support_group: str | None = strawberry.field(
        default=None, description="Key of the support group to have it."
    )
    assignee: str | None = strawberry.field(default=None, description="Key of the person to work on it.")
    expected_resolution_at: datetime | None = strawberry.field(
        default=None, description="When service is expected back."
    )
    note: str | None = strawberry.field(default=None, description="A work note.")
    changes: list[str] = strawberry.field(
        default_factory=list, description="Keys of changes that have to do with it, added to those it names."
    )


@strawberry.input(description="A caller's report and the open incident that it belongs to.")
class AttachReportInput:
    """Becomes an `AttachReportRequest`."""

    incident: str = strawberry.field(description="Key of the open incident.")
    caller: str | None = strawberry.field(default=None, description="Key of the party that reports.")
    words: str = strawberry.field(default="", description="The caller's words.")
    item: str | None = strawberry.field(default=None, description="Key or unique name of the service meant.")
    report: str | None = strawberry.field(
        default=None, description="Key of a report that exists already; default: one is made."
    )


@strawberry.input(description="Incidents that are one, and the one that stays.")
class MergeTicketsInput:
    """Becomes a `MergeTicketsRequest`."""

    into: str = strawberry.field(description="Key of the open incident that takes the others in.")
    tickets: list[str] = strawberry.field(description="Keys of the open incidents that it takes in.")


@strawberry.input(description="What is to stand on its own again.")
class DetachTicketInput:
    """Becomes a `DetachTicketRequest`."""

    ticket: str = strawberry.field(description="Key of an attached report or a merged incident.")


@strawberry.type(description="The ticket after a step.")
class TicketPayload:
    """A `TicketReceipt` with its ticket."""

    ticket: records.Ticket | None = strawberry.field(
        graphql_type=Ticket | None, description="The ticket; null when nothing was done."
    )
    opened: bool = strawberry.field(description="False when an open ticket took the request in.")
    attached: list[str] = strawberry.field(description="Keys of what was attached to it by this step.")
    revision: int = strawberry.field(description="The revision after the step; ask with `atLeastRevision`.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing was done, when nothing was.")


@strawberry.type
class TicketMutations:
    """Root fields that work on tickets."""

    @answered(
        TicketPayload,
        "Open an incident from an event, or a report from a caller; an open one of its cause takes it in.",
    )
    async def open_ticket(
        self, info: Info, input: Annotated[OpenTicketInput, strawberry.argument(description="From what.")]
    ) -> TicketPayload:
        """Open, or let an open incident take it in."""
        request = OpenTicketRequest(
            event=input.event, item=input.item, title=input.title, caller=input.caller, text=input.text
        )
        return await _settle(
            info.context, info.context.application.open_ticket(info.context.principal, request)
        )

    @answered(TicketPayload, "Take one step of a ticket: state, people, expected resolution, note.")
    async def update_ticket(
        self, info: Info, input: Annotated[UpdateTicketInput, strawberry.argument(description="The step.")]
    ) -> TicketPayload:
        """Move a ticket."""
        request = UpdateTicketRequest(
            ticket=input.ticket,
            state=input.state,
            support_group=input.support_group,
            assignee=input.assignee,
            expected_resolution_at=input.expected_resolution_at,
            note=input.note,
            changes=tuple(input.changes),
        )
        return await _settle(
            info.context, info.context.application.update_ticket(info.context.principal, request)
        )

    @answered(TicketPayload, "Attach a caller's report to an open incident in one step.")
    async def attach_report(
        self,
        info: Info,
        input: Annotated[AttachReportInput, strawberry.argument(description="What to what.")],
    ) -> TicketPayload:
        """Attach a report."""
        request = AttachReportRequest(
            incident=input.incident,
            caller=input.caller,
            words=input.words,
            item=input.item,
            report=input.report,
        )
        return await _settle(
            info.context, info.context.application.attach_report(info.context.principal, request)
        )

    @answered(TicketPayload, "Let an open incident take other open ones in; their numbers lead to it.")
    async def merge_tickets(
        self,
        info: Info,
        input: Annotated[MergeTicketsInput, strawberry.argument(description="What into what.")],
    ) -> TicketPayload:
        """Merge incidents."""
        request = MergeTicketsRequest(into=input.into, tickets=tuple(input.tickets))
        return await _settle(
            info.context, info.context.application.merge_tickets(info.context.principal, request)
        )

    @answered(TicketPayload, "Let an attached report or a merged incident stand on its own again.")
    async def detach_ticket(
        self, info: Info, input: Annotated[DetachTicketInput, strawberry.argument(description="Which.")]
    ) -> TicketPayload:
        """Detach a ticket."""
        request = DetachTicketRequest(ticket=input.ticket)
        return await _settle(
            info.context, info.context.application.detach_ticket(info.context.principal, request)
        )


async def _settle(context: RequestContext, step: Awaitable[TicketReceipt]) -> TicketPayload:
    """Take the step and show the ticket as it is afterwards."""
    try:
        receipt = await step
    except EXPECTED as error:
        revision = await context.application.refresh()
        return TicketPayload(
            ticket=None, opened=False, attached=[], revision=revision, user_errors=[describe(error)]
        )
    context.forget()
    (ticket,) = await context.application.tickets_by_key(context.principal, [receipt.ticket])
    return TicketPayload(
        ticket=ticket,
        opened=receipt.opened,
        attached=list(receipt.attached),
        revision=receipt.revision,
        user_errors=[],
    )
