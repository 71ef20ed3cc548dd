"""The estate that NetBox ships as its demo, loaded as one: everything of it is there and answers."""

import json
import random
from collections import Counter
from collections.abc import Sequence
from functools import cache

import pytest

from cmdb.application.application import Application
from cmdb.application.requests import WhatIfRequest
from cmdb.application.runs import RunReport, RunRequest
from cmdb.desk.access import SYSTEM
from cmdb.model.answers import WhatIfAnswer
from cmdb.model.runs import Estate
from cmdb.model.severity import Severity
from cmdb.ports.records import LocatedRecord
from cmdb.store.canonical import canonical_hash
from cmdb.store.connection import StoreAddress, open_connection
from cmdb.store.store import Store
from tests.conftest import wipe
from tests.contract.test_samples import LOADERS, SAMPLES
from tests.support.command_line import CommandLine
from tests.support.moments import StandingClock
from tests.support.small_estate import METAMODEL, Bench

DEMO = SAMPLES / "netbox" / "rest-4.2"
CORE = ("dcim.device:96", "dcim.device:97")
"""Two core switches with the distribution switches of three buildings below them."""
CLUSTER = "virtualization.cluster:9"

pytestmark = pytest.mark.skipif(
    not DEMO.is_dir(), reason=f"NOT CHECKED: the demo estate; there is no {DEMO}, set CMDB_SAMPLES_DIR"
)


@cache
def demo() -> tuple[LocatedRecord, ...]:
    """Return the records of all lists."""
    return tuple(LOADERS.records("netbox", [str(DEMO)]))


def listed(name: str) -> int:
    """Return how many entries a list of the demo has."""
    return len(json.loads((DEMO / name).read_bytes())["results"])


async def load(application: Application, located: Sequence[LocatedRecord]) -> RunReport:
    """Load all lists as one complete run."""
    request = RunRequest(source="netbox", scope="demo", located=located, complete=True)
    return await application.load_run(SYSTEM, request)


async def test_the_demo_estate_is_whole_and_writes_nothing_the_second_time(
    store: Store, store_address: StoreAddress
) -> None:
    application = Application(store, store, METAMODEL, StandingClock(), store.run_log)
    await load(application, demo())
    estate, head = await store.run_log.estate(), await store.head()
    _require_all_there(estate)
    await _require_answers(application, estate)
    again = await load(application, demo())
    assert {count.partition(".")[2] for count in again.counts} - {"sent"} == {"unchanged"}
    assert await store.head() == head, "not even a revision"
    async with open_connection(store_address) as connection:
        before = await canonical_hash(connection, stamps=False)
    await wipe(store_address)
    shuffled = list(demo())
    random.Random(42).shuffle(shuffled)
    await load(Application(store, store, METAMODEL, StandingClock(), store.run_log), shuffled)
    async with open_connection(store_address) as connection:
        assert await canonical_hash(connection, stamps=False) == before


def _require_all_there(estate: Estate) -> None:
    kinds = Counter(key.partition(":")[0] for key in estate.items)
    assert kinds["dcim.device"] == listed("dcim_devices.json") == 72
    assert kinds["virtualization.virtualmachine"] == listed("virtualization_virtual-machines.json") == 180
    assert kinds["circuits.circuit"] == listed("circuits_circuits.json") == 29
    assert kinds["dcim.powerfeed"] == listed("dcim_power-feeds.json") == 48
    assert kinds["virtualization.cluster"] == listed("virtualization_clusters.json") == 32
    cables = json.loads((DEMO / "dcim_cables.json").read_bytes())["results"]
    # A power cord is not a CI of its own: what is plugged in is powered by where it is plugged in.
    cords = [
        row for row in cables if "dcim.powerport" in json.dumps(row["a_terminations"] + row["b_terminations"])
    ]
    assert kinds["dcim.cable"] == len(cables) - len(cords)
    triples = Counter(verb for _, verb, _ in estate.dependencies)
    assert triples["POWERED_BY"] == len(cords) + listed("dcim_power-feeds.json")
    assert triples["RUNS_ON"] == 180, "each machine on its cluster"
    assert not [key for key, item in estate.items.items() if item.is_placeholder], "nothing is only named"


async def _require_answers(application: Application, estate: Estate) -> None:
    """A device takes down what hangs on it alone; what has two ways or feeds stands until both are gone."""
    one, both = [await what_if(application, *CORE[:count]) for count in (1, 2)]
    down = {row.item.key: row for row in one.rows if row.after is Severity.CRITICAL}
    ports = [key for key in down if key.startswith("dcim.interface:")]
    assert ports
    for key in ports:
        assert (down[key].path[-1].provider.key, down[key].before) == (CORE[0], Severity.OK)
    gone = {row.item.key for row in both.rows if row.after is Severity.CRITICAL}
    assert set(down) < gone
    assert CORE[1] not in down, "the other core switch stands"
    machines = {
        consumer
        for consumer, verb, provider in estate.dependencies
        if (verb, provider) == ("RUNS_ON", CLUSTER)
    }
    cluster = await what_if(application, CLUSTER)
    assert machines
    assert machines <= {row.item.key for row in cluster.rows if row.after is Severity.CRITICAL}


async def what_if(application: Application, *items: str) -> WhatIfAnswer:
    """Ask for all items, not only services: the demo has none."""
    return await application.what_if(SYSTEM, WhatIfRequest(items=items, services_only=False, first=1000))


async def loaded() -> Bench:
    """Return the demo estate in memory."""
    bench = Bench()
    await load(bench.application, demo())
    return bench


def test_the_command_names_what_goes_down_with_the_path() -> None:
    ran = CommandLine(loaded).run("whatif", "ncsu-coreswitch1", "--all", "--first", "100", "-o", "json")
    assert ran.code == 0, ran.error
    rows = {row["item"]["name"]: row for row in json.loads(ran.out)["whatIf"]["rows"]}
    (path,) = [row["path"] for name, row in rows.items() if name == "cable 105"]
    assert [step["provider"]["name"] for step in path] == ["ncsu-coreswitch1:xe-0/0/1", "ncsu-coreswitch1"]
    shown = CommandLine(loaded).run("whatif", "ncsu-coreswitch1", "--all").out
    assert "ncsu-coreswitch1" in shown
