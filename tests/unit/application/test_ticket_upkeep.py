"""Open incidents follow what their events do to services."""

from cmdb.application.duties import Duties
from cmdb.application.incident_rule import RuleSettings
from cmdb.application.requests import AttachReportRequest, OpenTicketRequest, UpdateTicketRequest
from cmdb.desk.access import SYSTEM
from cmdb.model.records import Dependency, Ticket, TicketState
from cmdb.model.severity import Severity
from tests.support.moments import NOON, minutes
from tests.support.small_estate import Bench, cleared, furnished, raised


async def owner_of(bench: Bench) -> Duties:
    duties = bench.application.duties(bench.graph.lease, "one", RuleSettings(Severity.CRITICAL))
    await duties.role.step(0.0)
    return duties


async def look(bench: Bench, duties: Duties, key: str) -> Ticket:
    bench.clock.advance(0.01)
    await duties.work_once()
    (ticket,) = await bench.application.tickets_by_key(SYSTEM, [key])
    assert ticket is not None
    return ticket


async def incident(bench: Bench, event: str) -> str:
    return (await bench.application.open_ticket(SYSTEM, OpenTicketRequest(event=event))).ticket


async def test_a_service_that_is_hurt_later_is_added_and_raises_the_priority() -> None:
    bench = await furnished(raised("printsrv", Severity.MAJOR))
    key, duties = await incident(bench, "test:printsrv:down"), await owner_of(bench)
    report = await bench.application.attach_report(SYSTEM, AttachReportRequest(incident=key, words="w"))
    before = await look(bench, duties, key)
    assert "finance" not in before.items
    await bench.assert_records(Dependency(consumer="finance", verb="DEPENDS_ON", provider="printsrv"))
    after = await look(bench, duties, key)
    assert after.items == (*before.items, "finance")
    assert (after.priority, before.priority) == (1, 3)
    assert after.notes[-1].text == "Affected by now too: Finance. Priority raised from 3 to 1."
    assert after.expected_resolution_basis.startswith("target of priority 1")
    (told,) = await bench.application.tickets_by_key(SYSTEM, [report.attached[0]])
    assert told is not None
    assert told.priority == 1


async def test_what_has_recovered_stays_and_lowers_nothing() -> None:
    bench = await furnished(raised("r1"))
    key, duties = await incident(bench, "test:r1:down"), await owner_of(bench)
    before = await look(bench, duties, key)
    await bench.assert_records(cleared("r1", NOON + minutes(5)))
    assert await look(bench, duties, key) == before


async def test_the_same_picture_is_written_once_and_a_resolved_incident_left_alone() -> None:
    bench = await furnished(raised("printsrv", Severity.MAJOR))
    key, duties = await incident(bench, "test:printsrv:down"), await owner_of(bench)
    await bench.assert_records(Dependency(consumer="finance", verb="DEPENDS_ON", provider="printsrv"))
    await look(bench, duties, key)
    revision = bench.graph.revision
    await look(bench, duties, key)
    assert bench.graph.revision == revision
    await bench.application.update_ticket(SYSTEM, UpdateTicketRequest(ticket=key, state=TicketState.RESOLVED))
    await bench.assert_records(Dependency(consumer="mail", verb="DEPENDS_ON", provider="printsrv"))
    assert "mail" not in (await look(bench, duties, key)).items


async def test_a_persons_word_on_the_end_stands() -> None:
    bench = await furnished(raised("printsrv", Severity.MAJOR))
    key, duties = await incident(bench, "test:printsrv:down"), await owner_of(bench)
    promise = UpdateTicketRequest(ticket=key, expected_resolution_at=NOON + minutes(7))
    await bench.application.update_ticket(SYSTEM, promise)
    await bench.assert_records(Dependency(consumer="finance", verb="DEPENDS_ON", provider="printsrv"))
    after = await look(bench, duties, key)
    assert (after.priority, after.expected_resolution_at) == (1, NOON + minutes(7))


async def test_a_failure_elsewhere_that_lets_redundancy_go_is_seen() -> None:
    bench = await furnished(raised("r1"))
    key, duties = await incident(bench, "test:r1:down"), await owner_of(bench)
    assert "mail" not in (await look(bench, duties, key)).items
    await bench.assert_records(raised("r2", at=NOON + minutes(60)))
    assert "mail" in (await look(bench, duties, key)).items
