"""Events and changes find their CIs when they come in, and later when the CIs come."""

from dataclasses import replace

from cmdb.application.requests import RecordBatch
from cmdb.desk.access import SYSTEM
from cmdb.model.kinds import RecordKind
from cmdb.model.records import (
    Change,
    ChangeKind,
    ChangeState,
    Dependency,
    EntryRecord,
    Event,
    EventState,
    EventTransition,
    Item,
)
from cmdb.model.severity import Severity
from cmdb.model.subject import Subject
from tests.support.moments import NOON, minutes
from tests.support.small_estate import Bench, furnished, item

STEP = EventTransition(
    subject=Subject(host="edge-9.example.org"), condition="down", severity=Severity.MAJOR, at=NOON, key="e9"
)
CHANGE = Change(
    key="c9",
    title="swap",
    change_kind=ChangeKind.NORMAL,
    state=ChangeState.RUNNING,
    subjects=(Subject(host="edge-9"), Subject(host="edge-8")),
)
EDGE = Item(key="edge-9", ci_class="router", name="edge-9", attributes={"fqdn": "edge-9.example.org"})


async def record(bench: Bench, *entries: EntryRecord) -> None:
    outcome = await bench.application.record(SYSTEM, RecordBatch(source="mon", records=entries))
    assert not outcome.refused


async def event(bench: Bench, key: str = "mon:e9") -> Event:
    (stored,) = await bench.graph.records(SYSTEM, RecordKind.EVENT, [key])
    assert isinstance(stored.record, Event)
    return stored.record


async def change(bench: Bench) -> Change:
    (stored,) = await bench.graph.records(SYSTEM, RecordKind.CHANGE, ["c9"])
    assert isinstance(stored.record, Change)
    return stored.record


async def test_an_event_is_bound_by_its_host_name() -> None:
    bench = await furnished(EDGE)
    await record(bench, STEP)
    found = await event(bench)
    assert (found.item, found.binding) == ("edge-9", "host edge-9.example.org")


async def test_an_unbound_event_says_why_and_is_bound_when_its_ci_appears() -> None:
    bench = await furnished()
    await record(bench, STEP)
    assert (await event(bench)).binding == "no CI is known by host edge-9.example.org"
    await record(bench, EDGE)
    found = await event(bench)
    assert (found.item, found.is_open) == ("edge-9", True)
    assert (await bench.snapshot()).events_at["edge-9"] == (found,)


async def test_a_bound_event_stays_where_it_is_whatever_a_later_step_knows() -> None:
    bench = await furnished(EDGE)
    await record(bench, STEP)
    later = EventTransition(
        subject=Subject(labels={"colour": "red"}), condition="down", severity=Severity.MAJOR,
        at=NOON + minutes(5), key="e9", state=EventState.CLEARED,
    )  # fmt: skip
    await record(bench, later)
    found = await event(bench)
    assert (found.item, found.binding, found.is_open) == ("edge-9", "host edge-9.example.org", False)


async def test_a_part_is_bound_to_the_interface_that_the_host_contains() -> None:
    port = Item(key="edge-9/1", ci_class="network_interface", name="GigabitEthernet0/1")
    bench = await furnished(EDGE, port, Dependency(consumer=port.key, verb="CONTAINED_IN", provider="edge-9"))
    step = EventTransition(
        subject=Subject(host="edge-9", part="Gi0/1"),
        condition="down",
        severity=Severity.MAJOR,
        at=NOON,
        key="p",
    )
    await record(bench, step)
    assert (await event(bench, "mon:p")).item == port.key


async def test_a_change_gains_the_targets_that_become_known() -> None:
    bench = await furnished(EDGE)
    await record(bench, CHANGE)
    assert (await change(bench)).targets == ("edge-9",)
    await record(bench, item("edge-8", "router"))
    assert (await change(bench)).targets == ("edge-9", "edge-8")


async def test_what_fails_during_a_planned_change_of_it_is_planned() -> None:
    bench = await furnished(EDGE)
    await record(bench, STEP)
    assert (await bench.snapshot()).own.outage["edge-9"] is Severity.MAJOR
    await record(bench, replace(CHANGE, actual_start=NOON - minutes(5), planned_end=NOON + minutes(30)))
    own = (await bench.snapshot()).own
    assert (own.outage.get("edge-9"), own.planned["edge-9"]) == (None, Severity.MAJOR)


async def test_a_load_binds_what_it_brings_together() -> None:
    bench = await furnished()
    await record(bench, EDGE, STEP, CHANGE)
    assert (await event(bench)).item == "edge-9"
    assert (await change(bench)).targets == ("edge-9",)
