"""The stage asks the service, prints what was asked and answered, and keeps all of it."""

import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from rich.console import Console
from rich.text import Text

from cmdb.api.app import build_app
from cmdb.demo.seed import SeedFile, read_seed
from cmdb.demo.stage import Stage
from cmdb.errors import CmdbError, ErrorCode
from cmdb.ingest.records import JsonRecordParser
from tests.support.small_estate import furnished, raised
from tests.support.vpn_outage import SEED


@dataclass
class Show:
    stage: Stage
    printed: io.StringIO

    def steps(self) -> list[dict[str, object]]:
        steps: list[dict[str, object]] = json.loads(self.stage.transcript())["steps"]
        return steps


@pytest_asyncio.fixture
async def show() -> AsyncIterator[Show]:
    bench = await furnished(raised("r1"))
    printed = io.StringIO()
    console = Console(file=printed, width=200, highlight=False, markup=False, emoji=False)
    transport = httpx.ASGITransport(app=build_app(bench.application, JsonRecordParser()))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        yield Show(Stage(http, read_seed(SEED), console), printed)


def file_of(folder: Path, *records: object) -> SeedFile:
    path = folder / "part.jsonl"
    path.write_text("\n".join(json.dumps(record) for record in records), encoding="utf-8")
    return SeedFile(path, "played")


async def test_a_question_is_printed_with_who_asks_and_its_answer_returned(show: Show) -> None:
    show.stage.open_scene(1, "The router is down", "desk")
    answer = await show.stage.ask("impact", origin={"item": "r1"})
    assert answer["impacted"] == 2
    show.stage.say("2 [red]services[/red]")
    show.stage.say(Text("both are down"))
    lines = [line for line in show.printed.getvalue().splitlines() if line]
    assert lines == [
        "1  The router is down",
        "   ? impact as desk origin=item='r1'",
        "   2 [red]services[/red]",
        "   both are down",
    ]


async def test_who_asks_is_the_speaker_unless_another_is_named(show: Show) -> None:
    show.stage.open_scene(0, "Before")
    await show.stage.ask("head")
    show.stage.open_scene(1, "After", "desk")
    await show.stage.ask("head")
    await show.stage.ask("head", "subscriber:ann")
    asked = [
        exchange["request"]["actAs"]
        for step in show.steps()
        for exchange in step["exchanges"]  # type: ignore[attr-defined]
    ]
    assert asked == [None, "desk", "subscriber:ann"]
    assert show.printed.getvalue().startswith("\nBefore\n   ? head\n")


async def test_the_transcript_keeps_every_request_and_raw_response(show: Show, tmp_path: Path) -> None:
    show.stage.open_scene(3, "News")
    row = {"kind": "item", "key": "new", "class": "server", "name": "new"}
    await show.stage.play_all([file_of(tmp_path, row)])
    await show.stage.ask("get", ref="new")
    (step,) = show.steps()
    assert (step["number"], step["title"]) == (3, "News")
    upload, question = step["exchanges"]  # type: ignore[misc]
    assert upload["request"]["path"] == "/records?source=played&dryRun=false"  # type: ignore[has-type]
    assert [json.loads(line) for line in upload["request"]["body"]] == [row]  # type: ignore[has-type]
    assert upload["response"]["status"] == 200  # type: ignore[has-type]
    assert question["request"]["body"]["variables"] == {"ref": "new"}  # type: ignore[has-type]
    assert question["response"]["body"]["data"]["item"]["key"] == "new"  # type: ignore[has-type]
    assert "played: item" in show.printed.getvalue()


async def test_a_faulty_record_ends_the_play_with_its_file_and_nothing_is_written(
    show: Show, tmp_path: Path
) -> None:
    show.stage.open_scene(1, "News")
    good = {"kind": "item", "key": "good", "class": "server", "name": "good"}
    with pytest.raises(CmdbError) as caught:
        await show.stage.play_all([file_of(tmp_path, good, {**good, "key": "bad", "class": "rooter"})])
    error = caught.value
    assert error.code is ErrorCode.UNKNOWN_CLASS
    assert str(error.place).startswith("part.jsonl, record ")
    with pytest.raises(CmdbError) as missing:
        await show.stage.ask("get", ref="good")
    assert missing.value.code is ErrorCode.NOT_FOUND


async def test_a_refusal_is_raised_with_the_services_own_words(show: Show) -> None:
    show.stage.open_scene(1, "Who?", "subscriber:ann")
    with pytest.raises(CmdbError) as caught:
        await show.stage.ask("open_ticket", input={"event": "nothing"})
    assert caught.value.code in (ErrorCode.FORBIDDEN, ErrorCode.NOT_FOUND)
    assert caught.value.message
