"""GraphQL over HTTP, as its specification words it, and what hostile clients send."""

import json
from typing import Any

import httpx
import pytest

from cmdb.api.graphql_endpoint import BODY_LIMIT, RESPONSE_TYPE
from cmdb.api.operations import read_operation
from cmdb.errors import ErrorCode, StoreError
from tests.fakes.graph import FakeGraph
from tests.support.api_client import ApiClient, application_over

HEAD = "{ head { revision } }"


async def send(client: ApiClient, body: bytes | str, **headers: str) -> httpx.Response:
    told = {"content-type": "application/json", "accept": RESPONSE_TYPE}
    told |= {name.replace("_", "-"): text for name, text in headers.items()}
    return await client.http.post("/graphql", content=body, headers=told)


def code_of(response: httpx.Response) -> Any:
    (error,) = response.json()["errors"]
    return error["extensions"]["code"]


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (RESPONSE_TYPE, RESPONSE_TYPE),
        (f"{RESPONSE_TYPE}; charset=utf-8, application/json;q=0.9", RESPONSE_TYPE),
        (f"{RESPONSE_TYPE};q=0, application/json", "application/json"),
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        ("text/html", "application/json"),
        ("", "application/json"),
    ],
)
async def test_the_media_type_is_the_one_asked_for(client: ApiClient, accept: str, media: str) -> None:
    response = await send(client, json.dumps({"query": HEAD}), accept=accept)
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{media}; charset=utf-8"
    assert response.json() == {"data": {"head": {"revision": 1}}}


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("{", None),
        ("{ nothing }", None),
        ("query($ref: String!) { item(ref: $ref) { key } }", {}),
        ("query($ref: String!) { item(ref: $ref) { key } }", {"ref": 7}),
        ("query A { head { revision } } query B { head { revision } }", None),
    ],
)
async def test_a_document_that_is_not_executed_has_no_data(
    client: ApiClient, query: str, variables: object
) -> None:
    response = await client.post(query, variables)
    assert response.status_code == 400
    assert set(response.json()) == {"errors"}
    older = await client.post(query, variables, accept="application/json")
    assert older.status_code == 200
    assert older.json() == response.json()


async def test_a_question_that_fails_leaves_the_others_answered(client: ApiClient) -> None:
    response = await client.post('{ head { revision } item(ref: "nothing") { key } }')
    assert response.status_code == 200
    assert response.json()["data"] == {"head": {"revision": 1}, "item": None}
    (error,) = response.json()["errors"]
    assert error["path"] == ["item"]
    assert error["extensions"]["code"] == "NOT_FOUND"
    assert error["extensions"]["hint"]


@pytest.mark.parametrize("body", ["", "{ not json", "[" * 100_000, '{"query": NaN}', b'{"query": "\xff"}'])
async def test_a_body_that_is_not_json_is_refused(client: ApiClient, body: str | bytes) -> None:
    for accept in (RESPONSE_TYPE, "application/json"):
        response = await send(client, body, accept=accept)
        assert response.status_code == 400
        assert code_of(response) == ErrorCode.SYNTAX


@pytest.mark.parametrize(
    "body",
    [
        7,
        None,
        [{"query": HEAD}],
        {},
        {"query": None},
        {"query": ""},
        {"query": "", "documentId": "head"},
        {"documentId": ""},
        {"documentId": 7},
        {"query": [HEAD]},
        {"query": HEAD, "operationName": 7},
        {"query": HEAD, "variables": "none"},
        {"query": HEAD, "variables": []},
        {"query": HEAD, "extensions": 0},
    ],
)
async def test_parameters_of_the_wrong_type_are_refused(client: ApiClient, body: object) -> None:
    response = await send(client, json.dumps(body))
    assert response.status_code == 400
    assert code_of(response) == ErrorCode.WRONG_TYPE


async def test_optional_parameters_may_be_null_and_others_are_passed_over(client: ApiClient) -> None:
    body: dict[str, object] = {
        "query": HEAD,
        "operationName": None,
        "variables": None,
        "extensions": {},
        "documentId": "x",
    }
    assert (await send(client, json.dumps(body))).json() == {"data": {"head": {"revision": 1}}}


async def test_a_trusted_document_is_asked_by_its_id(client: ApiClient) -> None:
    body: dict[str, object] = {"documentId": "get", "variables": {"ref": "VPN"}}
    asked = await send(client, json.dumps(body))
    assert asked.json() == (await client.post(read_operation("get"), {"ref": "VPN"})).json()
    assert asked.json()["data"]
    unknown = await send(client, json.dumps({"query": None, "documentId": "../get"}))
    assert unknown.status_code == 400
    assert code_of(unknown) == ErrorCode.NOT_FOUND


