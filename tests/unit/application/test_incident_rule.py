"""The incident rule: which situations are due, and that each gets one incident whoever acts and however often."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from cmdb.application.duties import Duties
from cmdb.application.incident_rule import RULE, RuleSettings, due_steps
from cmdb.application.requests import OpenTicketRequest, UpdateTicketRequest
from cmdb.desk.access import SYSTEM
from cmdb.errors import Conflict, ErrorCode
from cmdb.model.access import Principal
from cmdb.model.kinds import RecordKind
from cmdb.model.records import Direction, EntryRecord, Record, Ticket, TicketState
from cmdb.model.severity import Severity
from cmdb.model.windows import Window, WindowKind
from cmdb.ports.graph import (
    UNCONDITIONAL,
    Precondition,
    RowProblem,
    RowResult,
    RowStatus,
    WriteOutcome,
)
from tests.fakes.graph import FakeGraph
from tests.support.moments import NOON, minutes
from tests.support.small_estate import ESTATE, Bench, cleared, furnished, outage, raised

MAINTENANCE = Window(
    key="w", window_kind=WindowKind.MAINTENANCE, title="w", items=("r1",), start=NOON, end=NOON + minutes(9)
)


async def due(bench: Bench, threshold: Severity = Severity.CRITICAL) -> list[str]:
    return due_steps(await bench.snapshot(), RuleSettings(threshold)).events


CRITICAL = RuleSettings(Severity.CRITICAL)


def duties_of(bench: Bench, name: str = "one", rules: RuleSettings | None = CRITICAL) -> Duties:
    return bench.application.duties(bench.graph.lease, name, rules)


async def owner_of(bench: Bench) -> Duties:
    duties = duties_of(bench)
    await duties.role.step(0.0)
    return duties


async def work(bench: Bench, duties: Duties) -> list[Ticket]:
    """Let the owner look once, and return the incidents."""
    bench.clock.advance(0.01)
    await duties.work_once()
    tickets = (await bench.snapshot()).tickets
    return [tickets[key] for key in sorted(tickets)]


@pytest.mark.parametrize(
    ("raises", "threshold", "expected"),
    [
        ((raised("r1"),), Severity.CRITICAL, ["test:r1:down"]),
        ((raised("r1", Severity.MAJOR),), Severity.CRITICAL, []),
        ((raised("r1", Severity.MAJOR),), Severity.MAJOR, ["test:r1:down"]),
        ((raised("r2"),), Severity.WARNING, []),
        ((raised("vpn"),), Severity.CRITICAL, ["test:vpn:down"]),
        ((raised("r1", direction=Direction.LOCAL),), Severity.WARNING, []),
        ((raised("r1"), MAINTENANCE), Severity.WARNING, []),
        ((raised("r1"), raised("printsrv")), Severity.CRITICAL, ["test:printsrv:down", "test:r1:down"]),
        ((raised("r1"), raised("r2")), Severity.CRITICAL, ["test:r1:down", "test:r2:down"]),
    ],
    ids=[
        "a failing service", "not bad enough", "bad enough", "redundancy holds", "the service itself", "stays local",
        "planned", "two causes", "each alone holds and both together break",
    ],
)  # fmt: skip
async def test_what_hurts_a_service_enough_is_due(
    raises: tuple[EntryRecord, ...], threshold: Severity, expected: list[str]
) -> None:
    assert sorted(await due(await furnished(*raises), threshold)) == expected


async def test_one_incident_is_opened_with_the_causes_key_and_nothing_is_due_any_more() -> None:
    bench = await outage()
    (ticket,) = await work(bench, await owner_of(bench))
    assert (ticket.cause_key, ticket.priority, ticket.notes[0].author) == ("cause:r1", 1, RULE.name)
    assert set(ticket.events) == {"test:r1:down", "test:vpnc:down", "test:finance:down"}
    assert await due(bench) == []


async def test_a_later_symptom_joins_and_a_repeat_does_nothing() -> None:
    bench = await outage()
    owner = await owner_of(bench)
    await work(bench, owner)
    await bench.assert_records(raised("vpn", Severity.MAJOR, NOON + minutes(3)))
    (ticket,) = await work(bench, owner)
    assert "test:vpn:down" in ticket.events
    await bench.assert_records(raised("vpn", Severity.MAJOR, NOON + minutes(4)))
    assert await work(bench, owner) == [ticket]


async def test_a_symptom_joins_an_incident_that_a_person_opened_below_the_threshold() -> None:
    bench = await furnished(raised("r1", Severity.MINOR))
    await bench.application.open_ticket(SYSTEM, OpenTicketRequest(event="test:r1:down"))
    await bench.assert_records(raised("vpnc", Severity.MINOR, NOON + minutes(1)))
    (ticket,) = await work(bench, await owner_of(bench))
    assert set(ticket.events) == {"test:r1:down", "test:vpnc:down"}


async def test_a_person_who_closes_the_incident_is_not_contradicted_until_the_event_is_raised_anew() -> None:
    bench = await outage()
    owner = await owner_of(bench)
    (ticket,) = await work(bench, owner)
    bench.clock.advance(10)
    await bench.application.update_ticket(
        SYSTEM, UpdateTicketRequest(ticket=ticket.key, state=TicketState.RESOLVED)
    )
    assert len(await work(bench, owner)) == 1
    await bench.assert_records(raised("r1", at=NOON + minutes(12)))
    assert len(await work(bench, owner)) == 1, "a repeat of what was open"
    await bench.assert_records(cleared("r1", NOON + minutes(13)), raised("r1", at=NOON + minutes(14)))
    assert [row.is_open for row in await work(bench, owner)] == [False, True]


async def test_the_rule_and_a_person_make_one_incident() -> None:
    bench = await outage()
    owner = await owner_of(bench)
    await work(bench, owner)
    receipt = await bench.application.open_ticket(SYSTEM, OpenTicketRequest(event="test:finance:down"))
    assert (receipt.opened, receipt.ticket) == (False, "INC000001")


async def test_who_stands_by_or_has_no_rule_opens_nothing() -> None:
    bench = await outage()
    for duties in (duties_of(bench), duties_of(bench, "two", None)):
        assert await work(bench, duties) == []
    ruleless = duties_of(bench, "three", None)
    await ruleless.role.step(0.0)
    assert await work(bench, ruleless) == []
    assert ruleless.role.done == bench.graph.revision - 1  # the numbers that it gave are newer


async def test_the_cursor_follows_and_a_new_owner_takes_the_step_that_the_old_one_left() -> None:
    bench = await outage()
    old = await owner_of(bench)
    await work(bench, old)
    await work(bench, old)
    assert old.role.done == bench.graph.revision
    await old.role.step(1.0)
    await bench.assert_records(raised("printsrv", at=NOON + minutes(5)))
    bench.graph.lease.seen = replace(bench.graph.lease.seen, holder=None)
    new = duties_of(bench, "new")
    await new.role.step(0.0)
    assert new.role.done == old.role.done < bench.graph.revision
    assert [ticket.cause_key for ticket in await work(bench, new)] == ["cause:r1", "cause:printsrv"]


async def test_an_owner_that_was_followed_writes_nothing_and_knows_it_then() -> None:
    bench = await outage()
    old = await owner_of(bench)
    seen = bench.graph.lease.seen
    assert await bench.graph.lease.take("new", seen) is not None
    with pytest.raises(Conflict) as caught:
        await work(bench, old)
    assert (caught.value.code, old.role.fence) == (ErrorCode.ROLE_LOST, None)
    assert (await bench.snapshot()).tickets == {}


async def test_the_end_of_a_window_is_work_without_a_write() -> None:
    bench = await furnished(raised("r1"), MAINTENANCE)
    owner = await owner_of(bench)
    assert await work(bench, owner) == []
    bench.clock.advance(10)
    assert [ticket.cause_key for ticket in await work(bench, owner)] == ["cause:r1"]


class StubbornGraph(FakeGraph):
    """A store that refuses one cause's incident for ever."""

    async def write(
        self,
        principal: Principal,
        source: str,
        records: Sequence[Record],
        recorded_at: datetime,
        condition: Precondition = UNCONDITIONAL,
    ) -> WriteOutcome:
        """Refuse, or write."""
        if isinstance(records[0], Ticket) and records[0].cause_key == "cause:printsrv":
            problem = RowProblem(code=ErrorCode.CONFLICT, message="No.")
            row = RowResult(
                index=0, kind=RecordKind.TICKET, key="t", status=RowStatus.REFUSED, problem=problem
            )
            return WriteOutcome(self.revision, (row,))
        return await super().write(principal, source, records, recorded_at, condition)


async def test_a_step_that_is_refused_does_not_keep_the_others_waiting_and_is_not_forgotten() -> None:
    bench = Bench(StubbornGraph())
    await bench.assert_records(*ESTATE, raised("printsrv"), raised("r1", at=NOON + minutes(1)))
    owner = await owner_of(bench)
    for _ in range(2):
        with pytest.raises(Conflict):
            await work(bench, owner)
    assert [t.cause_key for t in (await bench.snapshot()).tickets.values()] == ["cause:r1"]
    assert owner.role.done < bench.graph.revision
