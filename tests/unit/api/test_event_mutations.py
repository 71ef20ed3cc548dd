"""Acknowledging and shelving through GraphQL: the event as it is afterwards, or why nothing was done."""

from typing import Any

import pytest

from tests.support.api_client import ApiClient
from tests.support.moments import NOON, minutes

EVENT = "test:r1:down"
LATER = (NOON + minutes(60)).isoformat()


async def severity_of(client: ApiClient, key: str) -> Any:
    asked = "query($ref: String!) { item(ref: $ref) { health { effective } } }"
    return (await client.ask(asked, {"ref": key}))["item"]["health"]["effective"]


async def test_an_acknowledged_event_says_who_and_when(client: ApiClient) -> None:
    before = (await client.run("head"))["revision"]
    payload = await client.run("acknowledge_event", input={"event": EVENT})
    event = payload["event"]
    assert (event["key"], event["acknowledged"], event["acknowledgedBy"]) == (EVENT, True, "admin")
    assert event["acknowledgedAt"] == NOON.isoformat()
    assert (payload["revision"], payload["userErrors"]) == (before + 1, [])
    assert event["severity"] == "CRITICAL"


async def test_a_shelved_event_counts_in_no_severity_until_it_is_taken_back(client: ApiClient) -> None:
    payload = await client.run("shelve_event", input={"event": EVENT, "until": LATER})
    assert payload["event"]["shelvedUntil"] == LATER
    assert await severity_of(client, "r1") == "OK"
    payload = await client.run("shelve_event", input={"event": EVENT})
    assert payload["event"]["shelvedUntil"] is None
    assert await severity_of(client, "r1") == "CRITICAL"


async def test_two_steps_in_one_request_are_each_shown_as_taken(client: ApiClient) -> None:
    answer = await client.ask(
        """mutation($key: String!, $until: DateTime!) {
          one: acknowledgeEvent(input: {event: $key}) { event { acknowledged shelvedUntil } }
          two: shelveEvent(input: {event: $key, until: $until}) { event { acknowledged shelvedUntil } }
        }""",
        {"key": EVENT, "until": LATER},
    )
    assert answer["one"]["event"] == {"acknowledged": True, "shelvedUntil": None}
    assert answer["two"]["event"] == {"acknowledged": True, "shelvedUntil": LATER}


@pytest.mark.parametrize(
    ("operation", "given", "code"),
    [
        ("acknowledge_event", {"event": "nothing"}, "NOT_FOUND"),
        ("shelve_event", {"event": "nothing", "until": LATER}, "NOT_FOUND"),
        ("shelve_event", {"event": EVENT, "until": NOON.isoformat()}, "BAD_ARGUMENT"),
        ("shelve_event", {"event": EVENT, "until": "2001-01-01T00:00:00Z"}, "BAD_ARGUMENT"),
    ],
)
async def test_what_cannot_be_done_is_told_as_data_and_changes_nothing(
    client: ApiClient, operation: str, given: dict[str, str], code: str
) -> None:
    before = (await client.run("head"))["revision"]
    payload = await client.run(operation, input=given)
    (error,) = payload["userErrors"]
    assert (payload["event"], payload["revision"], error["code"]) == (None, before, code)
    assert error["hint"]
    shown = await client.run("event", key=EVENT)
    assert shown["severity"] == "CRITICAL"


async def test_a_time_without_a_zone_is_refused_before_it_is_compared(client: ApiClient) -> None:
    given = {"input": {"event": EVENT, "until": "2026-03-02T13:00:00"}}
    asked = "mutation($input: ShelveEventInput!) { shelveEvent(input: $input) { userErrors { code } } }"
    assert await client.codes(asked, given) == ["WRONG_TYPE"]


async def test_subscribers_take_no_note_of_events(client: ApiClient) -> None:
    asked = """mutation($key: String!) {
      acknowledgeEvent(input: {event: $key}) { event { key } userErrors { code } }
    }"""
    told = await client.ask(asked, {"key": EVENT}, Cmdb_Act_As="subscriber:ann")
    assert told["acknowledgeEvent"] == {"event": None, "userErrors": [{"code": "FORBIDDEN"}]}


async def test_a_cleared_event_is_not_there_any_more(client: ApiClient) -> None:
    row = {"item": "r1", "condition": "down", "severity": "OK", "at": LATER, "state": "CLEARED"}
    await client.run("record_events", input={"source": "test", "rows": [row]})
    payload = await client.run("acknowledge_event", input={"event": EVENT})
    assert [error["code"] for error in payload["userErrors"]] == ["NOT_FOUND"]
