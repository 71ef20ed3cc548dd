"""Every version of a record, with what it altered and both of its times."""

import pytest

from cmdb.application.requests import OpenTicketRequest
from cmdb.desk.access import SYSTEM
from cmdb.errors import CmdbError, ErrorCode
from cmdb.model.access import Principal, PrincipalRole
from cmdb.model.kinds import RecordKind
from tests.support.moments import NOON, minutes
from tests.support.small_estate import cleared, furnished, item, raised

ANN = Principal(name="ann", role=PrincipalRole.SUBSCRIBER, party="ann")


async def test_an_items_versions_tell_what_each_altered() -> None:
    bench = await furnished()
    bench.clock.advance(5)
    await bench.assert_records(item("r1", "router", "edge router one", attributes={"vendor": "Example"}))
    answer = await bench.application.history(SYSTEM, RecordKind.ITEM, "edge router one")
    assert (answer.key, len(answer.entries)) == ("r1", 2)
    first, second = answer.entries
    assert (first.valid_to, second.valid_to) == (NOON + minutes(5), None)
    assert [(row.field, row.before, row.after) for row in second.changes] == [
        ("name", "edge router 1", "edge router one"),
        ("vendor", None, "Example"),
    ]


async def test_an_event_tells_since_when_it_was_so_and_known() -> None:
    bench = await furnished()
    bench.clock.advance(5)
    await bench.assert_records(raised("r1", at=NOON + minutes(1)))
    bench.clock.advance(5)
    await bench.assert_records(cleared("r1", NOON + minutes(8)))
    answer = await bench.application.history(SYSTEM, RecordKind.EVENT, "test:r1:down")
    assert [(row.valid_from, row.recorded_at) for row in answer.entries] == [
        (NOON + minutes(1), NOON + minutes(5)),
        (NOON + minutes(8), NOON + minutes(10)),
    ]
    assert ("state", "open", "cleared") in [
        (row.field, row.before, row.after) for row in answer.entries[1].changes
    ]


async def test_parts_of_a_record_are_told_in_words() -> None:
    bench = await furnished()
    opened = await bench.application.open_ticket(SYSTEM, OpenTicketRequest(item="vpn", text="drops"))
    answer = await bench.application.history(SYSTEM, RecordKind.TICKET, opened.ticket)
    told = {row.field: row.after for row in answer.entries[0].changes}
    at = NOON.isoformat()
    assert told["notes"] == f"at={at} author=system text=Reported: drops"
    assert told["opened_at"] == at


async def test_a_subscriber_reads_nothing_of_hidden_cis_in_a_tickets_past() -> None:
    bench = await furnished()
    opened = await bench.application.open_ticket(SYSTEM, OpenTicketRequest(item="vpn", text="drops"))
    answer = await bench.application.history(ANN, RecordKind.TICKET, opened.ticket)
    told = {row.field for row in answer.entries[0].changes}
    assert "title" in told
    assert told.isdisjoint({"notes", "items", "events", "cause_item"})


async def test_a_retired_item_keeps_its_history() -> None:
    bench = await furnished()
    await bench.assert_records(item("printsrv", "server", retired=True))
    answer = await bench.application.history(SYSTEM, RecordKind.ITEM, "printsrv")
    assert [row.field for row in answer.entries[-1].changes] == ["retired"]


@pytest.mark.parametrize(("principal", "key"), [(SYSTEM, "nothing"), (ANN, "r1")])
async def test_absent_and_hidden_records_are_told_alike(principal: Principal, key: str) -> None:
    with pytest.raises(CmdbError) as caught:
        await (await furnished()).application.history(principal, RecordKind.ITEM, key)
    assert caught.value.code is ErrorCode.NOT_FOUND
