"""`cmdb situations` and `cmdb event`."""

import json

import pytest

from cmdb.desk.access import SYSTEM
from cmdb.errors import ErrorCode
from tests.support.command_line import CommandLine, Ran, nothing, outage
from tests.support.small_estate import Bench
from tests.unit.cli.test_ticketing import EVENT, code_of, kept_line

LINE = CommandLine(outage)


def test_situations_are_listed_worst_first_with_cause_size_and_incident() -> None:
    line = kept_line()
    assert line.run("ticket", "open", "--event", EVENT).code == 0
    told = line.run("situations").out
    first, second, *_ = (row for row in told.splitlines() if "2026" in row)
    assert "edge router 1" in first
    assert first.split()[-2:] == ["6", "INC000022"]
    assert "print server" in second
    assert "INC" not in second
    assert max(map(len, told.splitlines())) <= 100
    assert "nothing" in CommandLine(nothing).run("situations").out


async def numbered_outage() -> Bench:
    """Return the outage after an owner has looked at it."""
    bench = await outage()
    await bench.application.acknowledge_event(SYSTEM, EVENT)
    duties = bench.application.duties(bench.graph.lease, "one", None)
    await duties.role.step(0.0)
    await duties.work_once()
    return bench


def test_one_is_shown_by_its_number_with_its_events_and_why_each_belongs() -> None:
    line = CommandLine(numbered_outage)
    told = line.run("situations", "SIT000003").out
    assert "edge router 1 is the probable cause since 2026-03-02 11:10 UTC; no incident" in told
    assert EVENT in told
    assert "raised on the probable cause itself" in told
    assert "noted by system" in told
    assert "depends on the probable cause, Finance -> VPN" in told
    assert max(map(len, told.splitlines())) <= 100
    assert "2 of 6; raise --first" in line.run("situations", "SIT000003", "--first", "2").out


def test_json_is_the_raw_answer() -> None:
    report = json.loads(LINE.run("situations", "-o", "json").out)
    assert report["situations"]["situations"][0]["cause"]["key"] == "edge-1"


def test_a_number_that_nobody_has_given_is_told() -> None:
    refused = LINE.run("situations", "SIT000009")
    assert code_of(refused) is ErrorCode.NOT_FOUND


def said(ran: Ran) -> dict[str, str]:
    """Return a table of fields and values as it was printed."""
    assert ran.code == 0, ran.error
    lines = (line.split(maxsplit=1) for line in ran.out.splitlines())
    return {line[0]: line[1].strip() for line in lines if len(line) == 2}


def test_a_note_is_taken_and_taken_back() -> None:
    line = kept_line()
    assert said(line.run("event", "ack", EVENT))["acknowledged"] == "True"
    noted = said(line.run("get", EVENT))
    assert (noted["acknowledged"], "acknowledgedBy" in noted) == ("True", True)
    assert said(line.run("event", "unack", EVENT))["acknowledged"] == "False"
    assert "acknowledgedBy" not in said(line.run("get", EVENT))


def test_an_event_is_put_aside_and_taken_back() -> None:
    line = kept_line()
    shelved = said(line.run("event", "shelve", EVENT, "--until", "2199-01-01T00:00:00Z"))
    assert shelved["shelvedUntil"].startswith("2199-01-01")
    assert EVENT not in line.run("situations", "-o", "json").out
    assert "shelvedUntil" not in said(line.run("event", "unshelve", EVENT))
    assert "shelvedUntil" in said(line.run("event", "shelve", EVENT, "--for", "4h"))


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--for", "4h", "--until", "2199-01-01T00:00:00Z"),
        ("--for", "soon"),
        ("--for", "0h"),
        ("--until", "2199-01-01T00:00:00"),
        ("--until", "tomorrow"),
        ("--until", "2001-01-01T00:00:00Z"),
    ],
)
def test_how_long_must_be_clear(options: tuple[str, ...]) -> None:
    refused = LINE.run("event", "shelve", EVENT, *options)
    assert code_of(refused) is ErrorCode.BAD_ARGUMENT
    assert refused.error is not None
    assert refused.error.hint


@pytest.mark.parametrize("command", ["ack", "unack", "unshelve"])
def test_an_event_that_is_not_there_is_told(command: str) -> None:
    assert code_of(LINE.run("event", command, "none")) is ErrorCode.NOT_FOUND
