"""What two processes take in from one source at the same time ends as if each step came once, on both engines."""

import asyncio
from dataclasses import replace
from random import Random

from cmdb.application.application import Application
from cmdb.application.requests import RecordBatch
from cmdb.desk.access import SYSTEM
from cmdb.metamodel import read_metamodel
from cmdb.model.kinds import RecordKind
from cmdb.model.records import Event, EventState, EventTransition, Item
from cmdb.model.severity import Severity
from cmdb.resources import folder
from cmdb.store.store import Store
from tests.oracle.event_history import told_once
from tests.support.moments import NOON, StandingClock, minutes

METAMODEL = read_metamodel(folder("schema"))
EVENTS, STEPS, BATCH = 12, 24, 16


def history(random: Random, condition: str) -> list[EventTransition]:
    """Return distinct steps of one event, a minute apart."""
    return [
        EventTransition(
            item="r1",
            condition=condition,
            severity=random.choice([Severity.MINOR, Severity.MAJOR, Severity.CRITICAL]),
            at=NOON + minutes(place),
            state=random.choice([EventState.OPEN, EventState.OPEN, EventState.CLEARED]),
            summary=random.choice(["", f"step {place}"]),
        )
        for place in range(STEPS)
    ]


async def deliver(application: Application, steps: list[EventTransition]) -> None:
    for start in range(0, len(steps), BATCH):
        await application.record(
            SYSTEM, RecordBatch(source="mon", records=tuple(steps[start : start + BATCH]))
        )


async def test_shuffled_and_doubled_steps_through_two_processes_end_as_told_once(
    store_address_pair: tuple[Store, Store],
) -> None:
    random = Random(20260302)
    first, second = (
        Application(store, store, METAMODEL, StandingClock(), store.run_log) for store in store_address_pair
    )
    await first.record(
        SYSTEM, RecordBatch(source="test", records=(Item(key="r1", ci_class="router", name="r1"),))
    )
    histories = {f"c{number}": history(random, f"c{number}") for number in range(EVENTS)}
    every = [step for steps in histories.values() for step in steps]
    arriving = [random.choices(every, k=len(every)), [*every, *random.choices(every, k=len(every))]]
    for steps in arriving:
        random.shuffle(steps)
    await asyncio.gather(deliver(first, arriving[0]), deliver(second, arriving[1]))
    keys = [f"mon:r1:{condition}" for condition in histories]
    rows = await store_address_pair[0].records(SYSTEM, RecordKind.EVENT, keys)
    events = {row.record.condition: row.record for row in rows if isinstance(row.record, Event)}
    for condition, steps in histories.items():
        event, expected = events[condition], told_once(steps)
        found = replace(
            expected,
            is_open=event.is_open, severity=event.severity, count=event.count, summary=event.summary,
            raised_at=event.raised_at, last_seen_at=event.last_seen_at,
            changed_at=event.changed_at, cleared_at=event.cleared_at,
        )  # fmt: skip
        assert found == expected
    head = await store_address_pair[0].head()
    await deliver(first, every)
    assert await store_address_pair[0].head() == head
