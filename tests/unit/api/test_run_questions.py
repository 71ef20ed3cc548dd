"""Questions about loaders: what ran, how fresh each source is, what waits for a decision."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from tests.support.api_client import ApiClient
from tests.support.feeds import run, seen
from tests.support.moments import NOON
from tests.support.small_estate import Bench


@pytest_asyncio.fixture
async def bench() -> Bench:
    made = Bench()
    await run(made, "netbox", seen("t1", fqdn="t.example.com"), seen("t2", fqdn="t.example.com"), scope="eu")
    made.clock.advance(10)
    await run(made, "ansible", seen("t", fqdn="t.example.com"), complete=False)
    made.clock.advance(1.999)
    return made


@pytest_asyncio.fixture
async def client(bench: Bench) -> AsyncIterator[ApiClient]:
    async with ApiClient(bench.application) as opened:
        yield opened


async def test_runs_are_told_newest_first_with_what_became_of_their_records(client: ApiClient) -> None:
    newest, oldest = await client.run("runs")
    assert (newest["source"], newest["complete"], newest["state"]) == ("ansible", False, "DONE")
    assert (oldest["source"], oldest["scope"], oldest["complete"]) == ("netbox", "eu", True)
    assert oldest["counts"] == [{"kind": "items", "outcome": "created", "count": 2}]
    assert {"kind": "reviews", "outcome": "opened", "count": 1} in newest["counts"]
    assert newest["startedAt"] == (NOON + timedelta(minutes=10)).isoformat()
    assert newest["endedAt"] >= newest["startedAt"]
    assert newest["revision"] > oldest["revision"]


async def test_runs_are_chosen_by_source_and_counted(client: ApiClient) -> None:
    assert [row["source"] for row in await client.run("runs", source="netbox")] == ["netbox"]
    assert await client.run("runs", source="nobody") == []
    assert len(await client.run("runs", first=1)) == 1


@pytest.mark.parametrize("first", [0, -1, 1_000_000])
async def test_a_senseless_count_is_refused(client: ApiClient, first: int) -> None:
    assert await client.codes(f"{{ runs(first: {first}) {{ key }} }}") == ["BAD_ARGUMENT"]


async def test_how_fresh_a_source_is_is_told_in_whole_seconds(client: ApiClient) -> None:
    rows = {row["source"]: row for row in await client.run("sources")}
    assert rows["netbox"]["ageSeconds"] == 719
    assert (rows["netbox"]["scope"], rows["netbox"]["items"], rows["netbox"]["staleItems"]) == ("eu", 2, 0)
    assert rows["netbox"]["lastGoodRunAt"] == NOON.isoformat()
    assert rows["netbox"]["running"] is False


async def test_a_review_names_its_candidates_and_why_nobody_can_tell(client: ApiClient) -> None:
    (review,) = await client.run("reviews")
    assert (review["key"], review["source"], review["native"]) == ("ansible|t", "ansible", "t")
    assert [row["key"] for row in review["candidates"]] == ["t1", "t2"]
    assert (review["item"]["key"], review["state"], review["decidedBy"]) == ("t", "OPEN", "")
    assert review["reason"]


@pytest.mark.parametrize("field", ["runs", "sources", "reviews"])
async def test_subscribers_are_told_nothing_of_loaders(client: ApiClient, field: str) -> None:
    name = "state" if field == "reviews" else "source"
    told = await client.codes(f"{{ {field} {{ {name} }} }}", Cmdb_Act_As="subscriber:ann")
    assert told == ["FORBIDDEN"]
