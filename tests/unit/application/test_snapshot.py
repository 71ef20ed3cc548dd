"""One view of the present and the severities that hold in it."""

from dataclasses import replace

import numpy as np
import pytest

from cmdb.desk.access import SYSTEM
from cmdb.impact.causes import explain
from cmdb.model.access import Principal, PrincipalRole
from cmdb.model.records import Direction, Role, Ticket, TicketKind, TicketState
from cmdb.model.severity import Severity
from cmdb.model.windows import Window, WindowKind
from tests.support.moments import NOON, minutes
from tests.support.small_estate import ANN, furnished, item, outage, raised

WINDOW = Window(
    key="w1", window_kind=WindowKind.MAINTENANCE, title="patching", items=("r1",), start=NOON - minutes(10),
    end=NOON + minutes(10),
)  # fmt: skip
INCIDENT = Ticket(
    key="INC1", ticket_kind=TicketKind.INCIDENT, title="t", state=TicketState.NEW, opened_at=NOON,
    changed_at=NOON, items=("vpn", "r1"), cause_item="r1",
)  # fmt: skip


async def test_maintenance_turns_outage_into_planned() -> None:
    bench = await furnished(raised("r1"), WINDOW)
    view = await bench.application.find_item(SYSTEM, "vpn")
    assert (view.health.effective, view.health.planned) == (Severity.OK, Severity.CRITICAL)
    bench.clock.advance(11)
    view = await bench.application.find_item(SYSTEM, "vpn")
    assert (view.health.effective, view.health.planned) == (Severity.CRITICAL, Severity.OK)


async def test_a_blackout_hides_nothing() -> None:
    bench = await furnished(raised("r1"), replace(WINDOW, window_kind=WindowKind.BLACKOUT))
    health = (await bench.application.find_item(SYSTEM, "vpn")).health
    assert (health.effective, health.planned) == (Severity.CRITICAL, Severity.OK)


async def test_unknown_providers_give_an_interval() -> None:
    bench = await furnished(replace(raised("r1"), unknown=True))
    health = (await bench.application.find_item(SYSTEM, "vpn")).health
    assert (health.effective, health.worst_case, health.certain) == (Severity.OK, Severity.CRITICAL, False)
    mail = (await bench.application.find_item(SYSTEM, "mail")).health
    assert (mail.effective, mail.worst_case, mail.certain) == (Severity.OK, Severity.OK, True)


async def test_without_unknown_cis_the_worst_case_is_the_case() -> None:
    snapshot = await (await outage()).snapshot()
    assert snapshot.worst_case is snapshot.effective


@pytest.mark.parametrize("direction", [Direction.LOCAL, Direction.STARVATION])
async def test_only_errors_travel_but_every_event_shows_on_its_ci(direction: Direction) -> None:
    bench = await furnished(raised("r1", Severity.MAJOR, direction=direction))
    snapshot = await bench.snapshot()
    place = snapshot.topology.index
    health = snapshot.health(place["r1"])
    assert (health.own, health.inherited, health.effective) == (Severity.MAJOR, Severity.OK, Severity.MAJOR)
    assert snapshot.health(place["vpn"]).effective is Severity.OK


async def test_assumed_severities_take_the_place_of_own_ones() -> None:
    snapshot = await (await furnished(raised("r1"))).snapshot()
    place = snapshot.topology.index
    cured = snapshot.effective_with({place["r1"]: 0})
    assert not cured.any()
    both = snapshot.effective_with({place["r2"]: int(Severity.MAJOR)})
    assert (both[place["mail"]], snapshot.effective[place["mail"]]) == (Severity.MAJOR, Severity.OK)
    assert snapshot.effective_with({place["r1"]: int(Severity.CRITICAL)}) is snapshot.effective


async def test_later_is_the_same_view_at_another_time() -> None:
    snapshot = await (await outage()).snapshot()
    computed = snapshot.effective
    moved = snapshot.later(NOON + minutes(30))
    assert moved.effective is computed
    assert (moved.at, snapshot.at, moved.basis.revision) == (NOON + minutes(30), NOON, 1)


async def test_severities_of_unknown_keys_are_left_out_of_a_vector() -> None:
    snapshot = await (await furnished()).snapshot()
    vector = snapshot.vector({"r1": Severity.MAJOR, "nowhere": Severity.CRITICAL})
    assert {snapshot.topology.keys[at]: int(vector[at]) for at in np.flatnonzero(vector)} == {"r1": 3}


