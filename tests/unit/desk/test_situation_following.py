"""Incidents follow their situations: whatever splits and joins, each situation has one, and old numbers lead to it."""

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from cmdb.desk.correlation import survivor_of
from cmdb.desk.situation_following import Joining, age, joinings
from cmdb.desk.ticket_joining import merge, standing
from cmdb.model.records import SituationRecord, Ticket, TicketKind, TicketState
from tests.support.moments import NOON
from tests.unit.desk.test_correlation import PARTITIONS, Partition, after

Tickets = dict[str, Ticket]
NUMBERED = {
    "SIT1": SituationRecord(key="SIT1", cause="r", events=("a", "b"), opened_at=NOON, changed_at=NOON),
    "SIT2": SituationRecord(
        key="SIT2", cause="s", events=(), opened_at=NOON, changed_at=NOON, ended_at=NOON, merged_into="SIT1"
    ),
    "SIT3": SituationRecord(key="SIT3", cause="t", events=(), opened_at=NOON, changed_at=NOON, ended_at=NOON),
}
EVENTS = {"a": "SIT1", "b": "SIT1"}


def incident(number: int, situation: str | None, *events: str) -> Ticket:
    return Ticket(
        key=f"INC{number:06d}", ticket_kind=TicketKind.INCIDENT, title="t", state=TicketState.NEW, opened_at=NOON,
        changed_at=NOON, events=events, cause_item="r", situation=situation,
    )  # fmt: skip


def steps(*tickets: Ticket) -> list[Joining]:
    return joinings(tickets, NUMBERED, EVENTS)


def test_the_oldest_takes_the_others_in_also_when_its_own_number_was_the_one_merged() -> None:
    assert steps(incident(2, "SIT1"), incident(1, "SIT2")) == [Joining("SIT1", ("INC000001", "INC000002"))]
    assert steps(incident(1, "SIT1"), incident(2, "SIT2")) == [Joining("SIT1", ("INC000001", "INC000002"))]


def test_ages_are_those_of_numbers_past_a_million() -> None:
    assert sorted(["INC1000000", "INC999999", "INC000002"], key=age) == [
        "INC000002",
        "INC999999",
        "INC1000000",
    ]


def test_who_stands_under_the_number_already_is_left_alone() -> None:
    assert steps(incident(1, "SIT1"), incident(2, "SIT1")) == []
    assert steps(incident(1, "SIT1"), incident(2, "SIT1"), incident(3, "SIT2")) == [
        Joining("SIT1", ("INC000001", "INC000003"))
    ]


def test_without_a_lasting_number_its_events_tell() -> None:
    assert steps(incident(1, None, "b")) == [Joining("SIT1", ("INC000001",))]
    assert steps(incident(1, "SIT3", "a"), incident(2, "SIT1")) == [
        Joining("SIT1", ("INC000001", "INC000002"))
    ]
    assert steps(incident(1, "SIT3", "z"), incident(2, None)) == []


def test_incidents_of_sources_closed_ones_and_those_taken_in_do_not_follow() -> None:
    one = incident(1, "SIT2")
    assert steps(replace(one, cause_item=None)) == []
    assert steps(replace(one, state=TicketState.RESOLVED)) == []
    assert steps(replace(one, parent="INC000009")) == []


def joined(tickets: Tickets, known: Mapping[str, SituationRecord]) -> Tickets:
    """Take every step that is due."""
    of_event = {event: row.key for row in known.values() if row.ended_at is None for event in row.events}
    found = dict(tickets)
    for step in joinings(tickets.values(), known, of_event):
        first, *others = (found[key] for key in step.incidents)
        moving = [
            report
            for report in found.values()
            if report.ticket_kind is TicketKind.REPORT and report.parent in step.incidents[1:]
        ]
        rows = merge(first, others, moving, "rule", NOON) if others else [first]
        rows[0] = replace(rows[0], situation=step.situation)
        found |= {row.key: row for row in rows}
    assert joinings(found.values(), known, of_event) == [], "a step that was taken is due no more"
    return found


def opened(tickets: Tickets, known: Mapping[str, SituationRecord], *, numbered: bool) -> Tickets:
    """Open an incident with a report on each situation of which no open incident has the number or an event."""
    found = dict(tickets)
    for row in known.values():
        at_work = [ticket for ticket in found.values() if ticket.is_open]
        held = {event for ticket in at_work for event in ticket.events}
        numbers = {ticket.situation for ticket in at_work}
        if row.ended_at is None and row.key not in numbers and held.isdisjoint(row.events):
            number = len(found) // 2 + 1
            made = incident(number, row.key if numbered else None, *row.events)
            report = replace(
                made, key=f"REP{number:06d}", ticket_kind=TicketKind.REPORT, parent=made.key, events=()
            )
            found |= {made.key: made, report.key: report}
    return found


@given(st.lists(st.tuples(PARTITIONS, st.booleans()), max_size=8))
def test_whatever_splits_and_joins_a_situation_has_one_incident_and_all_reports_are_with_it(
    history: list[tuple[Partition, bool]],
) -> None:
    known: dict[str, SituationRecord] = {}
    tickets: Tickets = {}
    for partition, numbered in history:
        known = after(known, partition)
        tickets = opened(joined(tickets, known), known, numbered=numbered)
        numbers = [
            survivor.key
            for ticket in tickets.values()
            if ticket.ticket_kind is TicketKind.INCIDENT and ticket.is_open and ticket.situation
            if (survivor := survivor_of(ticket.situation, known)) and survivor.ended_at is None
        ]
        assert len(numbers) == len(set(numbers))
        for key, ticket in tickets.items():
            leads_to = standing(tickets, key)
            assert leads_to is not None
            if ticket.ticket_kind is TicketKind.INCIDENT:
                assert leads_to.is_open
                assert age(leads_to.key) <= age(key)
                assert set(ticket.events) <= set(leads_to.events)
                assert tickets[key.replace("INC", "REP")].parent == leads_to.key
