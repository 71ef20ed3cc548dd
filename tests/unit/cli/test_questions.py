"""Each question has a command; tables are for people, JSON is the raw answer."""

import json

import pytest

from cmdb.errors import ErrorCode
from tests.support.command_line import CommandLine, outage

EVENT = "network-monitor:edge-1:crypto sessions dropped"
LINE = CommandLine(outage)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["impact", "edge router 1"], "edge router 1: 3 impacted, 1 holding"),
        (["impact", "--event", EVENT], "edge router 1: 3 impacted, 1 holding"),
        (["impact", "--change", "CHG-2118"], "edge router 1: 3 impacted, 1 holding"),
        (["impact", "CHG-2118"], "edge router 1: 3 impacted, 1 holding"),
        (["changes", "finance"], "CHG-2118"),
        (["causes", "finance"], "Finance is critical"),
        (["whatif", "edge-2"], "1 worse"),
        (["intake", "I", "cannot", "access", "finance", "--caller", "lee"], "critical"),
        (["timeline", "finance", "--first", "3"], "more follow; raise --first"),
        (["search", "edge", "router"], "edge-1"),
        (["topology", "vpn", "--depth", "1", "--direction", "upstream"], "VPN concentrator 2"),
    ],
)
def test_each_question_is_answered_as_a_table(arguments: list[str], told: str) -> None:
    ran = LINE.run(*arguments)
    assert ran.code == 0, ran.error
    assert told in ran.out
    assert max(map(len, ran.out.splitlines())) <= 100


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["whatif", "vpn", "--severity", "bad"], "ok, warning, minor, major, critical"),
        (["topology", "vpn", "--direction", "sideways"], "upstream, downstream, both"),
    ],
)
def test_a_word_of_a_closed_set_is_told_with_the_others(arguments: list[str], told: str) -> None:
    ran = LINE.run(*arguments)
    assert ran.error is not None
    assert ran.error.code is ErrorCode.BAD_ARGUMENT
    assert told in ran.error.message


def test_a_ci_without_suspects_says_nothing_of_them() -> None:
    assert LINE.run("causes", "files").out.count("nothing") == 1


def test_paths_are_shown_with_arrows() -> None:
    assert "VPN -> VPN concentrator 1" in LINE.run("causes", "vpn").out


def test_the_best_paths_are_shown_with_what_redundancy_makes_of_them() -> None:
    told = LINE.run("impact", "core-1", "--paths", "2").out
    assert "1. E-mail" in told
    assert "2. E-mail" in told
    assert "needed, holds" in told
    assert max(map(len, told.splitlines())) <= 100
    assert "carries" not in LINE.run("impact", "edge-1").out


def test_json_is_the_raw_answer() -> None:
    answer = json.loads(LINE.run("impact", "edge-1", "-o", "json").out)
    assert [row["item"]["key"] for row in answer["impact"]["rows"]] == ["finance", "vpn", "hr", "email"]


def test_all_lists_more_than_services() -> None:
    answer = json.loads(LINE.run("impact", "edge-1", "--all", "-o", "json").out)
    assert "circuit-1" in {row["item"]["key"] for row in answer["impact"]["rows"]}


def test_no_colours_without_a_terminal() -> None:
    assert "\x1b" not in LINE.run("impact", "edge-1").out


def test_the_acting_role_reaches_the_service() -> None:
    ran = LINE.run("causes", "finance", act_as="subscriber:kim")
    assert ran.error is not None
    assert ran.error.code is ErrorCode.NOT_FOUND


def test_a_past_moment_can_be_asked_of() -> None:
    assert "3 impacted" in LINE.run("impact", "CHG-2118").out
    assert "Finance is ok" in LINE.run("causes", "finance", as_of="2026-03-02T10:00:00Z").out


def test_an_unknown_reference_is_an_error() -> None:
    ran = LINE.run("impact", "no-such-thing")
    assert (ran.code, ran.out) == (1, "")
    assert ran.error is not None
    assert ran.error.code is ErrorCode.NOT_FOUND


@pytest.mark.parametrize("arguments", [["impact"], ["impact", "a", "--item", "b"], ["whatif"], ["nonsense"]])
def test_wrong_usage_is_told_apart(arguments: list[str]) -> None:
    assert LINE.run(*arguments).code == 2
