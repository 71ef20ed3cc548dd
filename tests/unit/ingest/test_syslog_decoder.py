"""Syslog as devices and hosts really write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmdb.errors import InvalidInput
from cmdb.ingest.syslog_decoder import decode_syslog
from tests.support.moments import NOON


def decode(text: str) -> dict[str, object]:
    found = decode_syslog(text.encode(), "192.0.2.7", NOON)
    del found["received_at"], found["address"], found["facility"]
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "<34>1 2026-03-01T10:00:00.003Z db-1.example.org su - ID47 - failed for till",
            {
                "priority": 34,
                "time": "2026-03-01T10:00:00.003Z",
                "host": "db-1.example.org",
                "app": "su",
                "message": "failed for till",
            },
        ),
        (
            '<165>1 2026-03-01T10:00:00Z - app 1 - [a@1 k="v\\"]x"][b@2] \ufefftext',
            {"priority": 165, "time": "2026-03-01T10:00:00Z", "app": "app", "message": "text"},
        ),
        (
            "<13>Mar  1 10:00:00 db-1 kernel: eth0: Link is Down",
            {"priority": 13, "host": "db-1", "app": "kernel", "message": "eth0: Link is Down"},
        ),
        (
            "<13>Mar 11 10:00:00 db-1 sshd[77]: closed",
            {"priority": 13, "host": "db-1", "app": "sshd", "message": "closed"},
        ),
        (
            "<189>45: edge-1: *Mar  1 10:00:00.123 UTC: %LINK-3-UPDOWN: Interface Gi0/1, changed state to down",
            {
                "priority": 189,
                "host": "edge-1",
                "mnemonic": "LINK-3-UPDOWN",
                "message": "%LINK-3-UPDOWN: Interface Gi0/1, changed state to down",
            },
        ),
        ("<0>only text", {"priority": 0, "message": "only text"}),
        ("<191>", {"priority": 191, "message": ""}),
    ],
)
def test_forms_are_told_apart(text: str, expected: dict[str, object]) -> None:
    assert decode(text) == expected


@pytest.mark.parametrize("text", ["", "no priority", "<192>too high", "<x>", "<1234>"])
def test_what_has_no_priority_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="without a priority"):
        decode(text)


@given(st.integers(0, 191), st.binary(max_size=200))
def test_any_bytes_behind_a_priority_are_a_message(priority: int, rest: bytes) -> None:
    found = decode_syslog(f"<{priority}>".encode() + rest, "192.0.2.7", NOON)
    assert found["priority"] == priority
    assert isinstance(found["message"], str)
