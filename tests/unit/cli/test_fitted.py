"""Tables fit the terminal, or are told record by record."""

import io

import pytest
from rich.console import Console

from cmdb.cli.answers import table

ROWS = [["network-team", "finance-application", "2 of 3"], ["", "edge", "1 of 2"]]


def shown(width: int) -> list[str]:
    told = io.StringIO()
    Console(file=told, width=width, highlight=False).print(table(["group", "what it has", "state"], ROWS))
    return [line.rstrip() for line in told.getvalue().splitlines()]


@pytest.mark.parametrize("width", [60, 40])
def test_a_table_stays_one_where_words_fit(width: int) -> None:
    assert shown(width)[1].split() == ["group", "what", "it", "has", "state"]


def test_a_narrow_terminal_is_told_record_by_record_without_empty_fields() -> None:
    lines = shown(30)
    assert lines[:3] == [
        "group        network-team",
        "what it has  finance-applicati",
        "             on",
    ]
    assert "what it has  edge" in lines
    assert max(map(len, lines)) <= 30


def test_no_rows_are_a_word() -> None:
    assert table(["group"], []) == "nothing"
