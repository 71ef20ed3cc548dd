"""Drafts of incidents and reports: what they are about, how urgent they are, when they should be resolved."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmdb.application.requests import OpenTicketRequest
from cmdb.application.ticket_drafting import TicketDrafting, next_key
from cmdb.desk.access import SYSTEM
from cmdb.desk.expectation import STATED
from cmdb.errors import ErrorCode, NotFound
from cmdb.model.records import Assignment, Party, PartyKind, Role, Ticket, TicketKind, TicketState
from cmdb.model.service_level import STANDARD_LEVELS
from cmdb.model.severity import Severity
from tests.support.graph_records import incident
from tests.support.moments import NOON, minutes
from tests.support.small_estate import Bench, furnished, outage, raised


def drafting(bench: Bench) -> TicketDrafting:
    return TicketDrafting(bench.graph, bench.clock, STANDARD_LEVELS)


async def draft(bench: Bench, cause: str, title: str | None = None) -> Ticket:
    snapshot = await bench.snapshot()
    (group,) = [group for group in snapshot.event_groups if group.cause == cause]
    request = OpenTicketRequest(event=group.members[0].event.key, title=title)
    return await drafting(bench).incident(snapshot, SYSTEM, group, request)


async def test_an_incident_names_its_cause_all_its_events_and_every_service_that_it_hurts() -> None:
    bench = await outage()
    bench.clock.advance(5)
    ticket = await draft(bench, "r1")
    assert (ticket.cause_key, ticket.cause_item, ticket.items[0]) == ("cause:r1", "r1", "r1")
    assert set(ticket.items) == {"r1", "vpn", "finance"}
    assert len(ticket.items) == 3
    assert ticket.events == ("test:r1:down", "test:vpnc:down", "test:finance:down")
    assert (ticket.opened_at, ticket.changed_at) == (NOON + minutes(5), NOON + minutes(5))
    assert ticket.title == "edge router 1: r1 is down"
    (note,) = ticket.notes
    assert (note.author, note.at) == ("system", NOON + minutes(5))
    assert note.text.startswith("Probable cause: edge router 1. Events: r1: r1 is down; vpnc: vpnc is down")
    assert "Affected services: Finance critical, VPN critical" in note.text


async def test_a_title_that_somebody_gave_stands() -> None:
    assert (await draft(await outage(), "r1", "Network down")).title == "Network down"


async def test_it_goes_to_who_supports_the_cause_and_waits_for_somebody_where_nobody_does() -> None:
    bench = await outage()
    supported, alone = await draft(bench, "r1"), await draft(bench, "printsrv")
    assert (supported.support_group, supported.state) == ("network", TicketState.ASSIGNED)
    assert (alone.support_group, alone.state) == (None, TicketState.NEW)


async def test_an_incident_that_hurts_no_service_says_so_and_is_not_urgent() -> None:
    ticket = await draft(await furnished(raised("mail1")), "mail1")
    assert ticket.items == ("mail1",)
    assert ticket.priority == 4
    assert ticket.notes[0].text.endswith("Affected services: none.")


@pytest.mark.parametrize(
    ("services", "expected"),
    [
        ({}, 4),
        ({"finance": Severity.CRITICAL}, 1),
        ({"vpn": Severity.CRITICAL}, 2),
        ({"print": Severity.CRITICAL}, 3),
        ({"print": Severity.CRITICAL, "vpn": Severity.CRITICAL}, 2),
        ({"finance": Severity.MINOR}, 2),
        ({"print": Severity.WARNING}, 4),
        ({"nowhere": Severity.CRITICAL}, 4),
    ],
    ids=str,
)
async def test_the_most_critical_of_the_worst_hurt_services_decides(
    services: Mapping[str, Severity], expected: int
) -> None:
    """Finance is critical, VPN of high criticality, Printing says nothing: that counts as medium."""
    assert await drafting(await furnished()).rank(services) == expected


async def test_a_report_is_in_the_words_of_who_calls() -> None:
    bench = await outage()
    made = drafting(bench).report(await bench.snapshot(), SYSTEM, ("vpn",), "ann", "no VPN")
    assert (made.key, made.ticket_kind, made.title) == ("REP000001", TicketKind.REPORT, "no VPN")
    assert (made.items, made.caller, made.state) == (("vpn",), "ann", TicketState.NEW)
    assert [note.text for note in made.notes] == ["Reported: no VPN"]


async def test_nobody_calls_who_is_not_known_but_a_report_may_name_no_caller() -> None:
    bench = await outage()
    snapshot, words = await bench.snapshot(), drafting(bench)
    with pytest.raises(NotFound) as caught:
        words.report(snapshot, SYSTEM, ("vpn",), "zoe", "no VPN")
    assert (caught.value.code, "zoe" in caught.value.message) == (ErrorCode.NOT_FOUND, True)
    assert words.report(snapshot, SYSTEM, ("vpn",), None, "no VPN").caller is None


async def test_a_persons_word_on_the_time_of_resolution_stands_and_other_times_are_worked_out() -> None:
    bench = await outage()
    snapshot, words = await bench.snapshot(), drafting(bench)
    at = NOON + timedelta(days=9)
    ticket = incident("INC000001", priority=2, expected_resolution_at=at)
    stated = replace(ticket, expected_resolution_basis=f"{STATED}eva")
    assert words.expecting(snapshot, stated) is stated
    worked_out = words.expecting(snapshot, replace(ticket, expected_resolution_basis="target of old"))
    assert worked_out.expected_resolution_at == NOON + STANDARD_LEVELS[2].resolution
    assert worked_out.expected_resolution_basis == "target of priority 2: 8 h after opening"


async def test_past_incidents_whose_cause_is_of_the_same_class_tell_how_long_it_takes() -> None:
    past = [
        incident(
            f"INC00000{number}",
            None,
            items=("r2",),
            cause_item="r2",
            priority=1,
            state=TicketState.CLOSED,
            opened_at=NOON - timedelta(days=3),
            resolved_at=NOON - timedelta(days=3) + timedelta(hours=number),
        )
        for number in (1, 2, 3)
    ]
    bench = await furnished(raised("r1"), *past)
    ticket = await draft(bench, "r1")
    assert ticket.expected_resolution_at == NOON + timedelta(hours=3)
    assert ticket.expected_resolution_basis == "80% of 3 resolved incidents of priority 1 caused by a router"


async def test_who_owns_or_subscribes_does_not_have_to_mend() -> None:
    bench = await furnished(
        raised("printsrv"),
        Assignment(party="bob", role=Role.OWNS, item="printsrv"),
        Assignment(party="ann", role=Role.SUBSCRIBES, item="printsrv"),
    )
    assert (await draft(bench, "printsrv")).support_group is None


KEYS = st.sampled_from(["INC", "REP", "CHG"]).flatmap(
    lambda prefix: st.one_of(
        st.integers(0, 10**7).map(lambda number: f"{prefix}{number}"),
        st.integers(0, 10**7).map(lambda number: f"{prefix}{number:07d}"),
        st.sampled_from([f"{prefix}-7", f"{prefix}IDENT", prefix, f"{prefix}١٢"]),
    )
)


@settings(max_examples=60)
@given(st.lists(KEYS, max_size=6, unique=True))
async def test_a_number_is_never_one_that_is_taken_and_follows_the_highest_of_its_kind(
    keys: list[str],
) -> None:
    held = replace(await Bench().snapshot(), tickets={key: incident(key) for key in keys})
    for kind, prefix in ((TicketKind.INCIDENT, "INC"), (TicketKind.REPORT, "REP")):
        fresh = next_key(held, kind)
        assert fresh not in keys
        assert fresh.startswith(prefix)
        highest = max(
            (int(key[3:]) for key in keys if key.startswith(prefix) and key[3:].isdecimal()), default=0
        )
        assert int(fresh[3:]) == highest + 1
        assert len(fresh) >= 9


DESK = Party(key="desk", party_kind=PartyKind.SUPPORT_GROUP, name="Desktop")
TAKEN: list[Mapping[str, object]] = [
    {"assignee": "ann"},
    {"state": TicketState.IN_PROGRESS},
    {"support_group": "somebody else"},
]


async def moved(ticket: Mapping[str, object], cause: str) -> Ticket:
    """Return an incident of the router whose cause is another CI by now."""
    bench = await outage()
    await bench.assert_records(DESK, Assignment(party="desk", role=Role.SUPPORTS, item="printsrv"))
    held = replace(await draft(bench, "r1"), **ticket)  # type: ignore[arg-type]
    return drafting(bench).caused_by(await bench.snapshot(), held, cause, "system")


async def test_an_incident_that_nobody_has_taken_goes_to_who_supports_its_new_cause() -> None:
    ticket = await moved({}, "printsrv")
    assert (ticket.support_group, ticket.state) == ("desk", TicketState.ASSIGNED)
    assert ticket.notes[-1].text.endswith("Desktop is to mend it.")


@pytest.mark.parametrize("taken", TAKEN, ids=str)
async def test_one_that_somebody_has_taken_or_sent_elsewhere_stays_there(taken: Mapping[str, object]) -> None:
    ticket = await moved(taken, "printsrv")
    assert ticket.support_group == taken.get("support_group", "network")
    assert (ticket.cause_item, "is to mend it" in ticket.notes[-1].text) == ("printsrv", False)


async def test_one_whose_new_cause_nobody_supports_stays_where_it_is() -> None:
    ticket = await moved({}, "vpnc")
    assert (ticket.cause_item, ticket.support_group) == ("vpnc", "network")
