"""`cmdb inbox`: how the inbox stands, and what to do with records that could not be applied."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cmdb.cli.answers import Rendered, table
from cmdb.cli.questions import FORMAT, First
from cmdb.cli.session import Output, answer
from cmdb.cli.words import moment
from cmdb.errors import ErrorCode, InvalidInput, Place
from cmdb.ingest.json_values import not_utf8

Number = Annotated[int, typer.Argument(help="Number of a dead letter.")]


def build_inbox_cli() -> typer.Typer:
    """Return the commands."""
    commands = typer.Typer(
        no_args_is_help=True, help="See what waits in the inbox, and decide on dead letters."
    )
    commands.command("stats")(stats)
    commands.command("list")(list_letters)
    commands.command("show")(show)
    commands.command("replay")(replay)
    commands.command("discard")(discard)
    return commands


def stats(context: typer.Context, output: Output = FORMAT) -> None:
    """Tell how many deliveries wait, of whom and since when."""
    answer(context, "inbox", {}, output, _stats)


def list_letters(
    context: typer.Context,
    state: Annotated[str, typer.Option(help="dead, replayed or discarded.")] = "dead",
    after: Annotated[int, typer.Option(help="Only greater numbers.")] = 0,
    first: First = 20,
    output: Output = FORMAT,
) -> None:
    """List records that could not be applied."""
    variables = {"state": state.upper(), "after": after, "first": first}
    answer(context, "dead_letters", variables, output, _letters)


def show(context: typer.Context, number: Number, output: Output = FORMAT) -> None:
    """Show one of them: what it says, and why it was set aside."""
    answer(context, "dead_letter", {"number": number}, output, _letter)


def replay(
    context: typer.Context,
    number: Number,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="The mended text.")] = None,
    output: Output = FORMAT,
) -> None:
    """Put one back into the inbox, as it is or mended."""
    text = None if file is None else _mended(file)
    answer(context, "replay_dead_letter", {"input": {"number": number, "text": text}}, output, _replayed)


def discard(context: typer.Context, number: Number, output: Output = FORMAT) -> None:
    """Give one up."""
    answer(context, "discard_dead_letter", {"input": {"number": number}}, output, _discarded)


def _mended(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidInput(
            ErrorCode.NOT_FOUND,
            f"The file cannot be read: {error.strerror}.",
            hint="Name a readable file with the mended text.",
            place=Place(str(file)),
        ) from error
    except UnicodeDecodeError as error:
        raise not_utf8(Place(str(file))) from error


def _stats(state: Any) -> Rendered:  # noqa: ANN401 - answers are JSON documents
    yield f"{state['waiting']} waiting, {state['dead']} dead, {state['full']:.0%} full"
    yield f"since the start: {state['accepted']} accepted, {state['duplicates']} repeated, {state['applied']} applied"
    if state["backlogs"]:
        rows = (
            [row["source"], str(row["deliveries"]), str(int(row["size"])), moment(row["oldest"])]
            for row in state["backlogs"]
        )
        yield table(["source", "waiting", "bytes", "since (UTC)"], rows)


def _letters(letters: Any) -> Rendered:  # noqa: ANN401 - as above
    rows = (
        [str(row["number"]), moment(row["at"]), row["source"], row["code"], row["message"]] for row in letters
    )
    yield table(["number", "since (UTC)", "source", "why", "what was found"], rows)


def _letter(letter: Any) -> Rendered:  # noqa: ANN401 - as above
    yield table(["field", "value"], ([name, str(value)] for name, value in letter.items() if name != "text"))
    yield letter["text"]


def _replayed(payload: Any) -> Rendered:  # noqa: ANN401 - as above
    yield f"in the inbox again, receipt {payload['receipt']}"


def _discarded(_payload: Any) -> Rendered:  # noqa: ANN401 - as above
    yield "discarded"
