"""`cmdb ticket`: open, move, attach, merge and detach tickets."""

from typing import Annotated, Any

import typer

from cmdb.cli.answers import Rendered
from cmdb.cli.asking import one_of
from cmdb.cli.listings import show_ticket
from cmdb.cli.questions import FORMAT
from cmdb.cli.session import Output, answer
from cmdb.cli.times import require_zone
from cmdb.model.records import TicketState

Key = Annotated[str, typer.Argument(metavar="TICKET", help="Number of the ticket.")]
Caller = Annotated[str | None, typer.Option(help="Key of the party that reports.")]
Item = Annotated[str | None, typer.Option(help="Key or unique name of the item it is about.")]


def build_ticket_commands() -> typer.Typer:
    """Return the commands under `cmdb ticket`."""
    commands = typer.Typer(help="Open, move, attach, merge and detach tickets.", no_args_is_help=True)
    commands.command("open")(open_ticket)
    for command in (update, attach, merge, detach):
        commands.command()(command)
    return commands


def open_ticket(
    context: typer.Context,
    event: Annotated[str | None, typer.Option(help="Key of the event to open an incident from.")] = None,
    item: Item = None,
    text: Annotated[str, typer.Option(help="The caller's words.")] = "",
    title: Annotated[str | None, typer.Option(help="Default: from the event or the words.")] = None,
    caller: Caller = None,
    output: Output = FORMAT,
) -> None:
    """Open an incident from an event, or a report from a caller's words."""
    given = {"event": event, "item": item, "text": text, "title": title, "caller": caller}
    answer(context, "open_ticket", {"input": given}, output, _show_payload)


def update(
    context: typer.Context,
    ticket: Key,
    state: Annotated[
        str | None, typer.Option(help="assigned, in_progress, on_hold, resolved, closed.")
    ] = None,
    group: Annotated[str | None, typer.Option(help="Key of the support group to have it.")] = None,
    assignee: Annotated[str | None, typer.Option(help="Key of the person to work on it.")] = None,
    expect: Annotated[
        str | None, typer.Option(help="When service is expected: 2026-03-02T15:00:00Z.")
    ] = None,
    note: Annotated[str | None, typer.Option(help="A work note.")] = None,
    change: Annotated[list[str] | None, typer.Option(help="Key of a change that has to do with it.")] = None,
    output: Output = FORMAT,
) -> None:
    """Take one step of a ticket; what is left out stays as it is."""
    given = {
        "ticket": ticket,
        "state": one_of("--state", state, TicketState) if state else None,
        "supportGroup": group,
        "assignee": assignee,
        "expectedResolutionAt": require_zone("--expect", expect),
        "note": note,
        "changes": change or [],
    }
    answer(context, "update_ticket", {"input": given}, output, _show_payload)


def attach(
    context: typer.Context,
    incident: Key,
    report: Annotated[str | None, typer.Option(help="Number of a report that exists already.")] = None,
    words: Annotated[str, typer.Option(help="The caller's words, for a new report.")] = "",
    item: Item = None,
    caller: Caller = None,
    output: Output = FORMAT,
) -> None:
    """Attach a caller's report to an open incident."""
    given = {"incident": incident, "report": report, "words": words, "item": item, "caller": caller}
    answer(context, "attach_report", {"input": given}, output, _show_payload)


def merge(
    context: typer.Context,
    into: Key,
    tickets: Annotated[list[str], typer.Argument(help="Numbers of the incidents that it takes in.")],
    output: Output = FORMAT,
) -> None:
    """Let an open incident take other open ones in; their numbers lead to it."""
    answer(context, "merge_tickets", {"input": {"into": into, "tickets": tickets}}, output, _show_payload)


def detach(context: typer.Context, ticket: Key, output: Output = FORMAT) -> None:
    """Let an attached report or a merged incident stand on its own again."""
    answer(context, "detach_ticket", {"input": {"ticket": ticket}}, output, _show_payload)


def _show_payload(payload: Any) -> Rendered:  # noqa: ANN401 - answers are JSON documents
    yield from show_ticket(payload["ticket"])
