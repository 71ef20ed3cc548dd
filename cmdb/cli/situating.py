"""`cmdb situations` and `cmdb event`: what belongs together now, and what the desk decides about its events."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from cmdb.cli.answers import Cell, Rendered, table
from cmdb.cli.listings import show_fields
from cmdb.cli.questions import FORMAT, First
from cmdb.cli.session import Output, answer
from cmdb.cli.times import read_length, require_zone
from cmdb.cli.words import Json as Part
from cmdb.cli.words import moment, name, path, severity
from cmdb.errors import ErrorCode, InvalidInput

Key = Annotated[str, typer.Argument(metavar="EVENT", help="Key of an open event.")]


def build_event_commands() -> typer.Typer:
    """Return the commands under `cmdb event`."""
    commands = typer.Typer(
        help="Take note of open events, or put them aside for a while.", no_args_is_help=True
    )
    for command in (ack, unack, shelve, unshelve):
        commands.command()(command)
    return commands


def situations(
    context: typer.Context,
    number: Annotated[str | None, typer.Argument(metavar="[NUMBER]", help="Such as SIT000001.")] = None,
    first: First = 20,
    output: Output = FORMAT,
) -> None:
    """Which open events belong together, by cause; with a number its events, and why each belongs."""

    def render(report: Any) -> Rendered:  # noqa: ANN401 - answers are JSON documents
        rows = report["situations"]
        yield from _list(rows) if number is None else _show(rows[0], first)

    asked = {"number": number, "first": first}
    answer(context, "situations", asked, output, render)


def ack(context: typer.Context, event: Key, output: Output = FORMAT) -> None:
    """Take note of this episode of an event; its next one is to be noted anew."""
    answer(context, "acknowledge_event", {"input": {"event": event}}, output, _show_event)


def unack(context: typer.Context, event: Key, output: Output = FORMAT) -> None:
    """Take that note back."""
    answer(context, "acknowledge_event", {"input": {"event": event, "undo": True}}, output, _show_event)


def shelve(
    context: typer.Context,
    event: Key,
    length: Annotated[str | None, typer.Option("--for", help="How long: 30m, 4h, 2d.")] = None,
    until: Annotated[str | None, typer.Option(help="Until when: 2026-03-02T15:00:00Z.")] = None,
    output: Output = FORMAT,
) -> None:
    """Leave an event out of severities and situations for a while."""
    if (length is None) == (until is None):
        raise InvalidInput(
            ErrorCode.BAD_ARGUMENT,
            "It is not clear how long the event is to be left out.",
            hint="Give either --for, such as 4h, or --until, such as 2026-03-02T15:00:00Z.",
        )
    end = until if length is None else (datetime.now(UTC) + read_length("--for", length)).isoformat()
    given = {"event": event, "until": require_zone("--until", end)}
    answer(context, "shelve_event", {"input": given}, output, _show_event)


def unshelve(context: typer.Context, event: Key, output: Output = FORMAT) -> None:
    """Let a shelved event count again at once."""
    answer(context, "shelve_event", {"input": {"event": event, "until": None}}, output, _show_event)


def _list(rows: list[Part]) -> Rendered:
    yield table(["number", "since (UTC)", "severity", "cause", "events", "incident"], map(_situation, rows))


def _situation(row: Part) -> list[Cell]:
    return [
        row["number"] or "",
        moment(row["since"]),
        severity(row["severity"]),
        name(row["cause"]),
        str(len(row["members"])),
        row["ticket"]["key"] if row["ticket"] else "",
    ]


def _show(row: Part, first: int) -> Rendered:
    ticket, members = row["ticket"], row["members"]
    at_work = f"{ticket['key']} {ticket['title']}" if ticket else "no incident"
    yield f"{row['number']}: {name(row['cause'])} is the probable cause since {moment(row['since'])} UTC; {at_work}"
    yield table(["severity", "raised (UTC)", "event, and why it belongs"], map(_member, members[:first]))
    if first < len(members):
        yield f"{first} of {len(members)}; raise --first, or see all with -o json"


def _member(member: Part) -> list[Cell]:
    """The key has a line of its own, so that it can be copied."""
    event, along = member["event"], path(member["path"])
    why = f"{name(member['item'])}: {member['reason']}{f', {along}' if along else ''}"
    noted = f"\nnoted by {event['acknowledgedBy']}" if event["acknowledged"] else ""
    return [severity(event["severity"]), moment(event["raisedAt"]), f"{event['key']}\n{why}{noted}"]


def _show_event(payload: Any) -> Rendered:  # noqa: ANN401 - as above
    yield from show_fields(payload["event"])
