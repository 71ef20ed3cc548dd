"""A server and a second process on one store: what waited for CIs is bound whoever brings them and however they end."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from cmdb.desk.access import SYSTEM
from cmdb.model.records import Item
from cmdb.store.connection import StoreAddress
from cmdb.store.store import open_store
from tests.conftest import MIGRATIONS, VERBS, wipe
from tests.support.service import Asker, environment, run_cmdb, serving
from tests.support.two_servers import until

PROBLEM = {
    "hostname": "edge-9.example.org",
    "severity": "High",
    "status": "PROBLEM",
    "item": "ICMP ping",
    "trigger": "Unavailable by ICMP ping",
    "link": "https://zabbix.example.org/tr_events.php?triggerid=81&eventid=901",
}
SWAP = {
    "kind": "change",
    "key": "swap",
    "title": "Swap a card",
    "change_kind": "normal",
    "state": "planned",
    "planned_start": "2026-03-06T12:00:00Z",
    "subjects": [{"host": "edge-9.example.org"}],
}
EDGE = Item(key="edge-9", ci_class="router", name="edge-9", attributes={"fqdn": "edge-9.example.org"})
LINE = {
    "kind": "item",
    "class": EDGE.ci_class,
    "key": EDGE.key,
    "name": EDGE.name,
    "attributes": dict(EDGE.attributes),
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A server that holds an event and a change without their CI."""

    asker: Asker
    store: StoreAddress

    def where(self) -> tuple[str, list[str]] | None:
        """Return the CI of the event and the targets of the change, once both have been applied."""
        events = [edge["node"] for edge in self.asker.ask("events")["edges"]]
        changes = [edge["node"] for edge in self.asker.ask("changes")["edges"]]
        if not events or not changes:
            return None
        return (events[0]["item"] or {}).get("key", ""), [row["key"] for row in changes[0]["targets"]]


def post(url: str, loader: str, body: object) -> None:
    """Send as a monitor does."""
    answer = httpx.post(f"{url}/webhooks/{loader}", json=body, timeout=60, trust_env=False)
    assert answer.status_code == 202, answer.text


@pytest.fixture
async def waiting(store_address: StoreAddress, tmp_path: Path) -> AsyncIterator[Waiting]:
    await wipe(store_address)
    with serving(environment(tmp_path / "server", store_address)) as (url, _):
        post(url, "zabbix", PROBLEM)
        post(url, "records", SWAP)
        held = Waiting(Asker(url), store_address)
        until(lambda: held.where() == ("", []))
        yield held


async def test_what_a_second_process_loads_is_bound(waiting: Waiting, tmp_path: Path) -> None:
    estate = tmp_path / "estate.ndjson"
    estate.write_text(json.dumps(LINE), encoding="utf-8")
    ran = run_cmdb(environment(tmp_path / "loader", waiting.store), "load", "records", str(estate))
    assert ran.returncode == 0, ran.stderr
    until(lambda: waiting.where() == ("edge-9", ["edge-9"]))


async def test_what_it_wrote_before_it_died_is_bound_by_the_owner(waiting: Waiting) -> None:
    async with open_store(waiting.store, VERBS, MIGRATIONS) as store:
        await store.write(SYSTEM, "inventory", [EDGE], datetime.now(UTC))
    until(lambda: waiting.where() == ("edge-9", ["edge-9"]))
