from typing import Any

import pytest

from tests.support.api_client import ApiClient

NODE = {"key": "sw1", "class": "switch", "name": "Switch 1"}


def statuses(payload: Any) -> list[tuple[str, str, str | None]]:
    return [(row["key"], row["status"], row["code"]) for row in payload["rows"]]


async def record(client: ApiClient, what: str, *rows: object, **more: object) -> Any:
    return await client.run(f"record_{what}", input={"source": "test", "rows": list(rows), **more})


async def test_rows_are_created_then_unchanged_then_updated(client: ApiClient) -> None:
    first = await record(client, "items", NODE)
    again = await record(client, "items", NODE)
    renamed = await record(client, "items", NODE | {"name": "Switch one"})
    assert statuses(first) == [("sw1", "CREATED", None)]
    assert statuses(again) == [("sw1", "UNCHANGED", None)]
    assert statuses(renamed) == [("sw1", "UPDATED", None)]
    assert again["revision"] == first["revision"] < renamed["revision"]
    assert (await client.run("get", ref="sw1"))["name"] == "Switch one"


async def test_each_kind_is_recorded(client: ApiClient) -> None:
    noon, later = "2026-03-02T12:00:00Z", "2026-03-02T13:00:00Z"
    group = {"name": "links", "needPercent": 50, "onTrip": "WORST"}
    router = NODE | {"groups": [group], "attributes": [{"name": "location", "value": "Hall 1"}]}
    link = {
        "consumer": "sw1",
        "verb": "DEPENDS_ON",
        "provider": "r1",
        "group": "links",
        "strength": "SOFT",
        "map": {"kind": "TABLE", "table": ["OK", "OK", "MINOR", "MAJOR", "MAJOR"]},
    }
    event = {"item": "sw1", "condition": "hot", "severity": "MINOR", "at": noon, "summary": "42 degrees"}
    change = {
        "key": "C1",
        "title": "t",
        "kind": "NORMAL",
        "state": "PLANNED",
        "targets": ["sw1"],
        "risk": "LOW",
    }
    window = {"key": "W1", "kind": "MAINTENANCE", "title": "t", "items": ["sw1"], "start": noon, "end": later}
    for what, row in (
        ("items", router),
        ("dependencies", link),
        ("events", event),
        ("changes", change),
        ("parties", {"key": "cat", "kind": "PERSON", "name": "Cat Example", "memberOf": ["network"]}),
        ("assignments", {"party": "cat", "role": "OWNS", "item": "sw1"}),
        ("windows", window),
    ):
        payload = await record(client, what, row)
        assert payload["userErrors"] == []
        assert [outcome["status"] for outcome in payload["rows"]] == ["CREATED"], what
    shown = await client.run("get", ref="sw1")
    assert shown["health"]["planned"] == "MINOR"
    assert [row["party"]["key"] for row in shown["parties"]] == ["cat"]


async def test_one_refused_row_refuses_its_batch(client: ApiClient) -> None:
    payload = await record(client, "items", NODE, {"key": "x", "class": "toaster", "name": "x"})
    assert statuses(payload) == [("sw1", "REFUSED", "CONFLICT"), ("x", "REFUSED", "UNKNOWN_CLASS")]
    assert await client.codes('{ item(ref: "sw1") { key } }') == ["NOT_FOUND"]


async def test_a_refused_row_can_be_skipped(client: ApiClient) -> None:
    rows = ({"key": "x", "class": "toaster", "name": "x"}, NODE)
    payload = await record(client, "items", *rows, onError="SKIP_ROW")
    assert statuses(payload) == [("x", "REFUSED", "UNKNOWN_CLASS"), ("sw1", "CREATED", None)]


@pytest.mark.parametrize(
    ("what", "row", "code", "field"),
    [
        (
            "items",
            NODE | {"groups": [{"name": "g", "needUp": 1, "needPercent": 50}]},
            "BAD_ARGUMENT",
            "need_up",
        ),
        ("items", NODE | {"groups": [{"name": "g", "trip": [1]}]}, "BAD_ARGUMENT", "trip"),
        (
            "dependencies",
            {"consumer": "vpn", "verb": "DEPENDS_ON", "provider": "r2", "weight": -1},
            "BAD_ARGUMENT",
            "weight",
        ),
        (
            "dependencies",
            {
                "consumer": "vpn",
                "verb": "DEPENDS_ON",
                "provider": "r2",
                "map": {"kind": "TABLE", "table": ["MAJOR"]},
            },
            "BAD_ARGUMENT",
            "table",
        ),
        (
            "windows",
            {
                "key": "W",
                "kind": "BLACKOUT",
                "title": "t",
                "items": ["r1"],
                "start": "2026-03-02T12:00:00Z",
                "end": "2026-03-02T12:00:00Z",
            },
            "BAD_INTERVAL",
            "end",
        ),
    ],
)
async def test_a_row_that_contradicts_itself_is_refused_by_field(
    client: ApiClient, what: str, row: dict[str, object], code: str, field: str
) -> None:
    payload = await record(client, what, row)
    (outcome,) = payload["rows"]
    assert (outcome["status"], outcome["code"], outcome["field"]) == ("REFUSED", code, field)
    assert outcome["message"]


async def test_sound_rows_beside_a_contradictory_one_follow_the_batch(client: ApiClient) -> None:
    bad = {"key": "bad", "class": "switch", "name": "b", "groups": [{"name": "g"}]}
    refused = await record(client, "items", bad, NODE)
    assert statuses(refused) == [("bad", "REFUSED", "BAD_ARGUMENT"), ("sw1", "REFUSED", "CONFLICT")]
    skipped = await record(client, "items", bad, NODE, onError="SKIP_ROW")
    assert statuses(skipped) == [("bad", "REFUSED", "BAD_ARGUMENT"), ("sw1", "CREATED", None)]


async def test_a_role_that_may_not_write_is_told_so_as_data(client: ApiClient) -> None:
    query = """mutation($input: RecordItemsInput!) {
      recordItems(input: $input) { rows { key } userErrors { code message hint } }
    }"""
    answer = await client.ask(query, {"input": {"source": "t", "rows": [NODE]}}, cmdb_act_as="subscriber:ann")
    assert answer["recordItems"]["rows"] == []
    assert [error["code"] for error in answer["recordItems"]["userErrors"]] == ["FORBIDDEN"]


async def test_values_of_the_wrong_type_are_refused_before_anything_is_written(client: ApiClient) -> None:
    query = "mutation($input: RecordItemsInput!) { recordItems(input: $input) { revision } }"
    for row in (
        {"key": "a"},
        NODE | {"colour": "red"},
        NODE | {"attributes": [{"name": "a", "value": {"deep": 1}}]},
        NODE | {"validFrom": "2026-03-02T12:00:00"},
        NODE | {"key": 7},
    ):
        assert set(await client.codes(query, {"input": {"source": "t", "rows": [row]}})) == {"WRONG_TYPE"}


async def test_an_answer_at_the_revision_of_a_write_knows_the_write(client: ApiClient) -> None:
    payload = await record(client, "items", NODE)
    answer = await client.run("search", words="sw1", atLeastRevision=payload["revision"])
    assert [hit["item"]["key"] for hit in answer["hits"]] == ["sw1"]
    assert answer["basis"]["revision"] >= payload["revision"]
