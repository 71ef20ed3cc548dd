"""What a reference stands for."""

import pytest

from cmdb.application.lookup import find_place, missing, sees_change, sees_event, sees_ticket
from cmdb.desk.access import SYSTEM
from cmdb.errors import CmdbError, ErrorCode, NotFound
from cmdb.model.access import Principal, PrincipalRole
from cmdb.model.records import Ticket, TicketKind, TicketState
from tests.support.moments import NOON
from tests.support.small_estate import ANN, furnished, item, outage

TWINS = (item("twin1", "server", "twin"), item("twin2", "server", "Twin"))


def report(*items: str, caller: str | None = None) -> Ticket:
    return Ticket(
        key="REP1", ticket_kind=TicketKind.REPORT, title="t", state=TicketState.NEW, opened_at=NOON,
        changed_at=NOON, items=items, caller=caller,
    )  # fmt: skip


async def test_references_by_name_and_their_errors() -> None:
    bench = await furnished(*TWINS)
    assert (await bench.application.find_item(SYSTEM, "e-mail")).item.key == "mail"
    for reference, code in (("twin", ErrorCode.AMBIGUOUS), ("nothing", ErrorCode.NOT_FOUND)):
        with pytest.raises(CmdbError) as caught:
            await bench.application.find_item(SYSTEM, reference)
        assert caught.value.code is code


@pytest.mark.parametrize(
    ("what", "told"), [("ticket", "get tickets"), ("open event", "get events"), ("CI", "search")]
)
def test_what_is_missing_is_looked_for_where_its_kind_is_listed(what: str, told: str) -> None:
    assert told in missing(what, "x").hint


async def test_an_ambiguous_name_lists_its_keys() -> None:
    snapshot = await (await furnished(*TWINS)).snapshot()
    with pytest.raises(CmdbError, match="twin1, twin2") as caught:
        find_place(snapshot, SYSTEM, "TWIN")
    assert "keys" in caught.value.hint


async def test_a_key_wins_over_a_name() -> None:
    snapshot = await (await furnished(item("x", "server", "r1"))).snapshot()
    assert snapshot.topology.keys[find_place(snapshot, SYSTEM, "r1")] == "r1"


async def test_hidden_and_absent_are_told_alike() -> None:
    snapshot = await (await furnished()).snapshot()
    texts: list[str] = []
    for reference in ("finance", "nowhere", "Finance"):
        with pytest.raises(NotFound) as caught:
            find_place(snapshot, ANN, reference)
        texts.append(str(caught.value).replace(reference, "?"))
    assert texts == [str(missing("CI", "?"))] * 3


async def test_a_hidden_key_does_not_stand_before_a_visible_name() -> None:
    engineer = Principal(name="e", role=PrincipalRole.ENGINEER, keys=frozenset({"x"}))
    snapshot = await (await furnished(item("x", "server", "r1"))).snapshot()
    assert snapshot.topology.keys[find_place(snapshot, engineer, "r1")] == "x"


async def test_hidden_twins_do_not_make_a_name_ambiguous() -> None:
    engineer = Principal(name="e", role=PrincipalRole.ENGINEER, keys=frozenset({"twin2"}))
    snapshot = await (await furnished(*TWINS)).snapshot()
    assert snapshot.topology.keys[find_place(snapshot, engineer, "twin")] == "twin2"


async def test_a_retired_ci_is_not_found() -> None:
    bench = await furnished()
    await bench.assert_records(item("printsrv", "server", retired=True))
    with pytest.raises(NotFound):
        find_place(await bench.snapshot(), SYSTEM, "printsrv")


async def test_records_are_seen_through_their_cis() -> None:
    snapshot = await (await outage()).snapshot()
    assert not sees_change(snapshot, ANN, snapshot.changes["PATCH"])
    assert sees_change(snapshot, SYSTEM, snapshot.changes["PATCH"])
    assert not sees_event(snapshot, ANN, snapshot.events["test:finance:down"])
    assert sees_ticket(snapshot, ANN, report("finance", "vpn"))
    assert not sees_ticket(snapshot, ANN, report("finance"))


async def test_a_caller_sees_their_own_report_whatever_it_is_about() -> None:
    snapshot = await (await furnished()).snapshot()
    assert sees_ticket(snapshot, ANN, report("finance", caller="ann"))
    assert not sees_ticket(snapshot, ANN, report("finance", caller="bob"))
    nobody = Principal(name="n", role=PrincipalRole.SUBSCRIBER)
    assert not sees_ticket(snapshot, nobody, report("finance"))
