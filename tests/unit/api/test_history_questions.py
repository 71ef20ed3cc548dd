from tests.support.api_client import ApiClient


async def test_a_timeline_joins_events_and_changes_upstream(client: ApiClient) -> None:
    report = await client.run("timeline", item="vpn", until="2026-03-02T12:30:00Z")
    entries = report["entries"]
    assert [entry["at"] for entry in entries] == sorted((entry["at"] for entry in entries), reverse=True)
    assert {entry["event"]["key"] for entry in entries if entry["event"]} == {"test:r1:down", "test:vpn:down"}
    assert "PATCH" in {entry["change"]["key"] for entry in entries if entry["change"]}
    assert all(
        sum(entry[kind] is not None for kind in ("event", "change", "ticket")) == 1 for entry in entries
    )


async def test_a_timeline_is_bounded_in_time_and_number(client: ApiClient) -> None:
    late = await client.run(
        "timeline", item="vpn", since="2026-03-02T12:00:30Z", until="2026-03-02T12:30:00Z"
    )
    assert [entry["event"]["key"] for entry in late["entries"]] == ["test:vpn:down"]
    one = await client.run("timeline", item="vpn", first=1)
    assert (len(one["entries"]), one["hasMore"]) == (1, True)
