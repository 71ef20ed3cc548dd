"""What all commands share: where to ask, as whom, and how answers and errors reach the terminal."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, NoReturn, TextIO

import typer
from rich.console import Console, RenderableType

from cmdb.cli.client import Client, Json, root
from cmdb.errors import CmdbError

Connect = Callable[[], AbstractAsyncContextManager[Client]]
Render = Callable[[Any], Iterable[RenderableType]]


class OutputFormat(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    JSON = "json"


Output = Annotated[
    OutputFormat, typer.Option("--output", "-o", help="'table' for people, 'json' for the raw answer.")
]


@dataclass(frozen=True, slots=True)
class Session:
    """How to reach the service, as whom to ask (`role` or `role:party`), and of which moment (None: the present)."""

    connect: Connect
    act_as: str | None = None
    as_of: str | None = None
    known_at: str | None = None

    def ask(self, operation: str, variables: Mapping[str, object]) -> Json:
        """Run one named operation and return its data."""
        return asyncio.run(self._ask(operation, variables))

    async def _ask(self, operation: str, variables: Mapping[str, object]) -> Json:
        async with self.connect() as client:
            moment = {"asOf": self.as_of, "knownAt": self.known_at}
            return await client.ask(operation, {**variables, **moment}, self.act_as)


def answer(
    context: typer.Context,
    operation: str,
    variables: Mapping[str, object],
    output: OutputFormat,
    render: Render,
) -> None:
    """Run a named operation and write its answer."""
    session: Session = context.obj
    write(session.ask(operation, variables), output, render)


def write(data: Json, output: OutputFormat, render: Render) -> None:
    """Write raw data as JSON, or what `render` makes of its root field."""
    if output is OutputFormat.JSON:
        sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=not _takes_everything(sys.stdout)) + "\n")
        return
    console = Console(highlight=False, markup=False, emoji=False)
    for part in render(root(data)):
        console.print(part)


def _takes_everything(stream: TextIO) -> bool:
    """Whether every character can be written there; JSON has escapes of its own for the others."""
    return (stream.encoding or "utf-8").lower().startswith("utf")


def fail(error: CmdbError) -> NoReturn:
    """Write `CODE at place: message` and the hint on standard error, then leave with 1."""
    where = f" at {error.place}" if error.place else ""
    sys.stderr.write(f"{error.code.value}{where}: {error.message}\n")
    if error.hint:
        sys.stderr.write(f"hint: {error.hint}\n")
    sys.exit(1)
