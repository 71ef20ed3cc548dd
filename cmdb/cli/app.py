"""The command line: every command, what they share, and how errors end a run."""

import sys
from collections.abc import Sequence
from importlib.metadata import version
from io import TextIOWrapper
from itertools import islice
from typing import Annotated

import typer

from cmdb.cli import questions, sourcing
from cmdb.cli.archiving import backup, restore
from cmdb.cli.client import open_client
from cmdb.cli.doctor import doctor
from cmdb.cli.getting import get
from cmdb.cli.inbox import build_inbox_cli
from cmdb.cli.listening import build_listen_cli
from cmdb.cli.loader import build_loader_cli
from cmdb.cli.loading import load
from cmdb.cli.outgoing import outbox
from cmdb.cli.serving import serve_command
from cmdb.cli.session import Session, fail
from cmdb.cli.situating import build_event_commands, situations
from cmdb.cli.ticketing import build_ticket_commands
from cmdb.errors import CmdbError, ErrorCode, Place
from cmdb.settings import read_settings

DISTRIBUTION = "cmdb-impact"
"""The name under which the program is installed."""

SHARED = frozenset({"--url", "--as", "--as-of", "--known-at"})
"""Options of every command, each with a value."""

USABLE = "Name a file or folder that this program may read and write, on a disk with room for it."


def build_cli() -> typer.Typer:
    """Return the command line with every command but those of packages above this one."""
    cli = typer.Typer(name="cmdb", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
    cli.callback()(_share)
    cli.command("serve")(serve_command)
    for command in (
        questions.impact,
        questions.changes,
        questions.causes,
        questions.whatif,
        questions.intake,
        questions.timeline,
        questions.history,
        questions.search,
        questions.topology,
        get,
        situations,
        load,
        sourcing.runs,
        sourcing.sources,
        sourcing.reviews,
        sourcing.review,
        sourcing.split,
        sourcing.why,
        outbox,
        backup,
        restore,
        doctor,
    ):
        cli.command()(command)
    cli.add_typer(build_loader_cli(), name="loader")
    cli.add_typer(build_inbox_cli(), name="inbox")
    cli.add_typer(build_event_commands(), name="event")
    cli.add_typer(build_ticket_commands(), name="ticket")
    cli.add_typer(build_listen_cli(), name="listen")
    return cli


def run_cli(cli: typer.Typer) -> None:
    """Run with the process's arguments; errors are told in two lines, never as a stack trace."""
    _write_what_cannot_be_shown_as_escapes()
    try:
        cli(args=shared_first(sys.argv[1:]))
    except CmdbError as error:
        fail(error)
    except BrokenPipeError:
        sys.exit(1)
    except OSError as error:
        fail(_unusable(error))
    except Exception as error:  # noqa: BLE001 - the last border: a user gets a sentence
        fail(
            CmdbError(ErrorCode.INTERNAL, f"{type(error).__name__}: {error}", hint="This is a fault of ours.")
        )


def shared_first(words: Sequence[str]) -> list[str]:
    """Put the shared options before the command: in the middle of an outage people add them at the end."""
    shared, others, left = [], [], iter(words)
    for word in left:
        if word == "--":
            others += [word, *left]
        elif word.partition("=")[0] in SHARED:
            shared += [word, *islice(left, 0 if "=" in word else 1)]
        else:
            others.append(word)
    return shared + others


def _write_what_cannot_be_shown_as_escapes() -> None:
    """A terminal that knows no umlauts shall show the rest of the answer all the same."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _unusable(error: OSError) -> CmdbError:
    """Tell a file that a person named from a fault of ours."""
    if error.filename is None:
        return CmdbError(
            ErrorCode.INTERNAL, f"{type(error).__name__}: {error}", hint="This is a fault of ours."
        )
    return CmdbError(
        ErrorCode.BAD_ARGUMENT,
        f"It cannot be used: {error.strerror}.",
        hint=USABLE,
        place=Place(str(error.filename)),
    )


def _tell_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cmdb {version(DISTRIBUTION)}")
        raise typer.Exit


def _share(
    context: typer.Context,
    url: Annotated[str | None, typer.Option(help="A running server; default: CMDB_URL.")] = None,
    act_as: Annotated[str | None, typer.Option("--as", help="Ask as ROLE or ROLE:PARTY.")] = None,
    as_of: Annotated[str | None, typer.Option(help="Ask of this past moment: 2026-03-02T11:30:00Z.")] = None,
    known_at: Annotated[str | None, typer.Option(help="With what was recorded by then.")] = None,
    _version: Annotated[
        bool, typer.Option("--version", help="Tell the version.", callback=_tell_version, is_eager=True)
    ] = False,
) -> None:
    """Ask the CMDB what an event impacts and what changed upstream."""
    if context.obj is None:
        context.obj = Session(lambda: open_client(read_settings(), url), act_as, as_of, known_at)
