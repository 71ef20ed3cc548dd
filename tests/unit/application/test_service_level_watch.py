"""The owner gives notice of targets: in time though nothing is written, and each once."""

from dataclasses import replace

from cmdb.application.duties import Duties
from cmdb.application.incident_rule import RuleSettings
from cmdb.application.requests import AttachReportRequest, OpenTicketRequest, UpdateTicketRequest
from cmdb.application.service_level_watch import WATCH
from cmdb.desk.access import SYSTEM
from cmdb.model.records import TicketState
from cmdb.model.severity import Severity
from tests.support.moments import NOON
from tests.support.small_estate import Bench, cleared, furnished, raised

RULES = RuleSettings(Severity.CRITICAL)


async def owner_of(bench: Bench, name: str = "one", rules: RuleSettings | None = RULES) -> Duties:
    duties = bench.application.duties(bench.graph.lease, name, rules)
    await duties.role.step(0.0)
    return duties


async def look(bench: Bench, duties: Duties, count: float = 0.01) -> list[str]:
    """Let the owner look after that many minutes, and return the notices that were given so far."""
    bench.clock.advance(count)
    await duties.work_once()
    tickets = (await bench.snapshot()).tickets
    return [
        f"{key}: {note.text.partition(':')[0]}"
        for key in sorted(tickets)
        for note in tickets[key].notes
        if note.author == WATCH.name
    ]


async def test_notice_is_given_when_it_falls_due_and_once() -> None:
    bench = await furnished(raised("r1"))
    duties = await owner_of(bench)
    assert await look(bench, duties) == []
    revision = bench.graph.revision
    assert await look(bench, duties, 11) == []
    assert bench.graph.revision == revision
    risk = "INC000001: Response target at risk"
    assert await look(bench, duties, 0.5) == [risk]
    assert bench.graph.revision == revision + 1
    assert await look(bench, duties, 1) == [risk]
    assert bench.graph.revision == revision + 1
    assert await look(bench, duties, 3) == [risk, "INC000001: Response target missed"]
    assert await look(bench, duties, 30) == [risk, "INC000001: Response target missed"]


async def test_the_next_owner_says_nothing_again() -> None:
    bench = await furnished(raised("r1"))
    first = await owner_of(bench)
    await look(bench, first)
    given = await look(bench, first, 12)
    assert len(given) == 1
    bench.graph.lease.seen = replace(bench.graph.lease.seen, holder=None)
    assert await look(bench, await owner_of(bench, "two")) == given


async def test_who_answers_in_time_hears_nothing_of_the_response() -> None:
    bench = await furnished(raised("r1"))
    duties = await owner_of(bench)
    await look(bench, duties, 5)
    update = UpdateTicketRequest(ticket="INC000001", state=TicketState.IN_PROGRESS)
    await bench.application.update_ticket(SYSTEM, update)
    assert await look(bench, duties, 60) == []
    assert await look(bench, duties, 120) == ["INC000001: Resolution target at risk"]


async def test_a_report_waits_for_its_incident_and_a_free_one_for_the_desk() -> None:
    bench = await furnished(raised("r1"))
    await bench.application.open_ticket(SYSTEM, OpenTicketRequest(item="mail", text="slow"))
    duties = await owner_of(bench)
    await look(bench, duties)
    await bench.application.attach_report(
        SYSTEM, AttachReportRequest(incident="INC000001", words="no finance")
    )
    # Reports are of priority 3: two hours of office time to answer.
    given = await look(bench, duties, 95)
    assert "REP000001: Response target at risk" in given
    assert not any(line.startswith("REP000002") for line in given)


async def test_a_resolved_ticket_and_a_server_without_rules_give_no_notice() -> None:
    bench = await furnished(raised("r1"))
    duties = await owner_of(bench)
    await look(bench, duties)
    await bench.assert_records(cleared("r1", NOON))
    update = UpdateTicketRequest(ticket="INC000001", state=TicketState.RESOLVED)
    await bench.application.update_ticket(SYSTEM, update)
    assert await look(bench, duties, 600) == []
    ruleless = await furnished(raised("r1"))
    await ruleless.application.open_ticket(SYSTEM, OpenTicketRequest(event="test:r1:down"))
    assert await look(ruleless, await owner_of(ruleless, rules=None), 600) == []
