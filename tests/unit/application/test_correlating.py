"""The owner numbers situations in the store; numbers outlive their causes and their joining."""

import pytest

from cmdb.application.duties import Duties
from cmdb.application.incident_rule import RuleSettings
from cmdb.desk.access import SYSTEM
from cmdb.errors import Conflict, ErrorCode, NotFound
from cmdb.model.access import Principal, PrincipalRole
from cmdb.model.kinds import RecordKind
from cmdb.model.records import SituationRecord
from cmdb.model.severity import Severity
from tests.support.moments import NOON, minutes
from tests.support.small_estate import Bench, cleared, furnished, outage, raised


async def owner_of(bench: Bench, name: str = "one") -> Duties:
    duties = bench.application.duties(bench.graph.lease, name, None)
    await duties.role.step(0.0)
    return duties


async def numbered(bench: Bench, duties: Duties) -> dict[str, str | None]:
    """Let the owner look once, and return the numbers by cause."""
    bench.clock.advance(0.01)
    await duties.work_once()
    return {row.cause.key: row.number for row in await bench.application.situations(SYSTEM)}


async def of_number(bench: Bench, number: str) -> list[str]:
    rows = await bench.application.situations(SYSTEM, number=number)
    return [row.cause.key for row in rows]


async def test_a_situation_has_no_number_until_the_owner_has_seen_it() -> None:
    bench = await outage()
    assert {row.number for row in await bench.application.situations(SYSTEM)} == {None}
    assert await numbered(bench, await owner_of(bench)) == {"r1": "SIT000001", "printsrv": "SIT000002"}


async def test_looking_again_writes_nothing() -> None:
    bench = await outage()
    duties = await owner_of(bench)
    await numbered(bench, duties)
    before = await bench.graph.head()
    bench.clock.advance(1)
    await duties.work_once()
    await duties.work_once()
    assert await bench.graph.head() == before


async def test_symptoms_that_came_first_join_under_the_oldest_number() -> None:
    bench = await furnished()
    duties = await owner_of(bench)
    await bench.assert_records(raised("vpnc"))
    assert await numbered(bench, duties) == {"vpnc": "SIT000001"}
    await bench.assert_records(raised("mail"))
    assert await numbered(bench, duties) == {"vpnc": "SIT000001", "mail": "SIT000002"}
    await bench.assert_records(raised("r1"))
    assert await numbered(bench, duties) == {"r1": "SIT000001"}
    assert await of_number(bench, "SIT000002") == ["r1"]
    await bench.assert_records(cleared("r1", NOON + minutes(9)))
    assert await numbered(bench, duties) == {"mail": "SIT000001", "vpnc": "SIT000003"}
    assert await of_number(bench, "SIT000002") == ["mail"]


async def test_a_number_without_open_events_says_so() -> None:
    bench = await outage()
    duties = await owner_of(bench)
    await numbered(bench, duties)
    await bench.assert_records(cleared("printsrv", NOON + minutes(9)))
    await numbered(bench, duties)
    with pytest.raises(NotFound, match="SIT000002"):
        await of_number(bench, "SIT000002")
    (row,) = await bench.graph.records(SYSTEM, RecordKind.SITUATION, ["SIT000002"])
    assert isinstance(row.record, SituationRecord)
    assert row.record.ended_at == bench.clock.now()


async def test_the_next_owner_goes_on_with_the_numbers() -> None:
    bench = await outage()
    first = await owner_of(bench)
    before = await numbered(bench, first)
    await first.role.release()
    assert await numbered(bench, await owner_of(bench, "two")) == before


async def test_an_incident_by_rule_names_the_situation_and_finds_it_after_it_joined_another() -> None:
    bench = await furnished()
    duties = bench.application.duties(bench.graph.lease, "one", RuleSettings(Severity.MAJOR))
    await duties.role.step(0.0)
    await bench.assert_records(raised("vpnc"))
    await numbered(bench, duties)
    await bench.assert_records(raised("mail"))
    await numbered(bench, duties)
    tickets = (await bench.snapshot()).tickets
    assert [tickets[key].situation for key in sorted(tickets)] == ["SIT000001", "SIT000002"]
    await bench.assert_records(raised("r1"))
    await numbered(bench, duties)
    assert await of_number(bench, "SIT000002") == ["r1"]


async def test_an_owner_of_yesterday_numbers_nothing() -> None:
    bench = await outage()
    first = await owner_of(bench)
    bench.graph.lease.seen = bench.graph.lease.seen.__class__(
        holder="two", fence=bench.graph.lease.seen.fence + 1, renewals=0, done=0
    )
    with pytest.raises(Conflict) as caught:
        await numbered(bench, first)
    assert caught.value.code is ErrorCode.ROLE_LOST
    assert (await bench.snapshot()).situations == {}


async def test_whoever_sees_little_reads_no_event_of_the_record() -> None:
    bench = await outage()
    await numbered(bench, await owner_of(bench))
    narrow = Principal(name="e", role=PrincipalRole.ENGINEER, keys=frozenset({"r1"}))
    rows = await bench.graph.records(narrow, RecordKind.SITUATION, ["SIT000001", "SIT000002"])
    assert [(row.record.key, getattr(row.record, "events", None)) for row in rows] == [("SIT000001", ())]
