"""The commands that ask: one named operation each."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from cmdb.api.vocabulary import WalkDirection
from cmdb.cli.answers import (
    show_causes,
    show_changes,
    show_history,
    show_hits,
    show_impact,
    show_intake,
    show_timeline,
    show_topology,
    show_what_if,
)
from cmdb.cli.asking import one_of
from cmdb.cli.session import Output, OutputFormat, Session, answer, write
from cmdb.errors import CmdbError, ErrorCode
from cmdb.model.kinds import RecordKind
from cmdb.model.severity import Severity

Reference = Annotated[str, typer.Argument(metavar="REF", help="Key or unique name of an item.")]
First = Annotated[int, typer.Option("--first", help="Rows at most.", min=1, max=100)]
EveryItem = Annotated[bool, typer.Option("--all", help="All items, not only services.")]
FORMAT = OutputFormat.TABLE


def impact(
    context: typer.Context,
    ref: Annotated[str | None, typer.Argument(metavar="[REF]", help="Item, event or change.")] = None,
    event: Annotated[str | None, typer.Option(help="Key of an event.")] = None,
    item: Annotated[str | None, typer.Option(help="Key or unique name of an item.")] = None,
    change: Annotated[str | None, typer.Option(help="Key of a change.")] = None,
    every: EveryItem = False,
    first: First = 20,
    paths: Annotated[int, typer.Option(help="Best paths a row.", min=0, max=10)] = 0,
    output: Output = FORMAT,
) -> None:
    """Which services an event, item or change impacts, by which path, and what still holds."""
    origins = _origins(ref, {"event": event, "item": item, "change": change})
    shown = {"servicesOnly": not every, "first": first, "withPaths": paths > 0, "paths": paths or 1}
    variables = [{"origin": origin, **shown} for origin in origins]
    write(_first_known(context.obj, "impact", variables), output, show_impact)


def _origins(ref: str | None, named: Mapping[str, str | None]) -> Sequence[Mapping[str, str]]:
    """Return the one origin that was named, or what a bare reference can mean, the likeliest first."""
    given = [{kind: value} for kind, value in named.items() if value is not None]
    guesses = [{kind: ref} for kind in ("item", "event", "change")] if ref is not None else []
    if bool(given) == bool(guesses) or len(given) > 1:
        raise typer.BadParameter("Give either REF or exactly one of --event, --item and --change.")
    return given or guesses


def _first_known(
    session: Session, operation: str, attempts: Sequence[Mapping[str, object]]
) -> dict[str, object]:
    """Return the first answer that does not say NOT_FOUND; if all do, the first attempt's error stands."""
    refusals: list[CmdbError] = []
    for variables in attempts:
        try:
            return session.ask(operation, variables)
        except CmdbError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            refusals.append(error)
    raise refusals[0]


def changes(
    context: typer.Context,
    ref: Reference,
    hours: Annotated[int, typer.Option(help="How far back from the symptom.", min=1)] = 168,
    words: Annotated[str, typer.Option(help="Words of the symptom.")] = "",
    first: First = 10,
    output: Output = FORMAT,
) -> None:
    """What changed upstream of an item before its symptom, best suspect first."""
    variables = {"item": ref, "hours": hours, "words": words, "first": first}
    answer(context, "upstream_changes", variables, output, show_changes)


def causes(context: typer.Context, ref: Reference, first: First = 5, output: Output = FORMAT) -> None:
    """Why an item is in its state, best cause first."""
    answer(context, "probable_causes", {"item": ref, "first": first}, output, show_causes)


def whatif(
    context: typer.Context,
    refs: Annotated[list[str], typer.Argument(metavar="REF...", help="Items that are assumed to fail.")],
    severity: Annotated[str, typer.Option(help="At which severity.")] = "critical",
    every: EveryItem = False,
    first: First = 20,
    output: Output = FORMAT,
) -> None:
    """What would happen if these items failed."""
    rung = one_of("--severity", severity, Severity.__members__)
    variables = {"items": refs, "severity": rung, "servicesOnly": not every, "first": first}
    answer(context, "what_if", variables, output, show_what_if)


def intake(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="WORDS", help="What the caller said.")],
    caller: Annotated[str | None, typer.Option(help="Key of the calling party.")] = None,
    first: First = 5,
    output: Output = FORMAT,
) -> None:
    """Which service a caller means, which events explain it, which ticket is open."""
    variables = {"words": " ".join(words), "caller": caller, "first": first}
    answer(context, "symptom_intake", variables, output, show_intake)


def timeline(
    context: typer.Context,
    ref: Reference,
    since: Annotated[str | None, typer.Option(help="Start, as 2026-03-02T11:00:00Z.")] = None,
    until: Annotated[str | None, typer.Option(help="End, exclusive.")] = None,
    first: First = 50,
    output: Output = FORMAT,
) -> None:
    """What happened to an item and upstream of it, newest first."""
    variables = {"item": ref, "since": since, "until": until, "first": first}
    answer(context, "timeline", variables, output, show_timeline)


def history(
    context: typer.Context,
    ref: Annotated[str, typer.Argument(metavar="REF", help="Key of a record; of an item also its name.")],
    kind: Annotated[RecordKind, typer.Option(help="What kind of record it is.")] = RecordKind.ITEM,
    output: Output = FORMAT,
) -> None:
    """Who said what of a record, when it was so and when it was known."""
    answer(context, "history", {"key": ref, "kind": kind.name}, output, show_history)


def search(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="WORDS", help="Words of a key or name.")],
    first: First = 10,
    output: Output = FORMAT,
) -> None:
    """Which items fit these words."""
    answer(context, "search", {"words": " ".join(words), "first": first}, output, show_hits)


def topology(
    context: typer.Context,
    ref: Reference,
    direction: Annotated[str, typer.Option(help="upstream, downstream or both.")] = "both",
    depth: Annotated[int, typer.Option(help="Hops.", min=1)] = 2,
    limit: Annotated[int, typer.Option(help="Items at most.", min=1)] = 200,
    output: Output = FORMAT,
) -> None:
    """What stands around an item."""
    way = one_of("--direction", direction, WalkDirection)
    variables = {"item": ref, "direction": way, "depth": depth, "limit": limit}
    answer(context, "topology", variables, output, show_topology)
