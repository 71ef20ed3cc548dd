"""A storm of repeats from many failing CIs is one situation with one incident, on both engines."""

import os
from collections.abc import Sequence
from random import Random

from cmdb.application.application import Application
from cmdb.application.incident_rule import RuleSettings
from cmdb.application.requests import RecordBatch
from cmdb.desk.access import SYSTEM
from cmdb.metamodel import read_metamodel
from cmdb.model.records import Dependency, EntryRecord, EventTransition, Item
from cmdb.model.severity import Severity
from cmdb.resources import folder
from cmdb.store.store import Store
from tests.support.moments import NOON, StandingClock, minutes

METAMODEL = read_metamodel(folder("schema"))
CONDITIONS, REPEATS, BATCH = (
    (500, 200, 2000) if os.environ.get("HYPOTHESIS_PROFILE") == "long" else (100, 10, 250)
)


def estate() -> list[EntryRecord]:
    """One router below all servers but the printer's, one service on top of each."""
    rows: list[EntryRecord] = [Item(key="core", ci_class="router", name="core")]
    for number in range(CONDITIONS):
        server, service = f"server{number}", f"service{number}"
        rows += [
            Item(key=server, ci_class="server", name=server),
            Item(key=service, ci_class="business_service", name=service),
            Dependency(consumer=server, verb="DEPENDS_ON", provider="core"),
            Dependency(consumer=service, verb="DEPENDS_ON", provider=server),
        ]
    return [*rows, Item(key="printer", ci_class="server", name="printer")]


def storm(random: Random) -> list[EventTransition]:
    """Every server and the router repeat themselves, in any order; the printer says one thing apart."""
    failing = ["core", *(f"server{number}" for number in range(CONDITIONS))]
    steps = [
        EventTransition(
            item=item,
            condition="down",
            severity=Severity.CRITICAL,
            at=NOON + minutes(repeat + random.random()),
        )
        for item in failing
        for repeat in range(REPEATS)
    ]
    random.shuffle(steps)
    full = EventTransition(item="printer", condition="disk full", severity=Severity.MAJOR, at=NOON)
    return [*steps, full]


async def take_in(application: Application, source: str, rows: Sequence[EntryRecord]) -> None:
    for start in range(0, len(rows), BATCH):
        batch = RecordBatch(source=source, records=tuple(rows[start : start + BATCH]))
        outcome = await application.record(SYSTEM, batch)
        assert not outcome.refused


async def test_a_storm_is_one_situation_and_one_incident(store: Store) -> None:
    clock = StandingClock()
    application = Application(store, store, METAMODEL, clock, store.run_log)
    await take_in(application, "test", estate())
    duties = application.duties(store.lease, "one", RuleSettings(Severity.CRITICAL))
    await duties.role.step(0.0)
    steps = storm(Random(20260302))
    for start in range(0, len(steps), BATCH):
        await take_in(application, "mon", steps[start : start + BATCH])
        clock.advance(0.1)
        await duties.work_once()
    situations = await application.situations(SYSTEM)
    assert {row.cause.key: len(row.members) for row in situations} == {"core": CONDITIONS + 1, "printer": 1}
    worst = situations[0]
    assert {member.event.count for member in worst.members} == {REPEATS}
    assert worst.ticket is not None
    assert len(worst.ticket.events) == CONDITIONS + 1
    assert [row.number for row in situations] == ["SIT000001", "SIT000002"]
    assert len((await application.situations(SYSTEM, number="SIT000001"))[0].members) == CONDITIONS + 1
