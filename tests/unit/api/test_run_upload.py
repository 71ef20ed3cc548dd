"""`POST /runs`: parameters, faulty lines, halted runs, and the operations about runs and reviews."""

import json

import httpx
import pytest

from tests.support.api_client import ApiClient

HOSTS = [
    {
        "kind": "item",
        "key": f"h{n}",
        "class": "server",
        "name": f"h{n}",
        "attributes": {"fqdn": f"h{n}.example.com"},
    }
    for n in range(4)
]
LINK = {"kind": "dependency", "consumer": "h0", "verb": "DEPENDS_ON", "provider": "h1"}


async def run(client: ApiClient, *rows: object, query: str = "", **headers: str) -> httpx.Response:
    sent = {"content-type": "application/x-ndjson"}
    sent |= {name.replace("_", "-"): text for name, text in headers.items()}
    lines = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)
    return await client.http.post(
        f"/runs?source=netbox&coverage=snapshot{query}", content=lines, headers=sent
    )


async def test_a_run_is_made_counted_and_listed(client: ApiClient) -> None:
    report = (
        await run(client, *HOSTS, LINK, query="&scope=eu&document=a.json&document=b.json&age=60")
    ).json()
    assert report["counts"] == {"dependencies": {"created": 1}, "items": {"created": 4}}
    assert (report["complete"], report["problems"], report["planHash"]) == (True, [], None)
    (listed,) = await client.run("runs", source="netbox")
    assert (listed["state"], listed["documents"], listed["scope"]) == ("DONE", ["a.json", "b.json"], "eu")
    assert {"kind": "items", "outcome": "created", "count": 4} in listed["counts"]
    (source,) = await client.run("sources")
    assert (source["items"], source["staleItems"], source["ageSeconds"], source["running"]) == (
        4,
        0,
        60,
        False,
    )


async def test_a_dry_run_tells_its_steps_and_writes_nothing(client: ApiClient) -> None:
    report = (await run(client, *HOSTS, query="&dryRun=true")).json()
    assert report["steps"][0] == "items.created: h0 (server) described as 'h0'"
    assert (report["dryRun"], report["run"], len(report["planHash"])) == (True, None, 16)
    assert await client.run("runs") == []


async def test_a_halted_run_is_a_conflict_and_passes_with_the_hash_of_its_plan(client: ApiClient) -> None:
    await run(client, *HOSTS)
    halted = await run(client, *HOSTS[:2])
    assert (halted.status_code, halted.json()["code"]) == (409, "PLAN_REFUSED")
    told = halted.json()["hint"].rpartition(" ")[2].rstrip(".")
    assert (await run(client, *HOSTS[:2], query="&approve=ffff")).json()["code"] == "PLAN_CHANGED"
    report = (await run(client, *HOSTS[:2], query=f"&approve={told}")).json()
    assert report["counts"]["items"] == {"missed": 2, "unchanged": 2}
    latest = (await client.run("runs", first=1))[0]
    assert (latest["planHash"], latest["approvedBy"]) == (told, "admin")


async def test_a_faulty_line_refuses_the_run_or_is_passed_over(client: ApiClient) -> None:
    refused = await run(client, *HOSTS, "{ not json")
    assert (refused.status_code, refused.json()["place"].startswith("netbox:5")) == (400, True)
    report = (
        await run(client, *HOSTS, "{ not json", LINK | {"provider": "gone"}, query="&skipFaulty=true")
    ).json()
    assert [(row["code"], row["place"].partition(",")[0]) for row in report["problems"]] == [
        ("SYNTAX", "netbox:5"),
        ("DANGLING_END", "netbox:6"),
    ]
    assert (report["counts"], report["complete"]) == ({"items": {"created": 4}}, False)


@pytest.mark.parametrize(
    "query", ["&coverage=all", "&age=soon", "&dryRun=maybe", "&skipFaulty=2", "&source="]
)
async def test_bad_parameters_are_refused(client: ApiClient, query: str) -> None:
    name = query.strip("&").partition("=")[0]
    url = f"/runs?{'' if name == 'source' else 'source=netbox'}{query}"
    response = await client.http.post(url, content="", headers={"content-type": "application/x-ndjson"})
    assert (response.status_code, response.json()["code"]) == (400, "BAD_ARGUMENT")
    assert name in response.json()["place"]


async def test_roles_that_may_not_load_or_approve_are_refused(client: ApiClient) -> None:
    assert (await run(client, *HOSTS, cmdb_act_as="desk")).status_code == 403
    assert (await run(client, *HOSTS, query="&approve=x", cmdb_act_as="loader")).status_code == 403
    assert await client.codes("{ reviews { key } }", cmdb_act_as="subscriber:ann") == ["FORBIDDEN"]
    assert await client.codes("{ runs { key } }", cmdb_act_as="subscriber:ann") == ["FORBIDDEN"]


async def test_a_doubt_is_listed_decided_and_undone_through_operations(client: ApiClient) -> None:
    twins = [{**row, "attributes": {"fqdn": "twin.example.com"}} for row in HOSTS[:2]]
    await run(client, *twins)
    one = {**HOSTS[2], "attributes": {"fqdn": "twin.example.com"}}
    await client.http.post(
        "/runs?source=ansible", content=json.dumps(one), headers={"content-type": "application/x-ndjson"}
    )
    (review,) = await client.run("reviews")
    assert (review["item"]["key"], [row["key"] for row in review["candidates"]]) == ("h2", ["h0", "h1"])
    wrong = await client.run("accept_review", input={"key": review["key"], "candidate": "h2"})
    assert [error["code"] for error in wrong["userErrors"]] == ["BAD_ARGUMENT"]
    done = await client.run("accept_review", input={"key": review["key"], "candidate": "h1"})
    assert (done["review"]["state"], done["userErrors"]) == ("ACCEPTED", [])
    why = await client.run("why", ref="h1")
    assert [(row["source"], row["key"], row["rule"]) for row in why["sightings"]] == [
        ("ansible", "h2", "decided by admin"),
        ("netbox", "h1", "native key"),
    ]
    assert [(row["source"], row["wins"]) for row in why["assertions"]] == [
        ("netbox", True),
        ("ansible", False),
    ]
    assert await client.run("reviews") == []
    again = await client.run("reject_review", input={"key": review["key"]})
    assert [error["code"] for error in again["userErrors"]] == ["CONFLICT"]
    split = await client.run("split_sighting", input={"item": "h1", "source": "ansible", "native": "h2"})
    assert (split["review"]["state"], split["review"]["item"]["key"]) == ("REJECTED", "h2")
    for item, native, code in (
        ("h1", "h2", "NOT_FOUND"),
        ("h2", "h2", "CONFLICT"),
        ("no", "h2", "NOT_FOUND"),
    ):
        failed = await client.run(
            "split_sighting", input={"item": item, "source": "ansible", "native": native}
        )
        assert [error["code"] for error in failed["userErrors"]] == [code]
