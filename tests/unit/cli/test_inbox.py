"""`cmdb inbox`: what waits, what is dead, and what people decide about it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cmdb.cli.client import Client
from cmdb.cli.session import Session
from cmdb.errors import ErrorCode
from tests.fakes.graph import FakeGraph
from tests.support.command_line import CommandLine, Ran, client_of, invoke, nothing
from tests.support.inbox import event, open_desk


class InboxLine:
    """Runs each command over an inbox that stays on disk from one to the next."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._graph = FakeGraph()

    def run(self, *arguments: str) -> Ran:
        return invoke(Session(self._connect), "inbox", *arguments)

    @asynccontextmanager
    async def _connect(self) -> AsyncIterator[Client]:
        async with open_desk(self._path, self._graph) as desk, client_of(desk) as client:
            if not self._graph_has_letters:
                self._graph_has_letters = True
                await desk.send(event(item="nowhere"), event("fan", item="nowhere"), source="north")
                while await desk.applier().work_once():
                    pass
                await desk.send(event("waiting"), source="south")
            yield client

    _graph_has_letters = False


@pytest.fixture
def line(tmp_path: Path) -> InboxLine:
    return InboxLine(tmp_path)


def told(ran: Ran) -> str:
    assert ran.code == 0, ran.error
    return " ".join(ran.out.split())


def test_what_waits_is_told_by_source(line: InboxLine) -> None:
    out = told(line.run("stats"))
    assert out.startswith("1 waiting, 2 dead, 0% full since the start: 2 accepted, 0 repeated, 1 applied")
    assert "south 1" in out
    assert "2026-03-02 12:00" in out
    state = json.loads(line.run("stats", "-o", "json").out)["inbox"]
    assert [row["source"] for row in state["backlogs"]] == ["south"]


def test_letters_are_listed_from_a_number_on_and_shown_with_their_text(line: InboxLine) -> None:
    assert "DANGLING_END" in told(line.run("list"))
    later = told(line.run("list", "--after", "1"))
    assert (later.count("DANGLING_END"), later.count(" north ")) == (1, 1)
    assert told(line.run("list", "--first", "1")).count("DANGLING_END") == 1
    assert told(line.run("list", "--state", "replayed")) == "nothing"
    shown = told(line.run("show", "2"))
    assert "DANGLING_END" in shown
    letter = json.loads(line.run("show", "2", "-o", "json").out)["deadLetter"]
    assert json.loads(letter["text"])["condition"] == "fan"


def test_a_mended_letter_is_put_back_and_another_given_up(line: InboxLine, tmp_path: Path) -> None:
    mended = tmp_path / "mended.json"
    mended.write_text(json.dumps(event("fan")), encoding="utf-8")
    assert "in the inbox again, receipt" in told(line.run("replay", "2", "--file", str(mended)))
    assert told(line.run("discard", "1")) == "discarded"
    assert told(line.run("list")) == "nothing"
    assert "2 waiting, 0 dead" in told(line.run("stats"))
    assert told(line.run("list", "--state", "discarded")).count("DANGLING_END") == 1
    for command in ("replay", "discard"):
        error = line.run(command, "1").error
        assert error is not None
        assert error.code is ErrorCode.CONFLICT


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_a_mended_text_that_cannot_be_read_changes_nothing(
    line: InboxLine, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "mended.json"
    if content is not None:
        file.write_bytes(content)
    error = line.run("replay", "1", "--file", str(file)).error
    assert error is not None
    assert error.code is (ErrorCode.NOT_FOUND if content is None else ErrorCode.SYNTAX)
    assert str(error.place) == str(file)
    assert error.hint
    assert told(line.run("list")).count("DANGLING_END") == 2


@pytest.mark.parametrize("command", ["show", "replay", "discard"])
def test_a_letter_that_nobody_wrote_is_not_found(line: InboxLine, command: str) -> None:
    error = line.run(command, "77").error
    assert error is not None
    assert (error.code, error.hint) == (ErrorCode.NOT_FOUND, "See which there are: cmdb inbox list.")


def test_a_state_that_is_none_is_refused(line: InboxLine) -> None:
    error = line.run("list", "--state", "buried").error
    assert error is not None
    assert error.code is ErrorCode.WRONG_TYPE


def test_without_an_inbox_it_is_said_where_there_is_one() -> None:
    error = CommandLine(nothing).run("inbox", "stats").error
    assert error is not None
    assert (error.code, "cmdb serve" in error.hint) == (ErrorCode.INBOX_BROKEN, True)