async def test_batches_are_off_and_the_refusal_says_so(client: ApiClient) -> None:
    response = await send(client, json.dumps([{"query": HEAD}] * 1_000))
    assert "batches are off" in response.json()["errors"][0]["extensions"]["hint"]


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/json; charset=utf-16",
        "text/json",
        "application/octet-stream",
        "",
    ],
)
async def test_only_json_is_taken_so_that_no_foreign_page_can_post(
    client: ApiClient, content_type: str
) -> None:
    response = await send(client, json.dumps({"query": HEAD}), content_type=content_type)
    assert response.status_code == 415
    assert code_of(response) == ErrorCode.WRONG_TYPE


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
async def test_only_post_is_served(client: ApiClient, method: str) -> None:
    response = await client.http.request(method, "/graphql", params={"query": HEAD})
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert response.headers["content-type"] == "application/json"


async def test_a_huge_body_is_refused(client: ApiClient) -> None:
    response = await send(client, b"x" * (BODY_LIMIT + 1))
    assert response.status_code == 413
    assert code_of(response) == ErrorCode.TOO_LARGE


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ head " * 5_000, ErrorCode.SYNTAX),
        ("{ " + " ".join(f"a{n}: head {{ revision }}" for n in range(200)) + " }", ErrorCode.TOO_COSTLY),
        ("{ head { revision " + "@skip(if: false) " * 200 + "} }", ErrorCode.TOO_COSTLY),
        ("{ head { " + "revision " * 3_000 + "} }", ErrorCode.TOO_COSTLY),
        ("{ head { ...A } } fragment A on Head { ...A }", ErrorCode.HOSTILE_DOCUMENT),
        (
            "{ head { ...f0 } } "
            + " ".join(f"fragment f{n} on Head {{ ...f{n + 1} ...f{n + 1} }}" for n in range(90))
            + " fragment f90 on Head { revision }",
            ErrorCode.TOO_COSTLY,
        ),
        ("subscription { head { revision } }", ErrorCode.UNKNOWN_FIELD),
        (
            "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
            ErrorCode.SYNTAX,
        ),
    ],
)
async def test_hostile_documents_are_refused_with_a_code(
    client: ApiClient, query: str, code: ErrorCode
) -> None:
    response = await client.post(query)
    assert response.status_code == 400
    assert {error["extensions"]["code"] for error in response.json()["errors"]} <= {
        code,
        ErrorCode.SYNTAX,
        ErrorCode.TOO_COSTLY,
    }


@pytest.mark.parametrize(
    "origin", [{}, {"item": "vpn", "event": "x"}, {"item": None}, {"colour": "red"}, "vpn"]
)
async def test_an_origin_is_exactly_one_thing(client: ApiClient, origin: object) -> None:
    query = "query($origin: ImpactOrigin!) { impact(origin: $origin) { reached } }"
    assert await client.codes(query, {"origin": origin}) == ["WRONG_TYPE"]


@pytest.mark.parametrize("literal", ["{}", '{item: "vpn", event: "x"}', "{item: null}"])
async def test_an_origin_written_into_the_document_is_exactly_one_thing(
    client: ApiClient, literal: str
) -> None:
    assert await client.codes(f"{{ impact(origin: {literal}) {{ reached }} }}") == ["WRONG_TYPE"]


async def test_ten_thousand_bad_values_are_told_in_a_few_errors(client: ApiClient) -> None:
    codes = await client.codes(
        "query($items: [String!]!) { whatIf(items: $items) { worse } }", {"items": [7] * 10_000}
    )
    assert 0 < len(codes) <= 11


async def test_the_acting_role_is_believed_and_an_unknown_one_refused(client: ApiClient) -> None:
    query = "{ items { totalCount } }"
    assert (await client.ask(query, cmdb_act_as="subscriber:ann"))["items"]["totalCount"] == 2
    assert (await client.ask(query, cmdb_act_as="desk"))["items"]["totalCount"] == 9
    response = await client.post(query, cmdb_act_as="root")
    assert response.status_code == 400
    assert code_of(response) == ErrorCode.WRONG_TYPE


async def test_introspection_is_answered(client: ApiClient) -> None:
    answer = await client.ask('{ __schema { queryType { name } } __type(name: "Event") { description } }')
    assert answer["__schema"]["queryType"]["name"] == "Query"


class BrokenGraph(FakeGraph):
    """A store that fails as it is told."""

    fault: Exception = RuntimeError("secret of the store")

    async def head(self) -> int:
        """Fail."""
        raise self.fault


async def test_faults_are_masked_and_carry_a_request_id() -> None:
    async with ApiClient(application_over(BrokenGraph())) as client:
        response = await client.post(HEAD)
    assert "secret" not in response.text
    assert "Traceback" not in response.text
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert error["extensions"]["requestId"] in error["extensions"]["hint"]


async def test_a_store_that_does_not_answer_is_named() -> None:
    graph = BrokenGraph()
    graph.fault = StoreError(ErrorCode.STORE_GONE, "The connection was lost.", hint="Ask again.")
    async with ApiClient(application_over(graph)) as client:
        assert await client.codes(HEAD) == ["STORE_GONE"]
