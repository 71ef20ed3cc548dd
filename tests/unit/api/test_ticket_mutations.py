from typing import Any

from tests.support.api_client import ApiClient

EVENT = "test:r1:down"


async def open_incident(client: ApiClient) -> Any:
    return await client.run("open_ticket", input={"event": EVENT})


async def test_an_incident_is_opened_once_and_shows_its_events(client: ApiClient) -> None:
    first, second = await open_incident(client), await open_incident(client)
    assert (first["opened"], second["opened"]) == (True, False)
    assert first["ticket"]["key"] == second["ticket"]["key"]
    assert first["ticket"]["kind"] == "INCIDENT"
    assert first["ticket"]["causeItem"]["key"] == "r1"
    assert EVENT in [event["key"] for event in first["ticket"]["events"]]
    assert first["userErrors"] == []


async def test_a_step_is_shown_as_it_was_taken(client: ApiClient) -> None:
    key = (await open_incident(client))["ticket"]["key"]
    step = {"ticket": key, "state": "ASSIGNED", "supportGroup": "network", "note": "On our way."}
    payload = await client.run("update_ticket", input=step)
    assert payload["userErrors"] == []
    assert (payload["ticket"]["state"], payload["ticket"]["supportGroup"]) == ("ASSIGNED", "network")
    assert [note["text"] for note in payload["ticket"]["notes"]][-1] == "On our way."


async def test_two_steps_in_one_request_are_each_shown_as_taken(client: ApiClient) -> None:
    key = (await open_incident(client))["ticket"]["key"]
    answer = await client.ask(
        """mutation($key: String!) {
          one: updateTicket(input: {ticket: $key, state: ASSIGNED, supportGroup: "network"}) { ticket { state } }
          two: updateTicket(input: {ticket: $key, state: IN_PROGRESS}) { ticket { state } }
        }""",
        {"key": key},
    )
    assert answer == {"one": {"ticket": {"state": "ASSIGNED"}}, "two": {"ticket": {"state": "IN_PROGRESS"}}}


async def test_a_step_that_is_not_allowed_is_told_as_data(client: ApiClient) -> None:
    key = (await open_incident(client))["ticket"]["key"]
    payload = await client.run("update_ticket", input={"ticket": key, "state": "CLOSED"})
    assert payload["ticket"] is None
    assert [error["code"] for error in payload["userErrors"]] == ["ILLEGAL_TRANSITION"]


async def test_a_report_is_attached_to_its_incident(client: ApiClient) -> None:
    key = (await open_incident(client))["ticket"]["key"]
    payload = await client.run(
        "attach_report",
        input={"incident": key, "caller": "bob", "words": "I cannot log in", "item": "finance"},
    )
    assert payload["userErrors"] == []
    reports = [name for name in (*payload["attached"], payload["ticket"]["key"]) if name != key]
    assert reports
    report = await client.run("ticket", key=reports[0])
    assert (report["kind"], report["caller"]) == ("REPORT", "bob")
    assert report["parent"]["key"] == key


async def test_unknown_tickets_and_events_are_told_as_data(client: ApiClient) -> None:
    for operation, given in (
        ("open_ticket", {"event": "nothing"}),
        ("update_ticket", {"ticket": "nothing"}),
        ("attach_report", {"incident": "nothing", "words": "x", "caller": "bob"}),
    ):
        payload = await client.run(operation, input=given)
        assert [error["code"] for error in payload["userErrors"]] == ["NOT_FOUND"], operation
        assert payload["ticket"] is None


async def test_a_merged_number_shows_the_incident_that_took_it_in(client: ApiClient) -> None:
    first = (await open_incident(client))["ticket"]["key"]
    records = [{"item": "printsrv", "condition": "down", "severity": "MINOR", "at": "2026-03-02T12:00:00Z"}]
    await client.run("record_events", input={"source": "test", "rows": records})
    second = (await client.run("open_ticket", input={"event": "test:printsrv:down"}))["ticket"]["key"]
    payload = await client.run("merge_tickets", input={"into": first, "tickets": [second]})
    assert (payload["userErrors"], payload["ticket"]["key"]) == ([], first)
    shown = await client.run("ticket", key=second)
    assert (shown["key"], [ticket["key"] for ticket in shown["members"]]) == (first, [second])
    itself = await client.run("ticket", key=second, follow=False)
    assert (itself["key"], itself["parent"]["key"], itself["state"]) == (second, first, "CLOSED")
    again = await client.run("detach_ticket", input={"ticket": second})
    assert (again["userErrors"], again["ticket"]["state"]) == ([], "NEW")


async def test_a_ticket_shows_its_clocks(client: ApiClient) -> None:
    key = (await open_incident(client))["ticket"]["key"]
    response, resolution = (await client.run("ticket", key=key))["clocks"]
    assert (response["name"], response["targetSeconds"], response["state"]) == ("RESPONSE", 900, "RUNNING")
    assert (resolution["name"], resolution["dueAt"]) == ("RESOLUTION", "2026-03-02T16:00:00+00:00")
    await client.run("update_ticket", input={"ticket": key, "state": "ON_HOLD", "changes": ["PATCH"]})
    shown = await client.run("ticket", key=key)
    assert [clock["state"] for clock in shown["clocks"]] == ["STOPPED", "PAUSED"]
    assert [change["key"] for change in shown["changes"]] == ["PATCH"]
