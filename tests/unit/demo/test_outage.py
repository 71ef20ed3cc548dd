"""The steps print what the service answers, whatever the seed holds."""

import io
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from cmdb.api.app import build_app
from cmdb.application.application import Application
from cmdb.bootstrap import SystemClock
from cmdb.demo.fix import play_fix
from cmdb.demo.outage import play_outage
from cmdb.demo.seed import read_seed
from cmdb.demo.stage import Stage
from cmdb.errors import CmdbError, ErrorCode
from cmdb.ingest.records import JsonRecordParser
from cmdb.metamodel import read_metamodel
from cmdb.resources import folder
from tests.fakes.graph import FakeGraph
from tests.fakes.runs import FakeRunLog
from tests.support.vpn_outage import SEED, copy_seed, license_second_concentrator


def empty_application() -> Application:
    """Return an application in memory whose time goes on, because the story looks back at what it did."""
    graph = FakeGraph()
    return Application(graph, graph, read_metamodel(folder("schema")), SystemClock(), FakeRunLog(graph))


async def played(seed: Path) -> tuple[str, list[Any]]:
    """Play the whole story in memory; return what was printed and the steps of the transcript."""
    printed = io.StringIO()
    console = Console(file=printed, width=200, highlight=False, markup=False)
    transport = httpx.ASGITransport(app=build_app(empty_application(), JsonRecordParser()))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        stage = Stage(http, read_seed(seed), console)
        stage.open_scene(0, "before")
        await stage.play_all(stage.seed.files)
        await play_fix(stage, await play_outage(stage))
    return printed.getvalue(), json.loads(stage.transcript())["steps"]


async def test_the_story_is_told_in_eight_steps() -> None:
    printed, steps = await played(SEED)
    assert [step["number"] for step in steps] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 0]
    assert "1. CHG-2118 Security patch of edge router 1" in printed
    assert (
        "Finance critical: Finance -> VPN -> VPN concentrator 1 -> edge router 1; owner Fay Example"
        in printed
    )
    assert "E-mail: ok; one more failure takes it down" in printed


async def test_another_estate_is_told_by_what_it_answers(tmp_path: Path) -> None:
    printed, _ = await played(license_second_concentrator(copy_seed(tmp_path)))
    assert "VPN critical: VPN -> VPN concentrator 1" not in printed
    assert "VPN major: one more failure takes it down" in printed
    assert "Finance critical: for another reason; owner Fay Example" in printed
    assert printed.count("is resolved; the outage lasted") == 2, "of both callers, whatever they called about"


async def test_each_step_is_asked_by_whom_it_is_about() -> None:
    _, steps = await played(SEED)
    speakers = [{exchange["request"]["actAs"] for exchange in step["exchanges"]} for step in steps[2:9]]
    assert speakers == [
        {"desk"},
        {"engineer:noor"},
        {"subscriber:kim", "desk"},
        {"subscriber:kim", "desk"},
        {"desk"},
        {"desk"},
        {"desk"},
    ]


async def test_what_is_cleared_twice_arrives_twice_alike() -> None:
    _, steps = await played(SEED)
    bodies = [exchange["request"]["body"] for exchange in steps[-1]["exchanges"]]
    sent = [json.loads(line) for body in bodies if isinstance(body, list) for line in body]
    clears = [row for row in sent if row.get("item") == "edge-1"]
    assert len(clears) == 2
    assert clears[0] == clears[1]


async def test_an_outage_without_events_ends_the_story(tmp_path: Path) -> None:
    seed = copy_seed(tmp_path)
    for silenced in (seed / "noise.jsonl", *seed.glob("outage-*.jsonl")):
        silenced.write_text("", encoding="utf-8")
    with pytest.raises(CmdbError) as caught:
        await played(seed)
    assert (caught.value.code, str(caught.value.place)) == (ErrorCode.NOT_FOUND, "seed.yaml, field outage")


async def test_requests_and_raw_responses_are_kept() -> None:
    _, steps = await played(SEED)
    upload, *_, question = steps[1]["exchanges"]
    assert upload["request"]["path"] == "/records?source=network-monitor&dryRun=false"
    assert len(upload["request"]["body"]) == 9
    assert question["request"]["body"]["operationName"] == "situations"
    assert question["response"]["body"]["data"]["situations"]["situations"][0]["cause"]["key"] == "edge-1"


async def test_a_faulty_record_of_a_seed_ends_the_story(tmp_path: Path) -> None:
    seed = copy_seed(tmp_path)
    with (seed / "estate.jsonl").open("a", encoding="utf-8") as estate:
        estate.write('{"kind": "item", "key": "x", "class": "no_such_class", "name": "x"}\n')
    with pytest.raises(CmdbError) as caught:
        await played(seed)
    assert caught.value.code is ErrorCode.UNKNOWN_CLASS
    assert str(caught.value.place).startswith("estate.jsonl, record ")
