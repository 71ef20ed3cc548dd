"""Every named operation runs against the real application over a store in memory."""

import pytest

from cmdb.api.operations import operation_names, read_operation
from cmdb.model.severity import Severity
from tests.support.api_client import ApiClient
from tests.support.moments import NOON, minutes
from tests.support.small_estate import Bench, furnished, raised

EVENT = "test:r1:down"
NODE: dict[str, object] = {"key": "sw1", "class": "switch", "name": "Switch 1"}
AT = "2026-03-02T12:00:00Z"
ROWS: dict[str, dict[str, object]] = {
    "record_items": NODE,
    "record_dependencies": {"consumer": "mail", "verb": "DEPENDS_ON", "provider": "mail1"},
    "record_events": {"item": "r2", "condition": "down", "severity": "MAJOR", "at": AT},
    "record_changes": {"key": "C1", "title": "t", "kind": "NORMAL", "state": "PLANNED", "targets": ["r1"]},
    "record_parties": {"key": "cat", "kind": "PERSON", "name": "Cat Example"},
    "record_assignments": {"party": "ann", "role": "OWNS", "item": "r1"},
    "record_windows": {
        "key": "W1",
        "kind": "MAINTENANCE",
        "title": "t",
        "items": ["r1"],
        "start": AT,
        "end": "2026-03-02T13:00:00Z",
    },
}
VARIABLES: dict[str, dict[str, object]] = {
    "impact": {"origin": {"event": EVENT}},
    "upstream_changes": {"item": "vpn", "words": "tunnel drops"},
    "probable_causes": {"item": "vpn"},
    "what_if": {"items": ["r2"]},
    "symptom_intake": {"words": "I cannot open the ledger", "caller": "bob"},
    "timeline": {"item": "vpn"},
    "history": {"key": "vpn"},
    "search": {"words": "vpn"},
    "get": {"ref": "VPN"},
    "topology": {"item": "vpn", "direction": "UPSTREAM"},
    "my_services": {"party": "ann"},
    "why": {"ref": "vpn"},
    "event": {"key": EVENT},
    "change": {"key": "PATCH"},
    "open_ticket": {"input": {"event": EVENT}},
    "acknowledge_event": {"input": {"event": EVENT}},
    "shelve_event": {"input": {"event": EVENT}},
    **{name: {"input": {"source": "test", "rows": [row]}} for name, row in ROWS.items()},
}
NEED_NOTHING = {"changes", "events", "head", "items", "metamodel", "services", "situations", "tickets"} | {
    "reviews",
    "runs",
    "sources",
}
NEED_A_DOUBT = {"accept_review", "reject_review", "split_sighting"}
NEED_THEIR_OWN_TEST = {
    *("dead_letter", "dead_letters", "discard_dead_letter", "replay_dead_letter", "inbox"),
    *("outbox", "discard_outgoing", "retry_outgoing", "merge_tickets", "detach_ticket"),
    *("watch_services", "watch_situations", "watch_tickets"),
}
"""They want a letter, an entry, two tickets or an open connection: `tests/unit/api` runs each."""
NEED_A_TICKET = {"attach_report", "ticket", "update_ticket"}


async def outage() -> Bench:
    return await furnished(raised("r1"), raised("vpn", Severity.MAJOR, NOON + minutes(1)))


def test_every_operation_is_run_here() -> None:
    here = set(VARIABLES) | NEED_NOTHING | NEED_A_TICKET | NEED_A_DOUBT
    assert set(operation_names()) == here | NEED_THEIR_OWN_TEST


@pytest.mark.parametrize("name", sorted(set(VARIABLES) | NEED_NOTHING))
async def test_each_operation_is_answered(name: str) -> None:
    async with ApiClient((await outage()).application) as client:
        answer = await client.post(*document(name))
    assert answer.status_code == 200, answer.text
    assert "errors" not in answer.json(), answer.text
    for payload in answer.json()["data"].values():
        assert payload is not None
        assert not (isinstance(payload, dict) and payload.get("userErrors"))


def document(name: str) -> tuple[str, dict[str, object]]:
    return read_operation(name), VARIABLES.get(name, {})


async def test_the_story_of_a_ticket_runs_through_operations() -> None:
    async with ApiClient((await outage()).application) as client:
        key = (await client.run("open_ticket", input={"event": EVENT}))["ticket"]["key"]
        step = {"ticket": key, "state": "ASSIGNED", "supportGroup": "network"}
        assert (await client.run("update_ticket", input=step))["ticket"]["state"] == "ASSIGNED"
        report = {"incident": key, "caller": "bob", "words": "no ledger", "item": "finance"}
        assert (await client.run("attach_report", input=report))["userErrors"] == []
        shown = await client.run("ticket", key=key)
        assert EVENT in [event["key"] for event in shown["events"]]
        services = (await client.run("my_services", party="ann"))["services"]
    vpn = next(row for row in services if row["item"]["key"] == "vpn")
    assert vpn["health"]["effective"] == "CRITICAL"
    assert [ticket["key"] for ticket in vpn["tickets"]] == [key]


async def test_impact_proves_itself() -> None:
    async with ApiClient((await outage()).application) as client:
        report = await client.run("impact", origin={"event": EVENT})
    assert [ref["key"] for ref in report["origins"]] == ["r1"]
    rows = {row["item"]["key"]: row for row in report["rows"]}
    assert {key for key, row in rows.items() if row["impacted"]} == {"vpn", "finance"}
    path = [(step["consumer"]["key"], step["provider"]["key"]) for step in rows["finance"]["proof"]["path"]]
    assert path == [("finance", "vpn"), ("vpn", "vpnc"), ("vpnc", "r1")]
    held = rows["mail"]
    assert (held["health"]["effective"], held["margin"]["survives"]) == ("OK", 0)
    assert [group["group"] for group in held["proof"]["groups"]] == ["wan"]
    assert [ref["key"] for ref in held["margin"]["nextFailures"]] == ["r2"]
    assert [owner["key"] for owner in rows["finance"]["owners"]] == ["bob"]
