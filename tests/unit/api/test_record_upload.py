import json

import httpx
import pytest

from cmdb.api.record_upload import BODY_LIMIT
from tests.support.api_client import ApiClient

SWITCH = {"kind": "item", "key": "sw1", "class": "switch", "name": "Switch 1"}
LINK = {"kind": "dependency", "consumer": "sw1", "verb": "DEPENDS_ON", "provider": "r1"}


async def upload(
    client: ApiClient, *rows: object, query: str = "source=test", **headers: str
) -> httpx.Response:
    sent = {"content-type": "application/x-ndjson"}
    sent |= {name.replace("_", "-"): text for name, text in headers.items()}
    lines = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)
    return await client.http.post(f"/records?{query}", content=lines, headers=sent)


async def test_a_stream_is_loaded_and_counted(client: ApiClient) -> None:
    response = await upload(client, SWITCH, LINK)
    report = response.json()
    assert response.status_code == 200
    assert report["counts"] == {"item": {"created": 1}, "dependency": {"created": 1}}
    assert (report["problems"], report["dryRun"]) == ([], False)
    assert (await client.run("get", ref="sw1"))["source"] == "test"


async def test_a_dry_run_writes_nothing(client: ApiClient) -> None:
    report = (await upload(client, SWITCH, query="source=test&dryRun=true")).json()
    assert report["dryRun"] is True
    assert await client.codes('{ item(ref: "sw1") { key } }') == ["NOT_FOUND"]


async def test_problems_name_their_place_and_nothing_is_written(client: ApiClient) -> None:
    response = await upload(client, SWITCH, LINK | {"provider": "nothing"})
    (problem,) = response.json()["problems"]
    assert (problem["code"], problem["place"].startswith("test:2")) == ("DANGLING_END", True)
    assert await client.codes('{ item(ref: "sw1") { key } }') == ["NOT_FOUND"]


async def test_a_line_that_is_no_record_is_refused_with_its_place(client: ApiClient) -> None:
    response = await upload(client, SWITCH, "{ not json")
    assert response.status_code == 400
    assert set(response.json()) == {"code", "message", "hint", "place"}
    assert response.json()["place"].startswith("test:2")


@pytest.mark.parametrize("query", ["", "source=", "source=test&dryRun=maybe"])
async def test_bad_parameters_are_refused(client: ApiClient, query: str) -> None:
    response = await upload(client, SWITCH, query=query)
    assert (response.status_code, response.json()["code"]) == (400, "BAD_ARGUMENT")


async def test_only_the_record_stream_is_taken_so_that_no_foreign_page_can_post(client: ApiClient) -> None:
    for name in ("text/plain", "application/x-www-form-urlencoded", "application/json"):
        assert (await upload(client, SWITCH, content_type=name)).status_code == 415


async def test_a_role_that_may_not_write_is_refused(client: ApiClient) -> None:
    response = await upload(client, SWITCH, cmdb_act_as="subscriber:ann")
    assert (response.status_code, response.json()["code"]) == (403, "FORBIDDEN")


async def test_a_stream_above_the_limit_is_refused_unread(client: ApiClient) -> None:
    response = await upload(client, SWITCH, content_length=str(BODY_LIMIT + 1))
    assert (response.status_code, response.json()["code"]) == (413, "TOO_LARGE")
