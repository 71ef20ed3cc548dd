"""Lists, references and global ids over HTTP."""

import json
from typing import Any

import pytest

from tests.support.api_client import ApiClient

PAGE = "query($after: String, $first: Int! = 4) { items(first: $first, after: $after) { %s } }"
ROWS = PAGE % "totalCount pageInfo { hasNextPage hasPreviousPage endCursor } edges { cursor node { id key } }"


async def keys_of_all_pages(client: ApiClient, between: Any = None) -> list[str]:
    found: list[str] = []
    after = None
    while True:
        page = (await client.ask(ROWS, {"after": after}))["items"]
        found += [edge["node"]["key"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]
        if between is not None:
            await between()


async def test_pages_join_to_the_whole_list(client: ApiClient) -> None:
    found = await keys_of_all_pages(client)
    assert found == sorted(found)
    assert len(found) == 9


async def test_an_insert_between_two_pages_neither_repeats_nor_skips(client: ApiClient) -> None:
    async def insert() -> None:
        rows = [{"key": "aaa", "class": "router", "name": "new"}]
        await client.run("record_items", input={"source": "test", "rows": rows})

    found = await keys_of_all_pages(client, insert)
    assert len(found) == len(set(found)) == 9


async def test_events_are_listed_newest_first_by_filter(client: ApiClient) -> None:
    query = "query($filter: EventFilter) { events(filter: $filter) { totalCount edges { node { item { key } } } } }"

    async def found(**filter_: object) -> list[str]:
        answer = (await client.ask(query, {"filter": filter_}))["events"]
        assert answer["totalCount"] == len(answer["edges"])
        return [edge["node"]["item"]["key"] for edge in answer["edges"]]

    assert await found() == ["vpn", "r1"]
    assert await found(items=["r1"]) == ["r1"]
    assert await found(states=["CLEARED"]) == []
    assert await found(since="2026-03-02T12:01:00Z") == ["vpn"]
    assert await found(until="2026-03-02T12:01:00Z") == ["r1"]


async def test_services_and_items_are_filtered(client: ApiClient) -> None:
    query = "query($filter: ItemFilter) { items(filter: $filter) { edges { node { key } } } }"

    async def found(**filter_: object) -> list[str]:
        return [e["node"]["key"] for e in (await client.ask(query, {"filter": filter_}))["items"]["edges"]]

    services = await client.ask("{ services { edges { node { key } } } }")
    assert [e["node"]["key"] for e in services["services"]["edges"]] == ["finance", "mail", "print", "vpn"]
    assert await found(servicesOnly=True, minSeverity="CRITICAL") == ["finance", "vpn"]
    assert await found(classes=["router"]) == ["r1", "r2"]
    assert await found(subscribedBy="bob") == ["finance"]


async def test_changes_that_have_no_time_yet_end_the_list(client: ApiClient) -> None:
    draft = {"kind": "change", "key": "DRAFT", "title": "some day", "state": "planned", "targets": ["r1"]}
    draft["change_kind"] = "normal"
    sent = {"content-type": "application/x-ndjson"}
    await client.http.post("/records?source=test", content=json.dumps(draft), headers=sent)
    keys, after = [], None
    while True:
        page = await client.run("changes", filter={"items": ["r1"]}, first=1, after=after)
        keys += [edge["node"]["key"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert (keys, page["totalCount"]) == (["FUTURE", "PATCH", "DRAFT"], 3)


async def test_changes_and_tickets_are_listed(client: ApiClient) -> None:
    opened = await client.run("open_ticket", input={"event": "test:r1:down"})
    changes = await client.run("changes", filter={"items": ["r1"]})
    tickets = await client.run("tickets", filter={"states": ["NEW", "ASSIGNED"]})
    assert {edge["node"]["key"] for edge in changes["edges"]} == {"PATCH", "FUTURE"}
    assert [edge["node"]["key"] for edge in tickets["edges"]] == [opened["ticket"]["key"]]


async def test_each_thing_is_found_by_key_and_by_its_global_id(client: ApiClient) -> None:
    opened = await client.run("open_ticket", input={"event": "test:r1:down"})
    shown = await client.ask(
        """query($ticket: String!) {
          item(ref: "vpn") { id parties { party { id } } }
          service(ref: "VPN") { id }
          event(key: "test:r1:down") { id }
          change(key: "PATCH") { id }
          ticket(key: $ticket) { id }
        }""",
        {"ticket": opened["ticket"]["key"]},
    )
    assert shown["item"]["id"] == shown["service"]["id"]
    party = shown["item"]["parties"][0]["party"]["id"]
    ids = [shown[name]["id"] for name in ("item", "event", "change", "ticket")] + [party]
    answer = await client.ask("query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }", {"ids": ids})
    assert [node["id"] for node in answer["nodes"]] == ids
    assert [node["__typename"] for node in answer["nodes"]] == [
        "ConfigurationItem",
        "Event",
        "Change",
        "Ticket",
        "Party",
    ]


async def test_ids_of_nothing_are_null_and_forged_ids_are_refused(client: ApiClient) -> None:
    answer = await client.ask('{ node(id: "aXRlbTpub3RoaW5n") { id } }')
    assert answer == {"node": None}
    assert await client.codes('{ node(id: "forged") { id } }') == ["BAD_ID"]
    assert await client.codes(
        "query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ["aXRlbTpub3RoaW5n"] * 101}
    ) == ["BAD_ARGUMENT"]


async def test_hidden_things_are_told_apart_from_absent_ones_by_nobody(client: ApiClient) -> None:
    finance = (await client.ask('{ item(ref: "finance") { id } }'))["item"]["id"]
    answer = await client.ask(f'{{ node(id: "{finance}") {{ id }} }}', cmdb_act_as="subscriber:ann")
    assert answer == {"node": None}
    hidden = await client.post('{ item(ref: "finance") { id } }', cmdb_act_as="subscriber:ann")
    absent = await client.post('{ item(ref: "finanxe") { id } }', cmdb_act_as="subscriber:ann")
    assert hidden.text.replace("finance", "?") == absent.text.replace("finanxe", "?")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ('{ service(ref: "r1") { id } }', "NOT_FOUND"),
        ('{ event(key: "nothing") { id } }', "NOT_FOUND"),
        ('{ items(after: "forged") { totalCount } }', "BAD_CURSOR"),
        ("{ events(first: 101) { totalCount } }", "BAD_ARGUMENT"),
        ("{ tickets(first: -1) { totalCount } }", "BAD_ARGUMENT"),
        ('{ topology(item: "vpn", depth: 99) { truncated } }', "BAD_ARGUMENT"),
        ('{ upstreamChanges(item: "vpn", hours: 0) { upstream } }', "BAD_ARGUMENT"),
        ('{ impact(origin: {item: "vpn"}, skip: -1) { reached } }', "BAD_ARGUMENT"),
        ("{ situations(atLeastRevision: 99) { basis { revision } } }", "BEHIND"),
        ('{ search(words: "x", atLeastRevision: 99) { words } }', "BEHIND"),
    ],
)
async def test_bad_arguments_have_a_code_and_a_hint(client: ApiClient, query: str, code: str) -> None:
    response = await client.post(query)
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == code
    assert error["extensions"]["hint"]


async def test_a_cursor_serves_its_own_list_only(client: ApiClient) -> None:
    cursor = (await client.run("items", first=1))["pageInfo"]["endCursor"]
    assert await client.codes(f'{{ services(after: "{cursor}") {{ totalCount }} }}') == ["BAD_CURSOR"]


async def test_an_item_is_shown_with_attributes_groups_and_parties(client: ApiClient) -> None:
    shown = await client.run("get", ref="mail")
    assert shown["groups"] == [
        {"name": "wan", "needUp": 1, "needPercent": None, "trip": None, "onTrip": "KTH"}
    ]
    assert [(row["role"], row["party"]["name"]) for row in shown["parties"]] == [
        ("SUBSCRIBES", "Ann Example")
    ]
    assert (await client.run("get", ref="finance"))["attributes"] == [
        {"name": "criticality", "value": "critical"},
        {"name": "aliases", "value": ["ledger"]},
    ]
