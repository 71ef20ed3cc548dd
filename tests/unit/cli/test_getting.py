"""`cmdb get` shows one thing or lists many."""

import json

import pytest

from cmdb.errors import ErrorCode
from tests.support.command_line import CommandLine, nothing, outage

LINE = CommandLine(outage)


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("items", "20 of 44; raise --first"),
        ("services", "E-mail"),
        ("events", "disk full: spool volume"),
        ("changes", "CHG-2118"),
        ("tickets", "INC000018"),
        ("email", "E-mail (business_service, key email) is ok"),
        ("VPN", "VPN (technical_service, key vpn) is critical"),
        ("host-1", "needs 1 up"),
        ("INC000018", "The carrier undid its work."),
        ("CHG-2118", "New system image"),
        ("server-monitor:print-1:disk full", "spool volume at 100 %"),
    ],
)
def test_things_and_lists_are_shown(what: str, told: str) -> None:
    ran = LINE.run("get", what)
    assert ran.code == 0, ran.error
    assert told in " ".join(ran.out.split())


def test_unbound_events_alone_are_listed() -> None:
    assert LINE.run("get", "events", "--unbound").out == "nothing\n"
    assert LINE.run("get", "events").out != "nothing\n"


def test_json_is_the_raw_answer() -> None:
    assert json.loads(LINE.run("get", "vpn", "-o", "json").out)["item"]["key"] == "vpn"


def test_what_nothing_is_called_is_not_found() -> None:
    error = LINE.run("get", "nobody").error
    assert error is not None
    assert (error.code, error.hint) == (ErrorCode.NOT_FOUND, "Look for it with: cmdb search nobody")


def test_an_empty_list_says_so() -> None:
    assert CommandLine(nothing).run("get", "events").out == "nothing\n"
