"""`cmdb outbox`: what other systems are still to be told."""

from typing import Annotated, Any

import typer

from cmdb.cli.answers import Rendered, table
from cmdb.cli.questions import FORMAT
from cmdb.cli.session import Output, answer
from cmdb.cli.words import moment


def outbox(
    context: typer.Context,
    retry: Annotated[str | None, typer.Option(metavar="KEY", help="Try this entry again, at once.")] = None,
    discard: Annotated[str | None, typer.Option(metavar="KEY", help="Give this entry up.")] = None,
    output: Output = FORMAT,
) -> None:
    """What other systems are still to be told; dead entries wait for --retry or --discard."""
    for operation, key in (("retry_outgoing", retry), ("discard_outgoing", discard)):
        if key is not None:
            answer(context, operation, {"input": {"key": key}}, output, _show_settled)
            return
    answer(context, "outbox", {}, output, _show_entries)


def _show_entries(rows: Any) -> Rendered:  # noqa: ANN401 - answers are JSON documents
    yield table(
        ["entry", "since (UTC)", "state", "tries", "problem"],
        (
            [row["key"], moment(row["at"]), row["state"].lower(), str(row["attempts"]), row["problem"][:60]]
            for row in rows
        ),
    )


def _show_settled(payload: Any) -> Rendered:  # noqa: ANN401 - as above
    entry = payload["entry"]
    yield f"{entry['key']}: {entry['ticket']['key']} {entry['ticket']['title']}"
