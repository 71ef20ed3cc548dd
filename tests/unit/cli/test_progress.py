from io import StringIO

from rich.console import Console

from cmdb.cli.progress import show_loading, show_reading
from tests.support.feeds import located, seen


def shown(*, terminal: bool) -> str:
    console = Console(file=StringIO(), force_terminal=terminal, width=120)
    with show_reading(2_000_000, console) as reading:
        records = list(reading.count(located([seen("a"), seen("b")])))
        reading.advance(500_000)
    assert len(records) == 2
    with show_loading(2, console):
        pass
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_a_terminal_shows_how_far_it_is() -> None:
    told = shown(terminal=True)
    assert "0.5/2.0 MB" in told
    assert "2 records" in told
    assert "loading 2 records" in told


def test_a_pipe_stays_clean() -> None:
    assert shown(terminal=False) == ""
