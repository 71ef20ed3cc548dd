"""Answers of the questions as tables that fit 80 to 100 columns."""

from collections.abc import Iterable, Iterator
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from cmdb.cli.fitted import Fitted
from cmdb.cli.words import Json as Part
from cmdb.cli.words import margin, moment, name, names, parties, path, score, severity, verdict

Rendered = Iterator[RenderableType]
Cell = str | Text
_SHORT = {"severity", "state", "score", "hops", "times", "prio", "now", "then", "margin", "ended", "carries"}


def table(headings: Iterable[str], rows: Iterable[Iterable[Cell]]) -> RenderableType:
    """Return a plain table, or a word where there are no rows."""
    made = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in headings:
        made.add_column(heading, overflow="fold", no_wrap=heading in _SHORT or heading.endswith("(UTC)"))
    cells = [list(row) for row in rows]
    for row in cells:
        made.add_row(*row)
    return Fitted(made, cells) if cells else "nothing"


def show_impact(answer: Any) -> Rendered:  # noqa: ANN401 - answers are JSON documents
    """Impacted services first, then those that hold on redundancy."""
    yield f"{names(answer['origins'])}: {answer['impacted']} impacted, {answer['holding']} holding"
    yield table(["service", "severity", "path", "what holds"], map(_impact_row, answer["rows"]))
    if not answer["rows"] and answer["reached"]:
        yield f"No service is among the {answer['reached']} items that it reaches; --all lists these."
    ranked = [cells for row in answer["rows"] for cells in _ranked_paths(row)]
    if ranked:
        yield table(["service", "carries", "path", "redundancy on it"], ranked)
    if answer["restricted"]:
        yield f"{answer['restricted']} more that you may not see"
    yield from _more(answer)


def _impact_row(row: Part) -> list[Cell]:
    return [name(row["item"]), severity(row["severity"]), path(row["proof"]["path"]), margin(row["margin"])]


def _ranked_paths(row: Part) -> Iterator[list[Cell]]:
    """The best paths of a row, if they were asked for, numbered."""
    for number, ranked in enumerate(row["proof"].get("paths", ()), start=1):
        verdicts = [verdict(step) for step in ranked["steps"] if step["verdict"]]
        along = path([step["step"] for step in ranked["steps"]])
        yield [f"{number}. {name(row['item'])}", severity(ranked["severity"]), along, "\n".join(verdicts)]


def show_changes(answer: Any) -> Rendered:  # noqa: ANN401 - as above
    """Suspect changes with their scores, then those that cannot be the cause, and why."""
    yield f"{name(answer['item'])}: {answer['upstream']} items upstream, symptom since {moment(answer['onset'])}"
    yield table(["change", "title", "on", "ended", "score"], map(_suspect_row, answer["suspects"]))
    if answer["excluded"]:
        yield table(
            ["excluded", "title", "why"],
            ([row["change"]["key"], row["change"]["title"], row["excluded"]] for row in answer["excluded"]),
        )
    yield from _more(answer)


def _suspect_row(row: Part) -> list[Cell]:
    change = row["change"]
    return [
        change["key"],
        f"{change['title']} ({_kind(change)})",
        name(row["target"]),
        moment(change["end"] or change["start"]),
        score(row["score"]),
    ]


def _kind(change: Part) -> str:
    risk = f", {change['risk'].lower()} risk" if change["risk"] else ""
    return f"{change['kind'].lower()}{risk}"


def show_causes(answer: Any) -> Rendered:  # noqa: ANN401 - as above
    """Probable causes with their paths, then the suspect changes."""
    yield Text.assemble(name(answer["item"]), " is ", severity(answer["health"]["effective"]))
    yield table(["cause", "score", "path", "its events"], map(_cause_row, answer["causes"]))
    if answer["suspects"]:
        yield table(["change", "title", "on", "ended", "score"], map(_suspect_row, answer["suspects"]))


