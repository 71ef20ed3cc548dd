from typing import Any

import pytest

from cmdb.api.operations import read_operation
from tests.support.api_client import ApiClient

QUERY = """query($origin: ImpactOrigin!, $asIf: Severity! = CRITICAL, $first: Int! = 20, $skip: Int! = 0) {
  impact(origin: $origin, asIf: $asIf, first: $first, skip: $skip) {
    impacted holding hasMore rows { item { key } severity impacted }
  }
}"""


async def impact(client: ApiClient, **variables: object) -> Any:
    return (await client.ask(QUERY, variables))["impact"]


@pytest.mark.parametrize(
    "origin", [{"event": "test:r1:down"}, {"item": "edge router 1"}, {"change": "PATCH"}]
)
async def test_each_form_of_origin_reaches_the_same_services(client: ApiClient, origin: object) -> None:
    report = await impact(client, origin=origin)
    assert {row["item"]["key"] for row in report["rows"] if row["impacted"]} == {"vpn", "finance"}
    assert (report["impacted"], report["holding"]) == (2, 1)


async def test_the_assumed_severity_is_taken(client: ApiClient) -> None:
    report = await impact(client, origin={"item": "printsrv"}, asIf="MINOR")
    assert [(row["item"]["key"], row["severity"]) for row in report["rows"]] == [("print", "MINOR")]


async def test_pages_are_taken_by_first_and_skip(client: ApiClient) -> None:
    whole = [row["item"]["key"] for row in (await impact(client, origin={"item": "r1"}))["rows"]]
    pages = [
        await impact(client, origin={"item": "r1"}, first=1, skip=number) for number in range(len(whole))
    ]
    assert [page["rows"][0]["item"]["key"] for page in pages] == whole
    assert [page["hasMore"] for page in pages] == [True] * (len(whole) - 1) + [False]


async def test_the_best_paths_are_told_on_request_with_what_redundancy_makes_of_them(
    client: ApiClient,
) -> None:
    report = await client.run("impact", origin={"item": "r1"}, withPaths=True, paths=2)
    told = {row["item"]["key"]: row["proof"]["paths"] for row in report["rows"]}
    (best,) = told["finance"]
    assert best["severity"] == "CRITICAL"
    assert [step["step"]["provider"]["key"] for step in best["steps"]] == ["vpn", "vpnc", "r1"]
    assert [step["severity"] for step in best["steps"]] == ["CRITICAL"] * 3
    assert [step["verdict"] for step in best["steps"]] == [None] * 3
    (held,) = told["mail"]
    assert held["severity"] == "OK"
    assert held["steps"][0]["verdict"] == {
        "group": "wan", "weight": 2, "weightUp": 1, "weightNeeded": 1, "tripped": False,
    }  # fmt: skip
    assert "paths" not in (await client.run("impact", origin={"item": "r1"}))["rows"][0]["proof"]


async def test_more_paths_than_allowed_are_refused(client: ApiClient) -> None:
    asked = {"origin": {"item": "r1"}, "withPaths": True, "paths": 11}
    assert await client.codes(read_operation("impact"), asked) == ["BAD_ARGUMENT"]


async def test_what_if_tells_what_worsens_and_what_loses_margin(client: ApiClient) -> None:
    report = await client.run("what_if", items=["r2"])
    rows = {row["item"]["key"]: (row["before"], row["after"]) for row in report["rows"]}
    assert rows["mail"] == ("OK", "CRITICAL")
    assert report["worse"] == 1
    assert [ref["key"] for ref in report["assumed"]] == ["r2"]
