"""A shop whose services all need a collector: losing what only observes takes nobody down, losing a database does."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from cmdb.application.application import Application
from cmdb.application.runs import RunRequest
from cmdb.desk.access import SYSTEM
from cmdb.model.records import Dependency, EntryRecord
from cmdb.resources import folder
from cmdb.store.store import Store
from tests.contract.test_samples import LOADERS, SAMPLES
from tests.support.api_client import ApiClient
from tests.support.command_line import CommandLine
from tests.support.moments import StandingClock
from tests.support.small_estate import METAMODEL, Bench

DEMO = SAMPLES / "service-graph" / "otel-demo" / "compose.yaml"
OWN = folder("loaders") / "opentelemetry" / "samples"
COLLECTOR = "default/otel-collector"
DOWN = {
    "astronomy-db": {
        "product-catalog": "astronomy-db",
        "recommendation": "product-catalog astronomy-db",
        "checkout": "product-catalog astronomy-db",
        "frontend": "product-catalog astronomy-db",
        "frontend-proxy": "frontend product-catalog astronomy-db",
        "load-generator": "frontend product-catalog astronomy-db",
    },
    "valkey-cart": {
        "cart": "valkey-cart",
        "checkout": "cart valkey-cart",
        "frontend": "cart valkey-cart",
        "frontend-proxy": "frontend cart valkey-cart",
        "load-generator": "frontend cart valkey-cart",
    },
}
"""Whom the demo's stores take down, and the providers on the way."""

needs_demo = pytest.mark.skipif(
    not DEMO.is_file(),
    reason=f"NOT CHECKED: the OpenTelemetry demo; there is no {DEMO}, set CMDB_SAMPLES_DIR",
)


async def load(application: Application, *paths: Path) -> list[EntryRecord]:
    """Load files as `cmdb load` does; return the records that they gave."""
    located = list(LOADERS.records("opentelemetry", [str(path) for path in paths]))
    await application.load_run(SYSTEM, RunRequest(source="opentelemetry", located=located, complete=False))
    return [row.record for row in located]


async def harmed(application: Application, *items: str) -> Mapping[str, tuple[str, str]]:
    """Ask the named operation: how bad others would be, and by which way; names without the project."""
    async with ApiClient(application) as client:
        answer = await client.run("what_if", items=items, servicesOnly=False, first=100)
    return {
        row["item"]["name"]: (row["after"], " ".join(step["provider"]["name"] for step in row["path"]))
        for row in answer["rows"]
        if row["item"]["key"] not in items
    }


@needs_demo
async def test_the_demos_collector_takes_nobody_down_and_its_stores_their_users(store: Store) -> None:
    application = Application(store, store, METAMODEL, StandingClock(), store.run_log)
    records = await load(application, DEMO)
    users = {row.consumer for row in records if isinstance(row, Dependency) and row.provider == COLLECTOR}
    assert len(users) >= 14, "or there would be nobody to take down"
    assert await harmed(application, COLLECTOR) == {}
    for name, ways in DOWN.items():
        found = await harmed(application, f"default/{name}")
        assert found == {user: ("CRITICAL", way) for user, way in ways.items()}
    flags = await harmed(application, "default/flagd")
    assert {after for after, _ in flags.values()} == {"WARNING"}


async def demo() -> Bench:
    """Return the demo in memory."""
    bench = Bench()
    await load(bench.application, DEMO)
    return bench


@needs_demo
def test_the_command_says_the_same_of_the_demo() -> None:
    line = CommandLine(demo)
    nobody = line.run("whatif", "otel-collector", "--all", "-o", "json")
    assert nobody.code == 0, nobody.error
    rows = json.loads(nobody.out)["whatIf"]["rows"]
    assert {row["item"]["name"] for row in rows} <= {"otel-collector"}
    shown = line.run("whatif", "astronomy-db", "--all").out
    assert "product-catalog" in shown
    assert "astronomy-db" in shown


async def test_the_loaders_own_sample_has_the_same_shape(store: Store) -> None:
    application = Application(store, store, METAMODEL, StandingClock(), store.run_log)
    await load(application, OWN / "compose.yaml", OWN / "calls.prom")
    assert await harmed(application, "shop/otel-collector") == {}
    assert await harmed(application, "otel-collector") == {}, "as traffic shows it"
    assert await harmed(application, "shop/toll-collector") == {"till": ("CRITICAL", "toll-collector")}
    database = await harmed(application, "shop/shelf-db")
    assert database["stock"] == ("CRITICAL", "shelf-db")
    assert database["till"][0] == "CRITICAL"
    assert "otel-collector" not in database, "it observes the till and does not need it"
    observed = await harmed(application, "store:shelf-db")
    assert observed["till"] == ("CRITICAL", "stock shelf-db")
