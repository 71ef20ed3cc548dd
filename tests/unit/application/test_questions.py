"""Every question is answered from the snapshot of its source, no older than asked, and shows no more than is seen."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from cmdb.application.questions import Questions
from cmdb.application.requests import (
    ImpactRequest,
    IntakeRequest,
    ItemFilter,
    PageRequest,
    TimelineRequest,
    TopologyRequest,
    UpstreamChangesRequest,
    WhatIfRequest,
)
from cmdb.application.snapshot import Snapshot
from cmdb.desk.access import SYSTEM
from cmdb.errors import Conflict, ErrorCode, NotFound
from cmdb.model.access import Principal, PrincipalRole
from cmdb.model.records import Change, ChangeKind, ChangeState, Ticket, TicketKind, TicketState
from cmdb.model.severity import Severity
from tests.support.graph_records import incident
from tests.support.moments import NOON
from tests.support.small_estate import ANN, METAMODEL, Bench, cleared, furnished, item, outage, raised

NOBODY = Principal(name="x", role=PrincipalRole.LOADER)


@dataclass
class Source:
    """Gives one snapshot and notes which revisions were asked for."""

    snapshot: Snapshot
    asked: list[int] = field(default_factory=list)

    async def __call__(self, at_least: int) -> Snapshot:
        self.asked.append(at_least)
        return self.snapshot


async def questions(bench: Bench) -> tuple[Questions, Source]:
    source = Source(await bench.snapshot())
    return Questions(source, bench.graph, METAMODEL), source


AT_LEAST: dict[str, Callable[[Questions], Awaitable[object]]] = {
    "basis": lambda ask: ask.basis(7),
    "impact": lambda ask: ask.impact(SYSTEM, ImpactRequest(item="r1"), 7),
    "changes": lambda ask: ask.upstream_changes(SYSTEM, UpstreamChangesRequest(item="vpn"), 7),
    "causes": lambda ask: ask.probable_causes(SYSTEM, "vpn", 5, 7),
    "what if": lambda ask: ask.what_if(SYSTEM, WhatIfRequest(items=("r1",)), 7),
    "intake": lambda ask: ask.symptom_intake(SYSTEM, IntakeRequest(words="vpn is slow"), 7),
    "timeline": lambda ask: ask.timeline(SYSTEM, TimelineRequest(item="vpn"), 7),
    "topology": lambda ask: ask.topology(SYSTEM, TopologyRequest(item="vpn"), 7),
    "situations": lambda ask: ask.situations(SYSTEM, 7),
    "my services": lambda ask: ask.my_services(ANN, "ann", 7),
}


@pytest.mark.parametrize("name", AT_LEAST)
async def test_a_question_passes_on_how_fresh_its_answer_must_be(name: str) -> None:
    ask, source = await questions(await outage())
    await AT_LEAST[name](ask)
    assert set(source.asked) == {7}


async def test_answers_come_from_the_source_and_not_from_the_present() -> None:
    bench = await outage()
    ask, source = await questions(bench)
    await bench.assert_records(item("new", "server"), raised("r2"))
    assert (await ask.basis()).revision == source.snapshot.revision < bench.graph.revision
    assert await ask.refs(SYSTEM, ["new"]) == [None]
    assert {situation.cause.key for situation in await ask.situations(SYSTEM)} == {"r1", "printsrv"}
    impact = await ask.impact(SYSTEM, ImpactRequest(item="r1"))
    assert {row.item.key for row in impact.rows if row.impacted} == {"vpn", "finance"}


# --- references -----------------------------------------------------------------------------------------------------


async def test_a_ci_is_found_by_its_key_or_its_only_name() -> None:
    bench = await furnished(item("m1", "server", "Twin"), item("m2", "server", "twin"))
    ask, _ = await questions(bench)
    assert (await ask.find_item(SYSTEM, "vpn")).item.key == "vpn"
    assert (await ask.find_item(SYSTEM, "EDGE router 1")).item.key == "r1"
    with pytest.raises(Conflict) as caught:
        await ask.find_item(SYSTEM, "TWIN")
    assert (caught.value.code, "m1, m2" in caught.value.message) == (ErrorCode.AMBIGUOUS, True)


@pytest.mark.parametrize("reference", ["r1", "edge router 1", "nowhere"])
async def test_what_is_hidden_is_as_absent_as_what_is_not_there(reference: str) -> None:
    ask, _ = await questions(await furnished())
    with pytest.raises(NotFound) as caught:
        await ask.find_item(ANN, reference)
    assert caught.value.message == f"No CI '{reference}' is visible to you."
    assert await ask.items_by_key(ANN, [reference]) == [None]


async def test_a_list_of_keys_is_answered_in_its_order_with_repeats() -> None:
    ask, _ = await questions(await outage())
    views = await ask.items_by_key(SYSTEM, ["vpn", "nowhere", "r1", "vpn"])
    assert [view and view.item.key for view in views] == ["vpn", None, "r1", "vpn"]
    refs = await ask.refs(ANN, ["mail", "r1", "mail"])
    assert [ref and ref.key for ref in refs] == ["mail", None, "mail"]
    events = await ask.events_by_key(SYSTEM, ["test:vpnc:down", "nothing", "test:r1:down"])
    assert [event and event.item for event in events] == ["vpnc", None, "r1"]
    changes = await ask.changes_by_key(SYSTEM, ["PRINT", "nothing", "PATCH"])
    assert [change and change.key for change in changes] == ["PRINT", None, "PATCH"]
    parties = await ask.parties_by_key(SYSTEM, ["bob", "nobody", "ann"])
    assert [party and party.name for party in parties] == ["Bob Example", None, "Ann Example"]


async def test_who_may_see_nothing_is_shown_nothing() -> None:
    ask, _ = await questions(await outage())
    assert (await ask.items(NOBODY, ItemFilter(), PageRequest())).total == 0
    assert await ask.situations(NOBODY) == ()
    assert await ask.search(NOBODY, "vpn") == ()
    assert await ask.events_by_key(NOBODY, ["test:r1:down"]) == [None]
    assert [hit.item.key for hit in await ask.search(SYSTEM, "vpn", 1)] == ["vpn"]


# --- tickets --------------------------------------------------------------------------------------------------------


def merged(key: str, into: str) -> Ticket:
    return incident(key, None, items=("vpn",), state=TicketState.CLOSED, parent=into)


def report(
    key: str, incident_key: str, items: tuple[str, ...] = ("vpn",), caller: str | None = None
) -> Ticket:
    return incident(key, None, items=items, ticket_kind=TicketKind.REPORT, parent=incident_key, caller=caller)


async def test_the_number_of_a_merged_incident_leads_to_the_one_that_stands() -> None:
    bench = await furnished(
        incident("INC1", None, items=("vpn",)),
        merged("INC2", "INC1"),
        merged("INC3", "INC2"),
        report("REP1", "INC1"),
    )
    ask, _ = await questions(bench)
    for number in ("INC1", "INC2", "INC3"):
        ticket = await ask.standing_ticket(SYSTEM, number)
        assert ticket is not None
        assert ticket.key == "INC1"
    attached = await ask.standing_ticket(SYSTEM, "REP1")
    assert attached is not None
    assert attached.key == "REP1", "a report stays a ticket of its own"
    assert await ask.standing_ticket(SYSTEM, "INC9") is None


async def test_an_incident_that_is_hidden_does_not_show_through_one_merged_into_it() -> None:
    bench = await furnished(incident("INC1", None, items=("printsrv",)), merged("INC2", "INC1"))
    ask, _ = await questions(bench)
    assert await ask.standing_ticket(ANN, "INC2") is None


async def test_members_are_those_that_the_caller_sees_by_key() -> None:
    bench = await furnished(
        incident("INC1", None, items=("vpn", "printsrv")),
        incident("INC9", None, items=("vpn",)),
        report("REP3", "INC1"),
        report("REP2", "INC1", ("printsrv",)),
        report("REP1", "INC1", ("printsrv",), caller="ann"),
        merged("INC2", "INC1"),
    )
    ask, _ = await questions(bench)

    async def members(principal: Principal, *keys: str) -> list[list[str] | None]:
        found = await ask.members(principal, keys)
        return [None if rows is None else [row.key for row in rows] for rows in found]

    assert await members(SYSTEM, "INC9", "INC1", "nothing") == [[], ["INC2", "REP1", "REP2", "REP3"], []]
    assert await members(ANN, "INC1") == [["INC2", "REP1", "REP3"]]


async def test_my_services_are_those_of_the_party_with_their_severity() -> None:
    ask, _ = await questions(await outage())
    found = await ask.my_services(ANN, "ann")
    assert {row.item.key: row.health.effective for row in found} == {
        "vpn": Severity.CRITICAL,
        "mail": Severity.OK,
    }
    assert all(row.item.key in {"vpn", "mail"} for row in found)
    assert (await ask.basis()).computed_at == NOON


@pytest.mark.parametrize("seconds", [1, -1], ids=["first", "last"])
@pytest.mark.parametrize("name", [name for name in AT_LEAST if name != "basis"])
async def test_times_that_stand_for_unknown_keep_no_question_from_its_answer(name: str, seconds: int) -> None:
    """Sources send the first and the last year that there is, and an event may turn often in it."""
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    moment, step = first if seconds > 0 else last, timedelta(seconds=seconds)
    turning = [
        cleared("r1", moment + turn * step) if turn % 2 else raised("r1", at=moment + turn * step)
        for turn in range(9)
    ]
    odd = Change(
        key="ODD",
        title="odd",
        change_kind=ChangeKind.NORMAL,
        state=ChangeState.COMPLETED,
        targets=("r1",),
        actual_start=moment,
        actual_end=moment,
    )
    bench = await furnished(*turning, raised("vpnc", at=moment), odd)
    bench.clock.advance(1)
    ask, _ = await questions(bench)
    assert await AT_LEAST[name](ask) is not None
