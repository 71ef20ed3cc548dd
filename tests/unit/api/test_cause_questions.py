from tests.support.api_client import ApiClient


async def test_the_risky_change_upstream_is_suspected_first_with_every_term(client: ApiClient) -> None:
    report = await client.run("upstream_changes", item="vpn")
    first = report["suspects"][0]
    assert first["change"]["key"] == "PATCH"
    assert [(step["consumer"]["key"], step["provider"]["key"]) for step in first["path"]] == [
        ("vpn", "vpnc"),
        ("vpnc", "r1"),
    ]
    assert first["terms"]
    assert all(term["reason"] for term in first["terms"])


async def test_the_look_back_is_bounded_by_its_argument(client: ApiClient) -> None:
    report = await client.run("upstream_changes", item="vpn", hours=24)
    assert "PATCH" not in [suspect["change"]["key"] for suspect in report["suspects"]]


async def test_the_router_is_the_probable_cause(client: ApiClient) -> None:
    report = await client.run("probable_causes", item="vpn", first=1)
    (cause,) = report["causes"]
    assert cause["item"]["key"] == "r1"
    assert [event["key"] for event in cause["events"]] == ["test:r1:down"]
    assert report["health"]["effective"] == "CRITICAL"


async def test_intake_finds_the_service_behind_the_words(client: ApiClient) -> None:
    report = await client.run("symptom_intake", words="I cannot open the ledger", caller="bob")
    assert report["words"] == "I cannot open the ledger"
    assert report["caller"]["name"] == "Bob Example"
    assert report["candidates"][0]["service"]["key"] == "finance"


async def test_situations_group_events_and_are_cut_at_first(client: ApiClient) -> None:
    report = await client.run("situations")
    (situation,) = report["situations"]
    assert situation["cause"]["key"] == "r1"
    assert {member["item"]["key"] for member in situation["members"]} == {"r1", "vpn"}
    row = {"item": "printsrv", "condition": "disk", "severity": "MINOR", "at": "2026-03-02T12:00:00Z"}
    await client.run("record_events", input={"source": "test", "rows": [row]})
    assert len((await client.run("situations"))["situations"]) == 2
    assert len((await client.run("situations", first=1))["situations"]) == 1