async def test_events_of_retired_cis_count_nowhere() -> None:
    bench = await furnished(raised("r2"))
    await bench.assert_records(item("r2", "router", retired=True))
    snapshot = await bench.snapshot()
    assert list(snapshot.events) == ["test:r2:down"]
    assert not snapshot.effective.any()


async def test_a_mask_opens_what_the_role_may_see() -> None:
    snapshot = await (await furnished()).snapshot()
    assert snapshot.mask(SYSTEM) is None
    mask = snapshot.mask(ANN)
    assert mask is not None
    assert {snapshot.topology.keys[at] for at in np.flatnonzero(mask)} == {"vpn", "mail"}
    assert snapshot.mask(ANN) is mask
    loader = snapshot.mask(Principal(name="l", role=PrincipalRole.LOADER))
    assert loader is not None
    assert not loader.any()


async def test_hidden_cis_are_shown_as_restricted() -> None:
    snapshot = await (await furnished()).snapshot()
    mask, index = snapshot.mask(ANN), snapshot.topology.index
    hidden = snapshot.ref(index["r1"], mask)
    assert (hidden.restricted, hidden.key) == (True, "")
    assert "edge router" not in hidden.name
    assert snapshot.ref(index["vpn"], mask) == snapshot.ref(index["vpn"])
    assert snapshot.ref(index["vpn"]).name == "VPN"


async def test_seeing_needs_a_ci_that_is_there() -> None:
    snapshot = await (await furnished()).snapshot()
    assert [snapshot.sees(ANN, key) for key in ("vpn", "r1", "nowhere")] == [True, False, False]
    assert not snapshot.sees(SYSTEM, "nowhere")


async def test_events_of_a_ci_come_worst_first_then_oldest() -> None:
    rows = [
        replace(raised("r1", severity, NOON + minutes(at)), condition=condition)
        for condition, severity, at in (
            ("a", Severity.MINOR, 0),
            ("c", Severity.MAJOR, 5),
            ("b", Severity.MAJOR, 5),
            ("d", Severity.MAJOR, 1),
        )
    ]
    snapshot = await (await furnished(*rows)).snapshot()
    assert [event.condition for event in snapshot.events_at["r1"]] == ["d", "b", "c", "a"]


async def test_open_incidents_stand_at_each_ci_once() -> None:
    closed = replace(INCIDENT, key="INC0", state=TicketState.CLOSED)
    snapshot = await (await furnished(INCIDENT, closed)).snapshot()
    assert {key: [ticket.key for ticket in rows] for key, rows in snapshot.open_tickets_at.items()} == {
        "vpn": ["INC1"],
        "r1": ["INC1"],
    }


async def test_changes_stand_at_each_target_by_key() -> None:
    snapshot = await (await furnished()).snapshot()
    assert [change.key for change in snapshot.changes_at["r1"]] == ["FUTURE", "PATCH"]


async def test_parties_in_a_role() -> None:
    snapshot = await (await furnished()).snapshot()
    assert [party.key for party in snapshot.parties_of("finance", Role.OWNS)] == ["bob"]
    assert snapshot.parties_of("finance", Role.SUPPORTS) == ()
    assert snapshot.parties_of("nowhere", Role.OWNS) == ()


@pytest.mark.parametrize(
    ("start", "end", "crossed"),
    [(-20, -11, False), (-20, -10, True), (-10, 9, False), (-10, 10, True), (10, 20, False), (-20, 20, True)],
)
async def test_a_turn_counts_once_its_moment_has_come(start: float, end: float, crossed: bool) -> None:
    snapshot = await (await furnished(WINDOW)).snapshot()
    assert snapshot.turns_by(NOON + minutes(end), since=NOON + minutes(start)) is crossed


async def test_turns_are_those_of_windows_stale_events_and_shelves() -> None:
    told = replace(raised("r1"), repeat_seconds=60)
    bench = await furnished(WINDOW, told, raised("r2"))
    await bench.application.shelve_event(SYSTEM, "test:r2:down", NOON + minutes(7))
    snapshot = await bench.snapshot()
    assert snapshot.turns == [NOON + minutes(at) for at in (-10, 3, 7, 10)]


async def test_what_is_told_at_once_equals_what_is_searched() -> None:
    bench = await furnished(raised("r1"))
    snapshot = await bench.snapshot()
    for place in range(len(snapshot.topology)):
        told = snapshot.explanation_of(place, snapshot.outage, snapshot.effective)
        assert told == explain(snapshot.topology, snapshot.outage, snapshot.effective, place)
