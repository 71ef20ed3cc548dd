"""The commands that work on tickets."""

import json

import pytest

from cmdb.errors import ErrorCode
from tests.fakes.graph import FakeGraph
from tests.support.command_line import CommandLine, Ran, outage
from tests.support.small_estate import Bench

EVENT = "network-monitor:edge-1:crypto sessions dropped"


def code_of(ran: Ran) -> ErrorCode | None:
    return ran.error.code if ran.error else None


def kept_line() -> CommandLine:
    """Return a command line whose commands find what those before them wrote."""
    kept: list[FakeGraph] = []

    async def make() -> Bench:
        if not kept:
            kept.append((await outage()).graph)
        return Bench(kept[0])

    return CommandLine(make)


def test_a_ticket_lives_at_the_command_line() -> None:
    line = kept_line()

    def key_of(*arguments: str) -> str:
        ran = line.run("ticket", *arguments, "-o", "json")
        assert ran.code == 0, ran.error
        (payload,) = json.loads(ran.out).values()
        return str(payload["ticket"]["key"])

    incident = key_of("open", "--event", EVENT)
    report = key_of("open", "--item", "finance", "--text", "no access")
    assert key_of("attach", incident, "--report", report) == incident
    shown = line.run(
        "ticket", "update", incident, "--state", "on_hold", "--note", "waits for the carrier"
    ).out
    assert "on_hold" in shown
    assert "waits for the carrier" in shown
    told = line.run("get", incident).out
    assert report in told
    assert "resolution" in told
    assert "paused" in told
    assert key_of("detach", report) == report
    assert code_of(line.run("ticket", "merge", incident, report)) is ErrorCode.CONFLICT


def test_a_state_that_does_not_exist_is_told_with_those_that_do() -> None:
    ran = CommandLine(outage).run("ticket", "update", "INC1", "--state", "in_progres")
    assert code_of(ran) is ErrorCode.BAD_ARGUMENT
    assert "on_hold" in str(ran.error)


@pytest.mark.parametrize("text", ["soon", "2026-03-02T15:00:00"])
def test_a_time_without_a_zone_is_refused(text: str) -> None:
    refused = CommandLine(outage).run("ticket", "update", "INC1", "--expect", text)
    assert code_of(refused) is ErrorCode.BAD_ARGUMENT
