"""Events, changes and tickets show what the caller may see of what they point to."""

from tests.support.api_client import ApiClient

EVENTS = "{ events { edges { node { id item { key restricted } } } } }"


async def test_an_event_names_its_item_from_memory(client: ApiClient) -> None:
    rows = (await client.ask(EVENTS))["events"]["edges"]
    assert [row["node"]["item"]["key"] for row in rows] == ["vpn", "r1"]


async def test_a_subscriber_sees_events_of_own_services_only(client: ApiClient) -> None:
    rows = (await client.ask(EVENTS, cmdb_act_as="subscriber:ann"))["events"]["edges"]
    assert [row["node"]["item"]["key"] for row in rows] == ["vpn"]


async def test_a_ticket_leaves_out_what_its_reader_may_not_see(client: ApiClient) -> None:
    opened = await client.run("open_ticket", input={"event": "test:r1:down"})
    key = opened["ticket"]["key"]
    query = (
        "query($key: String!) { ticket(key: $key) "
        "{ title causeItem { key } items { key } events { key } open notes { text } } }"
    )
    whole = (await client.ask(query, {"key": key}))["ticket"]
    assert whole["causeItem"] == {"key": "r1"}
    assert whole["open"] is True
    assert whole["title"] == "edge router 1: r1 is down"
    assert "edge router 1" in whole["notes"][0]["text"]
    seen = await client.post(query, {"key": key}, cmdb_act_as="subscriber:ann")
    assert "r1" not in seen.text
    assert "edge router 1" not in seen.text
    assert seen.json()["data"]["ticket"]["title"] == "cause restricted"


async def test_a_caller_reads_what_was_noted_on_the_own_report(client: ApiClient) -> None:
    opened = await client.run("open_ticket", input={"item": "vpn", "text": "it drops", "caller": "ann"})
    query = "query($key: String!) { ticket(key: $key) { notes { text } } }"
    seen = await client.ask(query, {"key": opened["ticket"]["key"]}, cmdb_act_as="subscriber:ann")
    assert seen["ticket"]["notes"] == [{"text": "Reported: it drops"}]


async def test_a_change_names_its_targets(client: ApiClient) -> None:
    shown = await client.run("change", key="PATCH")
    assert [ref["name"] for ref in shown["targets"]] == ["edge router 1"]
    assert (shown["kind"], shown["state"], shown["risk"]) == ("NORMAL", "COMPLETED", "HIGH")
