"""When a ticket should be resolved, and why then."""

from dataclasses import replace
from datetime import timedelta

from cmdb.desk.expectation import expect_resolution
from cmdb.model.records import Ticket, TicketKind, TicketState
from cmdb.model.service_level import Calendar, ServiceLevel
from tests.support.moments import NOON, minutes

LEVEL = ServiceLevel(response=minutes(15), resolution=timedelta(hours=4))
CLASSES = {"r1": "router", "r2": "router", "db": "database"}
NEW = Ticket(
    key="INC9", ticket_kind=TicketKind.INCIDENT, title="t", state=TicketState.NEW, opened_at=NOON,
    changed_at=NOON, priority=1, cause_item="r1",
)  # fmt: skip


def past(hours: float, cause: str | None = None, days: int = 10, **fields: object) -> Ticket:
    opened = NOON - timedelta(days=days)
    ticket = replace(
        NEW,
        key=f"{cause}{hours}{days}",
        opened_at=opened,
        state=TicketState.CLOSED,
        cause_item=cause,
        resolved_at=opened + timedelta(hours=hours),
    )
    return replace(ticket, **fields)  # type: ignore[arg-type]


def expected(tickets: list[Ticket], age: float = 0) -> tuple[float, str]:
    now = NOON + timedelta(hours=age)
    at, basis = expect_resolution(NEW, tickets, lambda key: CLASSES.get(key or ""), LEVEL, now)
    assert at is not None
    return (at - NOON) / timedelta(hours=1), basis


def test_four_of_five_were_resolved_by_then() -> None:
    assert expected([past(hours) for hours in (5, 1, 4, 2, 3)]) == (
        4,
        "80% of 5 resolved incidents of priority 1",
    )


def test_the_closest_likeness_with_enough_tickets_decides() -> None:
    others = [past(hours) for hours in (10, 11, 12)]
    routers = [past(hours, "r2") for hours in (6, 7, 8)]
    same = [past(hours, "r1") for hours in (1, 2, 3)]
    assert expected(others + routers + same) == (3, "80% of 3 resolved incidents of priority 1 caused by r1")
    assert expected(others + routers + same[:2]) == (
        7,
        "80% of 5 resolved incidents of priority 1 caused by a router",
    )
    assert expected(others)[0] == 12


def test_other_priorities_reports_merged_and_old_tickets_do_not_count() -> None:
    fitting = [past(1), past(2)]
    for other in (
        past(3, priority=2),
        past(3, ticket_kind=TicketKind.REPORT),
        past(3, parent="INC1"),
        past(3, days=500),
        past(3, state=TicketState.IN_PROGRESS),
    ):
        assert expected([*fitting, other]) == (4, "target of priority 1: 4 h after opening"), other


def test_what_was_resolved_sooner_than_this_has_lasted_says_nothing() -> None:
    tickets = [past(hours) for hours in (1, 2, 3, 7, 8, 9)]
    assert expected(tickets)[0] == 8
    assert expected(tickets, age=5) == (9, "80% of 3 resolved incidents of priority 1")


def test_a_target_counts_in_the_hours_of_its_calendar() -> None:
    calendar = Calendar(name="morning", days=(((8 * 60, 10 * 60),),) * 7)
    level = ServiceLevel(response=minutes(1), resolution=timedelta(hours=3), calendar=calendar)
    at, basis = expect_resolution(NEW, [], CLASSES.get, level, NOON)  # type: ignore[arg-type]
    assert at == NOON + timedelta(days=1, hours=21)
    assert basis == "target of priority 1: 3 h of calendar morning after opening"
