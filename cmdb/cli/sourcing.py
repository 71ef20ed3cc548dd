"""The commands about loaders: what ran, how fresh sources are, which records are one item."""

from typing import Annotated, Any

import typer

from cmdb.cli.answers import Rendered, table
from cmdb.cli.questions import FORMAT, First, Reference
from cmdb.cli.session import Output, answer
from cmdb.cli.words import moment, name, names


def runs(
    context: typer.Context,
    source: Annotated[str | None, typer.Option(help="Only of this source.")] = None,
    first: First = 20,
    output: Output = FORMAT,
) -> None:
    """Which runs of loaders were made, and how they ended."""
    answer(context, "runs", {"source": source, "first": first}, output, _show_runs)


def sources(context: typer.Context, output: Output = FORMAT) -> None:
    """How fresh each source is, and how many items it sees and has missed."""
    answer(context, "sources", {}, output, _show_sources)


def reviews(context: typer.Context, output: Output = FORMAT) -> None:
    """Which records of sources may be one item, and wait for a decision."""
    answer(context, "reviews", {}, output, _show_reviews)


def why(context: typer.Context, ref: Reference, output: Output = FORMAT) -> None:
    """Why records of several sources are one item, and who says what of it."""
    answer(context, "why", {"ref": ref}, output, _show_why)


def review(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="Key of the review.")],
    accept: Annotated[str | None, typer.Option(metavar="CANDIDATE", help="It is this item.")] = None,
    output: Output = FORMAT,
) -> None:
    """Decide a review: it is one of its candidates with --accept, else none of them."""
    if accept is None:
        answer(context, "reject_review", {"input": {"key": key}}, output, _show_decision)
    else:
        chosen = {"key": key, "candidate": accept}
        answer(context, "accept_review", {"input": chosen}, output, _show_decision)


def split(
    context: typer.Context,
    item: Annotated[str, typer.Argument(help="Key of the item.")],
    source: Annotated[str, typer.Argument(help="The source whose sighting leaves it.")],
    native: Annotated[str, typer.Argument(help="The source's own key.")],
    output: Output = FORMAT,
) -> None:
    """Undo a binding: what the source says becomes an item of its own."""
    chosen = {"item": item, "source": source, "native": native}
    answer(context, "split_sighting", {"input": chosen}, output, _show_decision)


def _show_runs(rows: Any) -> Rendered:  # noqa: ANN401 - answers are JSON documents
    yield table(
        ["started (UTC)", "source", "scope", "state", "what", "problem"],
        (
            [
                moment(row["startedAt"]),
                row["source"],
                row["scope"],
                row["state"].lower() + ("" if row["complete"] else ", partial"),
                ", ".join(f"{entry['count']} {entry['kind']} {entry['outcome']}" for entry in row["counts"]),
                row["problems"][0] if row["problems"] else "",
            ]
            for row in rows
        ),
    )


def _show_sources(rows: Any) -> Rendered:  # noqa: ANN401 - as above
    yield table(
        ["source", "scope", "last good run (UTC)", "hours ago", "items", "stale"],
        (
            [
                row["source"],
                row["scope"],
                moment(row["lastGoodRunAt"]) if row["lastGoodRunAt"] else "never",
                "" if row["ageSeconds"] is None else f"{row['ageSeconds'] / 3600:.1f}",
                str(row["items"]),
                str(row["staleItems"]),
            ]
            for row in rows
        ),
    )


def _show_reviews(rows: Any) -> Rendered:  # noqa: ANN401 - as above
    yield table(
        ["review", "now", "may be", "why"],
        (
            [
                row["key"],
                name(row["item"]) if row["item"] else "bound to nothing",
                names(row["candidates"]),
                row["reason"],
            ]
            for row in rows
        ),
    )


def _show_why(item: Any) -> Rendered:  # noqa: ANN401 - as above
    if item is None:
        yield "nothing"
        return
    yield f"{item['name']} ({item['class']}, key {item['key']})" + (" is stale" if item["stale"] else "")
    if not item["sightings"]:
        yield "It was recorded directly; no loader has seen it."
        return
    yield table(
        ["source", "calls it", "class", "recognised by", "state"],
        (
            [
                row["source"],
                row["key"],
                row["class"],
                row["rule"] + (" (weak)" if row["weak"] else ""),
                _state(row),
            ]
            for row in item["sightings"]
        ),
    )
    yield table(
        ["attribute", "value", "said by", "counts"],
        (
            [row["attribute"], _plain(row["value"]), row["source"], "yes" if row["wins"] else ""]
            for row in item["assertions"]
        ),
    )


def _state(row: Any) -> str:  # noqa: ANN401 - as above
    if row["retired"]:
        return "given up"
    if row["missedSince"]:
        return f"missed since {moment(row['missedSince'])}"
    return "only named" if row["mention"] else "seen"


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _show_decision(payload: Any) -> Rendered:  # noqa: ANN401 - as above
    decided = payload["review"]
    stands = f"; it is {name(decided['item'])}" if decided["item"] else ""
    yield f"{decided['key']} {decided['state'].lower()}{stands}; revision {payload['revision']}"