def _cause_row(row: Part) -> list[Cell]:
    events = "; ".join(event["summary"] or event["condition"] for event in row["events"])
    return [name(row["item"]), score(row["score"]), path(row["path"]), events or "none: silent"]


def show_what_if(answer: Any) -> Rendered:  # noqa: ANN401 - as above
    """What would worsen, then what would only lose margin."""
    yield f"if {names(answer['assumed'])} failed: {answer['worse']} worse, {answer['marginLost']} lose margin"
    yield table(["service", "now", "then", "margin", "path", "owner"], map(_what_if_row, answer["rows"]))
    if not answer["rows"]:
        yield "Only services are listed; --all lists every item."
    yield from _more(answer)


def _what_if_row(row: Part) -> list[Cell]:
    before, after = (("-" if row[key] is None else str(row[key])) for key in ("marginBefore", "marginAfter"))
    return [
        name(row["item"]),
        severity(row["before"]),
        severity(row["after"]),
        f"{before} to {after}",
        path(row["path"]),
        parties(row["owners"]),
    ]


def show_intake(answer: Any) -> Rendered:  # noqa: ANN401 - as above
    """Services that the caller may mean, each with its best cause and open tickets."""
    yield table(
        ["service", "state", "score", "best cause", "open tickets"], map(_intake_row, answer["candidates"])
    )


def _intake_row(row: Part) -> list[Cell]:
    cause = row["causes"][0] if row["causes"] else None
    because = (path(cause["path"]) or name(cause["item"])) if cause else ""
    tickets = ", ".join(ticket["key"] for ticket in row["tickets"])
    return [name(row["service"]), severity(row["health"]["effective"]), score(row["score"]), because, tickets]


def show_timeline(answer: Any) -> Rendered:  # noqa: ANN401 - as above
    """What happened, newest first."""
    yield table(["when (UTC)", "item", "hops", "what"], map(_timeline_row, answer["entries"]))
    yield from _more(answer)


def _timeline_row(row: Part) -> list[Cell]:
    return [moment(row["at"]), name(row["item"]), str(row["hops"]), row["what"]]


def show_history(answer: Any) -> Rendered:  # noqa: ANN401 - as above
    """Versions, oldest first, each with what it altered."""
    yield f"{answer['kind'].lower()} {answer['key']}, {len(answer['entries'])} version(s)"
    yield table(
        ["so since (UTC)", "known since", "source", "what it says"], map(_version_row, answer["entries"])
    )


def _version_row(row: Part) -> list[Cell]:
    told = "\n".join(map(_field_change, row["changes"])) or "the same again"
    return [moment(row["validFrom"]), moment(row["recordedAt"]), row["source"], told]


def _field_change(change: Part) -> str:
    if change["before"] is None:
        return f"{change['field']}: {change['after']}"
    before, after = change["before"], change["after"] or "gone"
    if after.startswith(f"{before}, "):
        return f"{change['field']}: and {after[len(before) + 2 :]}"
    return f"{change['field']}: {before} -> {after}"


def show_hits(answer: Any) -> Rendered:  # noqa: ANN401 - as above
    """CIs that fit the words."""
    yield table(
        ["key", "name", "class", "matched"],
        (
            [hit["item"]["key"], name(hit["item"]), hit["item"]["class"], hit["matched"]]
            for hit in answer["hits"]
        ),
    )


def show_topology(answer: Any) -> Rendered:  # noqa: ANN401 - as above
    """The dependencies around a CI, breadth first."""
    yield f"{len(answer['nodes'])} items, {len(answer['steps'])} dependencies around {name(answer['item'])}"
    yield table(
        ["consumer", "needs", "provider", "strength", "group"],
        (
            [name(s["consumer"]), s["verb"], name(s["provider"]), s["strength"].lower(), s["group"] or ""]
            for s in answer["steps"]
        ),
    )
    if answer["truncated"]:
        yield "cut at the limit; ask for less depth"


def _more(answer: Part) -> Rendered:
    if answer["hasMore"]:
        yield "more follow; raise --first"
