"""Deciding which records of sources are one item, through GraphQL."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.support.api_client import ApiClient
from tests.support.feeds import run, seen
from tests.support.small_estate import Bench

REVIEW = "ansible|t"


@pytest_asyncio.fixture
async def client() -> AsyncIterator[ApiClient]:
    """Serve an estate with one CI of two sources, and a record that may be either of two CIs."""
    bench = Bench()
    await run(
        bench,
        "netbox",
        seen("a", fqdn="a.example.com"),
        seen("t1", fqdn="t.example.com"),
        seen("t2", fqdn="t.example.com"),
    )
    await run(bench, "ansible", seen("host-a", fqdn="a.example.com"), seen("t", fqdn="t.example.com"))
    async with ApiClient(bench.application) as opened:
        yield opened


async def sources_of(client: ApiClient, ref: str) -> list[tuple[str, str]]:
    item = await client.run("why", ref=ref)
    return sorted((row["source"], row["key"]) for row in item["sightings"])


async def head(client: ApiClient) -> Any:
    return (await client.run("head"))["revision"]


async def test_a_review_that_is_accepted_binds_and_is_settled(client: ApiClient) -> None:
    before = await head(client)
    payload = await client.run("accept_review", input={"key": REVIEW, "candidate": "t2"})
    assert payload["userErrors"] == []
    assert (payload["review"]["state"], payload["review"]["item"]) == ("ACCEPTED", None)
    assert payload["revision"] == await head(client) > before
    assert await sources_of(client, "t2") == [("ansible", "t"), ("netbox", "t2")]
    assert await client.run("reviews") == []


async def test_a_review_that_is_rejected_leaves_the_candidates_apart(client: ApiClient) -> None:
    payload = await client.run("reject_review", input={"key": REVIEW})
    assert (payload["userErrors"], payload["review"]["state"]) == ([], "REJECTED")
    for key in ("t1", "t2"):
        assert await sources_of(client, key) == [("netbox", key)]
    assert await sources_of(client, payload["review"]["item"]["key"]) == [("ansible", "t")]


async def test_a_binding_that_is_undone_makes_an_item_of_its_own(client: ApiClient) -> None:
    given = {"item": "a", "source": "ansible", "native": "host-a"}
    payload = await client.run("split_sighting", input=given)
    assert payload["userErrors"] == []
    assert payload["review"]["item"]["key"] == "host-a"
    assert await sources_of(client, "a") == [("netbox", "a")]
    assert await sources_of(client, "host-a") == [("ansible", "host-a")]
    again = await client.run("split_sighting", input=given)
    assert again["review"] is None
    assert len(again["userErrors"]) == 1


@pytest.mark.parametrize(
    ("operation", "given", "code"),
    [
        ("accept_review", {"key": "x|y", "candidate": "t1"}, "NOT_FOUND"),
        ("reject_review", {"key": "x|y"}, "NOT_FOUND"),
        ("split_sighting", {"item": "nobody", "source": "ansible", "native": "t"}, "NOT_FOUND"),
        ("split_sighting", {"item": "a", "source": "ansible", "native": "t"}, "NOT_FOUND"),
    ],
)
async def test_what_is_not_there_is_told_as_data_and_changes_nothing(
    client: ApiClient, operation: str, given: dict[str, str], code: str
) -> None:
    before = await head(client)
    payload = await client.run(operation, input=given)
    assert [error["code"] for error in payload["userErrors"]] == [code]
    assert (payload["review"], payload["revision"], await head(client)) == (None, before, before)


async def test_a_candidate_must_be_one_of_the_review(client: ApiClient) -> None:
    payload = await client.run("accept_review", input={"key": REVIEW, "candidate": "a"})
    assert payload["review"] is None
    (error,) = payload["userErrors"]
    assert error["hint"]
    assert [row["key"] for row in await client.run("reviews")] == [REVIEW]


async def test_only_roles_that_may_assert_decide(client: ApiClient) -> None:
    asked = 'mutation { rejectReview(input: {key: "ansible|t"}) { review { key } userErrors { code } } }'
    told = await client.ask(asked, Cmdb_Act_As="subscriber:ann")
    assert told["rejectReview"] == {"review": None, "userErrors": [{"code": "FORBIDDEN"}]}
