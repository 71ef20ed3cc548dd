"""How far a load is, on a terminal: bytes read with rate and time left, then the run; nothing where nobody looks."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from cmdb.ports.records import LocatedRecord

_EVERY = 500
"""Records between two looks at the counter."""


class ReadingProgress:
    """Counts what was read of an input; safe to tell when nothing is shown."""

    def __init__(self, bar: Progress, total: int | None) -> None:
        """Show on the bar; without a total there is no time left to tell."""
        self._bar = bar
        self._task = bar.add_task("reading", total=total, records=0)

    def advance(self, size: int) -> None:
        """Count bytes."""
        self._bar.advance(self._task, size)

    def count(self, records: Iterable[LocatedRecord]) -> Iterator[LocatedRecord]:
        """Pass records on and count them."""
        number = 0
        for number, record in enumerate(records, start=1):
            if number % _EVERY == 0:
                self._bar.update(self._task, records=number)
            yield record
        self._bar.update(self._task, records=number)


def terminal() -> Console:
    """Return standard error, where progress stands beside the answer and out of the way of pipes."""
    return Console(stderr=True)


@contextmanager
def show_reading(total: int | None, console: Console | None = None) -> Iterator[ReadingProgress]:
    """Show how far the reading is; the line goes when it ends."""
    shown = console or terminal()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TextColumn("{task.fields[records]:,} records"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=shown, transient=True, disable=not shown.is_terminal) as bar:
        yield ReadingProgress(bar, total)


@contextmanager
def show_loading(records: int, console: Console | None = None) -> Iterator[None]:
    """Show that the records are on their way, and for how long."""
    shown = console or terminal()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=shown, transient=True, disable=not shown.is_terminal) as bar:
        bar.add_task(f"loading {records:,} records", total=None)
        yield
