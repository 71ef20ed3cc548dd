"""A table where it fits; in a narrow terminal one record below the other, because columns of letters say nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

Cell = str | Text
_WORD = 12
"""Characters of a word that a column shows in one piece; longer ones may be folded."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A table and its cells by row."""

    table: Table
    rows: Sequence[Sequence[Cell]]

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table, or each row as lines of heading and value."""
        if _least_width(self.table, self.rows) <= options.max_width:
            yield self.table
            return
        headings = [str(column.header) for column in self.table.columns]
        for row in self.rows:
            stacked = Table.grid(padding=(0, 2, 0, 0))
            stacked.add_column(no_wrap=True)
            stacked.add_column(overflow="fold")
            for heading, cell in zip(headings, row, strict=True):
                if str(cell):
                    stacked.add_row(heading, cell)
            yield stacked
            yield ""


def _least_width(table: Table, rows: Sequence[Sequence[Cell]]) -> int:
    """Return the characters that the table needs: whole cells where nothing wraps, else words."""
    width = 1 + len(table.columns)
    for place, column in enumerate(table.columns):
        texts = [str(column.header), *(str(row[place]) for row in rows)]
        if column.no_wrap:
            width += max(len(line) for text in texts for line in text.split("\n"))
        else:
            width += max(min(len(word), _WORD) for text in texts for word in text.split() or [""])
    return width
