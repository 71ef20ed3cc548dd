"""Answers and errors reach the terminal in the promised form."""

import json

import pytest

from cmdb.cli.session import OutputFormat, fail, write
from cmdb.errors import CmdbError, ErrorCode, Place


def test_tables_render_the_root_field_and_json_keeps_it(capsys: pytest.CaptureFixture[str]) -> None:
    write({"head": {"revision": 3}}, OutputFormat.TABLE, lambda head: [f"at {head['revision']}"])
    assert capsys.readouterr().out == "at 3\n"
    write({"head": {"revision": 3}}, OutputFormat.JSON, lambda _: [])
    assert json.loads(capsys.readouterr().out) == {"head": {"revision": 3}}


def test_brackets_in_an_answer_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    write({"a": "[red]disk[/red] :smile:"}, OutputFormat.TABLE, lambda text: [text])
    assert capsys.readouterr().out == "[red]disk[/red] :smile:\n"


def test_an_error_is_code_place_message_and_hint(capsys: pytest.CaptureFixture[str]) -> None:
    error = CmdbError(ErrorCode.NOT_FOUND, "Not there.", hint="Look again.", place=Place("a.yaml", 3))
    with pytest.raises(SystemExit) as caught:
        fail(error)
    assert caught.value.code == 1
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "NOT_FOUND at a.yaml:3: Not there.\nhint: Look again.\n")
